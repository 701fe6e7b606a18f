"""Registers that answer, lie, hang and change shape: nobody is ever confirmed by anything but a whole answer."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from agreements.errors import GateError
from agreements.orgnumber import OrgNumber
from agreements.parties import Signer, SigningBasis
from agreements.signing_authority import AuthorityReason, AuthorityVerdict, Stop
from onboarding.authority import kept_rights, read_rights
from onboarding.registers import Outcome, find_look_up, look_up
from onboarding.steps.agreement import issue_agreement
from onboarding.store.tables import snapshots
from tests.onboarding.installation import Installation, Template, codes, synthetic_org_number
from tests.registers.brreg import KARI, PER, Answer, Brreg, authority, entity, says

NUMBER = OrgNumber(synthetic_org_number(300))
SIGNER = Signer(name="Kari Nordmann", basis=SigningBasis.SIGNATURE_RIGHT, birth_date=date(1980, 2, 29))
V = AuthorityVerdict


def verdict(office: Installation, *signers: Signer) -> AuthorityVerdict:
    return read_rights(office.workspace, NUMBER, signers or (SIGNER,)).judgement.verdict


def test_a_whole_answer_confirms_and_is_kept(office: Installation, brreg: Brreg) -> None:
    brreg.knows(NUMBER.digits, says(authority([KARI], [PER, KARI])))
    assert verdict(office) is V.CONFIRMED
    found = find_look_up(office.workspace, NUMBER, before=office.workspace.clock())
    assert found is not None
    assert (found.name, found.form, found.stop, found.outcome) == ("FJELL OG FJORD AS", "AS", None, Outcome.ANSWERED)
    brreg.answers.clear()
    assert kept_rights(office.workspace, NUMBER, (SIGNER,)).judgement.verdict is V.CONFIRMED
    long_ago = office.workspace.clock() - timedelta(days=1)
    assert find_look_up(office.workspace, NUMBER, before=long_ago) is None


def test_signers_who_make_no_combination_are_refuted_and_a_free_text_is_unclear(
    office: Installation, brreg: Brreg
) -> None:
    brreg.knows(NUMBER.digits, says(authority([PER, KARI])))
    assert verdict(office) is V.REFUTED
    brreg.knows(NUMBER.digits, says(authority(codes=("OK", "IK", "RI"))))
    assert verdict(office) is V.UNCLEAR


BAD: list[tuple[str, Callable[[Brreg], Answer]]] = [
    ("404", lambda _: says(b"", 404)),
    ("410", lambda _: says(b"", 410)),
    ("429", lambda _: says(b"", 429, Retry_After="3600")),
    ("500", lambda _: says(b"", 500)),
    ("redirect", lambda brreg: says(b"", 302, Location=f"{brreg.url}/fullmakt/enheter/0/signatur")),
    ("hangs", lambda brreg: brreg.hangs),
    ("drips", lambda brreg: brreg.drips),
    ("no json", lambda _: says(b"<html>")),
    ("cut off", lambda _: says(b'{"status":', Content_Length="900")),
    ("huge", lambda _: says(b" " * (2**20 + 1))),
    ("changed shape", lambda _: says({"status": "OK", "kombinasjoner": []})),
    ("person without a name", lambda _: says(authority([{"fodselsdato": "29.02.1980"}]))),
    ("another day form", lambda _: says(authority([{**KARI, "fodselsdato": "02/29/1980"}]))),
    ("of somebody else", lambda _: says({**authority([KARI]), "organisasjonsnummer": "310000000"})),
]


@pytest.mark.parametrize(("_name", "answer"), BAD, ids=[name for name, _ in BAD])
def test_whatever_goes_wrong_with_the_rights_is_unclear(
    office: Installation, brreg: Brreg, _name: str, answer: Callable[[Brreg], Answer]
) -> None:
    brreg.knows(NUMBER.digits, answer(brreg))
    rights = read_rights(office.workspace, NUMBER, (SIGNER,))
    assert (rights.judgement.verdict, rights.judgement.reason) == (V.UNCLEAR, AuthorityReason.UNAVAILABLE)
    assert (rights.confirmed, rights.objections) == (frozenset(), ())


@pytest.mark.parametrize(
    ("answer", "outcome", "stop"),
    [
        (says(entity(NUMBER.digits, konkurs=True)), Outcome.ANSWERED, Stop.BANKRUPT),
        (says(entity(NUMBER.digits, konkurs="true")), Outcome.ANSWERED, Stop.BANKRUPT),
        (says(entity(NUMBER.digits, konkurs="false")), Outcome.ANSWERED, None),
        (says(entity(NUMBER.digits, konkurs="kanskje")), Outcome.CHANGED, None),
        (says(entity(NUMBER.digits, underAvvikling=True)), Outcome.ANSWERED, Stop.LIQUIDATION),
        (says(entity(NUMBER.digits, slettedato="2026-01-01")), Outcome.ANSWERED, Stop.DELETED),
        (says(b"", 410), Outcome.ANSWERED, Stop.DELETED),
        (says(entity(NUMBER.digits, organisasjonsform={"kode": "BEDR"})), Outcome.ANSWERED, Stop.SUB_UNIT),
        (says(entity(NUMBER.digits, organisasjonsform={"kode": "ORGL"}, overordnetEnhet="9")), Outcome.ANSWERED, None),
        (says(b"", 404), Outcome.UNKNOWN, Stop.UNKNOWN),
        (says(b"", 503), Outcome.UNAVAILABLE, None),
        (says(entity("310000000")), Outcome.CHANGED, None),
        (says({"navn": "uten resten"}), Outcome.CHANGED, None),
    ],
    ids=[f"answer {number}" for number in range(13)],
)
def test_what_is_said_of_the_organisation(
    office: Installation, brreg: Brreg, answer: Answer, outcome: Outcome, stop: Stop | None
) -> None:
    brreg.knows(NUMBER.digits, says(authority([KARI])), organisation=answer)
    found = look_up(office.workspace, NUMBER)
    assert (found.outcome, found.stop) == (outcome, stop)
    if outcome is not Outcome.ANSWERED:
        assert found.authority is None
    kept = find_look_up(office.workspace, NUMBER, before=office.workspace.clock())
    assert (None if kept is None else kept.stop) == stop


def test_a_sub_unit_stands_in_a_list_of_its_own(office: Installation, brreg: Brreg) -> None:
    unit = entity(NUMBER.digits, organisasjonsform={"kode": "BEDR"})
    brreg.answers[f"/enhetsregisteret/api/underenheter/{NUMBER}"] = says(unit)
    assert look_up(office.workspace, NUMBER).stop is Stop.SUB_UNIT


def test_nothing_is_issued_to_a_bankrupt_organisation_or_to_signers_without_the_right(
    office: Installation, brreg: Brreg
) -> None:
    case = office.enquire("Kari Nordmann")
    of = case.org_number.digits
    brreg.knows(of, says(authority([PER])), organisation=says(entity(of, konkurs=True)))
    with pytest.raises(GateError) as refused:
        issue_agreement(office.workspace, str(case.number), office.actor)
    assert "organisation_bankrupt" in refused.value.unmet
    brreg.answers.clear()
    brreg.knows(of, says(b"", 500))
    issue = issue_agreement(office.workspace, str(case.number), office.actor)  # unclear: a person settles it later
    assert issue.agreement.number.version == 1


def test_the_return_is_judged_by_the_registers_too(office: Installation, brreg: Brreg, template: Template) -> None:
    of = office.case(template.by_one).org_number.digits
    brreg.knows(of, says(authority([KARI])), organisation=says(entity(of, konkurs=True)))
    judgement = office.receive(template.honest)
    assert "WHO-010" in codes(judgement)
    assert office.forwards() == ()


def test_signers_whose_right_is_gone_when_the_agreement_comes_back_are_for_a_person(
    office: Installation, brreg: Brreg, template: Template
) -> None:
    brreg.knows(office.case(template.by_one).org_number.digits, says(authority([PER])))
    assert "WHO-011" in codes(office.receive(template.honest))
    assert office.forwards() == ()


def test_a_register_that_is_down_keeps_no_return_from_being_judged(
    office: Installation, brreg: Brreg, template: Template
) -> None:
    of = office.case(template.by_one).org_number.digits
    brreg.knows(of, brreg.hangs, organisation=brreg.hangs)
    assert office.receive(template.honest).sha256


def test_a_look_up_is_never_changed(office: Installation, brreg: Brreg) -> None:
    brreg.knows(NUMBER.digits, says(authority([KARI])))
    look_up(office.workspace, NUMBER)
    for change in (snapshots.update().values(outcome="unknown"), snapshots.delete()):
        with pytest.raises(sa.exc.DatabaseError), office.workspace.store.begin() as connection:
            connection.execute(change)
