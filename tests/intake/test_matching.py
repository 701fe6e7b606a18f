"""Where a return belongs: bytes beat numbers, and nobody guesses between two."""

import hashlib

from hypothesis import example, given
from hypothesis import strategies as st

from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.findings import CAS_SEVERAL
from intake.matching import MAX_NAMED_CASES, Evidence, Match, match_return, prefix_digests

CASE, OTHER = CaseNumber(2026, 42), CaseNumber(2026, 43)
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
    assert found == Match(case=CASE, version=2, evidence=Evidence.ISSUED_BYTES)
    assert found.agreement == SECOND
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
    assert found == Match(case=CASE, version=2, evidence=Evidence.NUMBER_IN_TEXT)


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
