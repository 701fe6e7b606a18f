"""Where a return belongs: bytes beat numbers, and nobody guesses between two."""

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agreements.case_address import case_token, plus_address, read_case_token
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.findings import CAS_OTHER_VENDOR, CAS_SEVERAL
from agreements.orgnumber import OrgNumber
from intake.matching import (
    MAX_NAMED_CASES,
    Clue,
    Evidence,
    Match,
    MatchOutcome,
    clues_of_addresses,
    clues_of_answer,
    clues_of_names,
    clues_of_organisations,
    match_return,
    prefix_digests,
    weigh,
)

CASE, OTHER = CaseNumber(2026, 42), CaseNumber(2026, 43)
KEY = b"k" * 32
ISSUED = b"%PDF-1.7 the issued agreement %%EOF\n"
FIRST, SECOND = AgreementNumber(CASE, 1), AgreementNumber(CASE, 2)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def match(data: bytes, text: str = "", **issued: bytes) -> Match:
    numbers = {"first": FIRST, "second": SECOND, "other": AgreementNumber(OTHER, 1)}
    known = {(len(content), digest(content)): numbers[name] for name, content in issued.items()}
    return match_return(prefix_digests(data, {size for size, _ in known}), known, text)


@example(data=b"x", sizes=[0, 1, 2])
@given(data=st.binary(max_size=200), sizes=st.lists(st.integers(-5, 250)))
def test_every_prefix_gets_the_digest_it_would_have_alone(data: bytes, sizes: list[int]) -> None:
    expected = {size: digest(data[:size]) for size in sizes if 0 < size <= len(data)}
    assert prefix_digests(data, sizes) == expected


def test_bytes_that_begin_with_an_issued_agreement_belong_to_it() -> None:
    found = match(ISSUED + b"a signature", f"Avtale {SECOND}", second=ISSUED)
    assert (found.agreement, found.evidence, found.outcome) == (SECOND, Evidence.ISSUED_BYTES, MatchOutcome.MATCH)
    assert found.findings == ()


def test_issued_bytes_beat_another_number_in_the_text_and_the_conflict_is_told() -> None:
    found = match(ISSUED + b"x", f"{SECOND} {OTHER}.1", second=ISSUED)
    assert (found.agreement, found.conflicting) == (SECOND, (f"{OTHER}.1",))
    assert found.findings == (CAS_SEVERAL(cases=f"{SECOND}, {OTHER}.1"),)


def test_the_longest_issued_prefix_wins() -> None:
    found = match(ISSUED + b"more", first=ISSUED[:10], second=ISSUED)
    assert (found.agreement, found.conflicting) == (SECOND, (str(FIRST),))


def test_a_changed_beginning_is_not_what_was_issued() -> None:
    assert match(b"X" + ISSUED[1:], second=ISSUED) == Match()


def test_one_number_in_the_text_points_at_an_agreement() -> None:
    found = match(b"rewritten", f"Avtale {SECOND}, side 1 av 4\n{SECOND}\nSak {CASE}", second=ISSUED)
    assert (found.agreement, found.evidence, found.conflicting) == (SECOND, Evidence.NUMBER_IN_TEXT, ())


def test_a_case_number_alone_points_at_the_case_only() -> None:
    found = match(b"", f"sak {CASE}")
    assert (found.case, found.agreement, found.evidence) == (CASE, None, Evidence.NUMBER_IN_TEXT)


def test_two_versions_of_one_case_leave_the_version_open() -> None:
    found = match(b"", f"{FIRST} erstattes av {SECOND}")
    assert (found.case, found.version) == (CASE, None)
    assert found.findings == (CAS_SEVERAL(cases=f"{CASE}, {FIRST}, {SECOND}"),)


def test_two_cases_are_never_guessed_between() -> None:
    found = match(b"", f"{FIRST} og {OTHER}.1")
    assert (found.case, found.agreement) == (None, None)
    assert found.findings == (CAS_SEVERAL(cases=f"{FIRST}, {OTHER}.1"),)


def test_a_number_with_a_wrong_check_character_points_nowhere() -> None:
    assert match(b"", str(SECOND).replace("-J", "-K")) == Match()


def test_a_text_full_of_numbers_gives_a_short_finding() -> None:
    text = " ".join(f"{CaseNumber(2026, serial)}.1" for serial in range(1, 500))
    (finding,) = match(b"", text).findings
    assert str(finding.params["cases"]).count(",") == MAX_NAMED_CASES - 1


# --- all that points at a case ----------------------------------------------------------------------------------------

THIRD = CaseNumber(2026, 44)
ORG, OTHER_ORG = OrgNumber("310028142"), OrgNumber("312345678")


def clue(evidence: Evidence, case: CaseNumber = CASE, version: int | None = None) -> Clue:
    return Clue(evidence=evidence, case=case, version=version)


def test_nothing_points_nowhere() -> None:
    assert weigh(()) == Match()
    assert weigh(()).outcome is MatchOutcome.NONE


@pytest.mark.parametrize("evidence", Evidence)
def test_each_evidence_alone_is_enough_to_find_the_case(evidence: Evidence) -> None:
    found = weigh([clue(evidence)])
    assert (found.case, found.evidence, found.outcome) == (CASE, evidence, MatchOutcome.MATCH)


@pytest.mark.parametrize(("stronger", "weaker"), list(zip(Evidence, list(Evidence)[1:], strict=False)))
def test_the_stronger_evidence_decides_and_the_weaker_one_that_disagrees_is_told(
    stronger: Evidence, weaker: Evidence
) -> None:
    found = weigh([clue(weaker, OTHER), clue(stronger)])
    assert (found.case, found.evidence, found.outcome) == (CASE, stronger, MatchOutcome.CONFLICT)
    assert found.findings == (CAS_SEVERAL(cases=f"{CASE}, {OTHER}"),)


@pytest.mark.parametrize("evidence", [one for one in Evidence if one is not Evidence.ISSUED_BYTES])
def test_two_cases_by_the_same_evidence_are_never_guessed_between(evidence: Evidence) -> None:
    found = weigh([clue(evidence), clue(evidence, OTHER)])
    assert (found.case, found.outcome, found.conflicting) == (None, MatchOutcome.CONFLICT, (str(CASE), str(OTHER)))


CLUES = st.builds(
    clue,
    st.sampled_from([one for one in Evidence if one is not Evidence.ISSUED_BYTES]),
    st.sampled_from([CASE, OTHER, THIRD]),
    st.sampled_from([None, 1, 2]),
)


@given(clues=st.lists(CLUES, max_size=6), data=st.data())
def test_the_order_in_which_clues_are_found_changes_nothing(clues: list[Clue], data: st.DataObject) -> None:
    one, other = weigh(clues), weigh(data.draw(st.permutations(clues)))
    assert (one.case, one.version, one.evidence) == (other.case, other.version, other.evidence)
    assert set(one.conflicting) == set(other.conflicting)


@given(clues=st.lists(CLUES, min_size=1, max_size=6))
def test_a_match_without_a_conflict_has_every_clue_for_it(clues: list[Clue]) -> None:
    found = weigh(clues)
    assert set(found.clues) == set(clues)
    if found.outcome is MatchOutcome.MATCH:
        assert {one.case for one in clues} == {found.case}
        document = {one.version for one in clues if one.evidence in list(Evidence)[:4]} - {None}
        assert document <= {found.version}
    else:
        assert found.findings


def test_a_document_says_its_version_whatever_mail_it_came_with() -> None:
    found = weigh([clue(Evidence.NUMBER_IN_TEXT, version=2), clue(Evidence.ANSWERED_MAIL, version=1)])
    assert (found.agreement, found.outcome) == (SECOND, MatchOutcome.MATCH)


def test_a_mail_says_the_version_of_a_document_that_does_not() -> None:
    found = weigh([clue(Evidence.QR_CODE), *clues_of_names([f"Sv: avtale {SECOND}"])])
    assert (found.agreement, found.evidence) == (SECOND, Evidence.QR_CODE)


def test_a_mail_that_names_two_versions_says_none() -> None:
    found = weigh([*clues_of_names([f"{FIRST}.pdf", f"Sv: {SECOND}"])])
    assert (found.case, found.version, found.outcome) == (CASE, None, MatchOutcome.CONFLICT)


def test_a_delivery_through_one_vendors_channel_never_settles_another_vendors_case() -> None:
    vendors = {CASE: "fjord", OTHER: "vidde"}
    strongest = [clue(Evidence.ISSUED_BYTES, version=2)]
    found = weigh(strongest, delivered_by="vidde", vendors=vendors)
    assert (found.agreement, found.outcome) == (SECOND, MatchOutcome.CONFLICT)
    assert found.vendor_finding == CAS_OTHER_VENDOR(case=str(CASE))
    for channel in ("fjord", None):
        assert weigh(strongest, delivered_by=channel, vendors=vendors).outcome is MatchOutcome.MATCH
        assert weigh(strongest, delivered_by=channel, vendors=vendors).vendor_finding is None


def test_a_number_in_the_subject_or_a_name_on_the_way_counts() -> None:
    names = ["Sv: Vedr. da-2026-000042-j", "vedlegg.zip", f"signert {OTHER}.pdf"]
    assert [one.case for one in clues_of_names(names)] == [CASE, OTHER]


def test_the_nearest_mail_of_ours_is_the_one_that_is_answered() -> None:
    sent: dict[str, AgreementNumber | CaseNumber] = {"<1@x>": OTHER, "<2@x>": SECOND}
    assert list(clues_of_answer(["<2@x>"], ["<1@x>", "<2@x>"], sent)) == [clue(Evidence.ANSWERED_MAIL, version=2)]
    assert list(clues_of_answer(["<9@x>"], ["<2@x>", "<1@x>"], sent)) == [clue(Evidence.ANSWERED_MAIL, OTHER)]
    assert list(clues_of_answer([], ["<9@x>"], sent)) == []


def test_an_organisation_points_at_its_one_open_case_and_never_at_one_of_two() -> None:
    assert list(clues_of_organisations([ORG, ORG, OTHER_ORG], {ORG: [CASE]})) == [clue(Evidence.ORG_NUMBER)]
    assert list(clues_of_organisations([ORG], {ORG: [CASE, OTHER]})) == []
    assert list(clues_of_organisations([ORG], {})) == []


# --- addresses of one case --------------------------------------------------------------------------------------------


def test_a_cases_own_address_comes_back_and_is_known_however_mail_systems_write_it() -> None:
    address = plus_address("avtaler@example.org", case_token(KEY, CASE)) or ""
    for written in (address, address.upper(), address.title()):
        found = clues_of_addresses(["ola@example.org", written], lambda token: read_case_token(KEY, token))
        assert list(found) == [clue(Evidence.ADDRESS_TOKEN)]


def test_a_token_that_no_case_has_points_nowhere() -> None:
    strange = plus_address("avtaler@example.org", case_token(bytes(32), CASE)) or ""
    assert list(clues_of_addresses([strange], lambda token: read_case_token(KEY, token))) == []
