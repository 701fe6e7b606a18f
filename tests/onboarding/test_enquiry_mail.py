"""Enquiries by mail: a case nobody has confirmed, and nothing leaves for it before somebody has."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from agreements.calendar import norwegian_day
from agreements.case import Case, Step
from agreements.errors import GateError, UsageError
from agreements.turn import Duty, Party
from intake.receipts import Receipt, ReceiptState
from intake.unpacking.enquiry import find_enquired
from onboarding import enquiry_mail
from onboarding.confirming import ask_digipost, confirm_case
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.sent_back import close_question
from onboarding.steps.agreement import issue_agreement
from onboarding.steps.enquiry import hold_case, set_values
from onboarding.store.cases import list_cases
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import Installation, Template, synthetic_org_number
from tests.onboarding.mailed import ADDRESS, watching

ORG = synthetic_org_number(77)
DESK = "per@digipost.no"


def wrote(text: str, *, sender: str = "kari@ny.example.org", subject: str = "Digipost", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ADDRESS, subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return bytes(message)


ASKS = f"Hei!\nVi vil ta i bruk Digipost.\n\nVirksomhet: Ny & Nær AS\nOrg.nr: {ORG[:3]} {ORG[3:6]} {ORG[6:]}\n"


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as running:
        yield running


@pytest.fixture
def office(server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with watching(server, template, sandbox, tmp_path) as installation:
        yield installation


def enquire(office: Installation, server: FakeImap, mail: bytes) -> Receipt:
    server.mails[1 + sum(map(len, server.moved.values()))] = mail
    office.run()
    return office.receipts()[-1]


def made(office: Installation) -> list[Case]:
    with office.workspace.store.read() as connection:
        return [case for case in list_cases(connection) if case.unconfirmed]


def reason(receipt: Receipt) -> str:
    assert receipt.reason is not None
    return receipt.reason.code


def test_a_mail_that_names_an_organisation_makes_an_unconfirmed_case(office: Installation, server: FakeImap) -> None:
    receipt = enquire(office, server, wrote(ASKS))
    [case] = made(office)
    assert (receipt.state, reason(receipt)) == (ReceiptState.RECEIVED, "INT-030")
    assert (case.org_number.digits, case.customer_name, case.vendor_id) == (ORG, "Ny & Nær AS", "fjord")
    assert case.values["contact.contract.email"] == "kari@ny.example.org"
    assert case.turn is not None
    assert (case.turn.duty, case.turn.party) == (Duty.CONFIRM, Party.VENDOR)
    assert office.messages() == ()


def test_nothing_is_issued_or_asked_before_it_is_confirmed(office: Installation, server: FakeImap) -> None:
    enquire(office, server, wrote(ASKS))
    number = str(made(office)[0].number)
    for refused in (
        lambda: issue_agreement(office.workspace, number, office.actor),
        lambda: ask_digipost(office.workspace, number, question="", actor=office.actor),
    ):
        with pytest.raises(GateError) as gate:
            refused()
        assert "case_unconfirmed" in gate.value.unmet
    case = confirm_case(office.workspace, number, name=None, email=None, actor=office.actor)
    assert (case.unconfirmed, case.step) == (False, Step.ENQUIRY)
    assert case.turn is not None
    assert case.turn.duty is Duty.ISSUE
    with pytest.raises(GateError) as gate:
        confirm_case(office.workspace, number, name=None, email=None, actor=office.actor)
    assert gate.value.unmet == ("case_confirmed",)


def test_what_the_mail_did_not_say_is_given_by_whoever_confirms(office: Installation, server: FakeImap) -> None:
    enquire(office, server, wrote(f"Digipost? Orgnr {ORG}", sender="salg@fjord.example.org"))
    [case] = made(office)
    assert case.customer_name == ORG
    with pytest.raises(UsageError) as refused:
        confirm_case(office.workspace, str(case.number), name=None, email=None, actor=office.actor)
    assert refused.value.code == "values_refused"
    with pytest.raises(UsageError):
        confirm_case(office.workspace, str(case.number), name="Ny AS", email="ingen adresse", actor=office.actor)
    confirmed = confirm_case(
        office.workspace, str(case.number), name="Ny AS", email="post@ny.example.org", actor=office.actor
    )
    assert (confirmed.customer_name, confirmed.values["customer.name"]) == ("Ny AS", "Ny AS")
    assert confirmed.values["contact.contract.email"] == "post@ny.example.org"


def test_one_that_digipost_passes_on_is_never_answered_to_digipost(office: Installation, server: FakeImap) -> None:
    passed_on = f"Denne er til dere.\n\nFra: Kari <kari@ny.example.org>\nSendt: i dag\nEmne: Digipost\n\n{ASKS}"
    receipt = enquire(office, server, wrote(passed_on, sender=DESK, subject="VS: Digipost"))
    [case] = made(office)
    assert reason(receipt) == "INT-030"
    assert "contact.contract.email" not in case.values


def test_the_same_mail_twice_makes_one_case_and_an_open_case_is_never_touched(
    office: Installation, server: FakeImap, template: Template
) -> None:
    enquire(office, server, wrote(ASKS))
    again = enquire(office, server, wrote(ASKS.replace("Ny & Nær AS", "Svindel AS"), Message_ID="<to@ny.example.org>"))
    [case] = made(office)
    assert (again.state, reason(again)) == (ReceiptState.QUARANTINED, "INT-031")
    assert (case.customer_name, case.revision) == ("Ny & Nær AS", 1)
    before = office.case(template.by_one)
    other = enquire(
        office, server, wrote(f"Digipost! Orgnr {before.org_number.digits}", Message_ID="<tre@ny.example.org>")
    )
    assert reason(other) == "INT-031"
    assert office.case(template.by_one) == before


@pytest.mark.parametrize(
    "text",
    [
        "Vi vil ta i bruk Digipost. Ring meg.",
        f"Digipost for to: orgnr {ORG} og orgnr {synthetic_org_number(78)}",
        "Digipost. Orgnr 123 456 789",
    ],
)
def test_one_that_names_no_one_organisation_waits_for_a_person(
    office: Installation, server: FakeImap, text: str
) -> None:
    receipt = enquire(office, server, wrote(text))
    assert (receipt.state, reason(receipt)) == (ReceiptState.QUARANTINED, "INT-032")
    assert made(office) == []


def test_other_mail_makes_no_case(office: Installation, server: FakeImap) -> None:
    assert reason(enquire(office, server, wrote("Takk for sist!", subject="Hei"))) == "INT-021"
    program = wrote(ASKS, Auto_Submitted="auto-replied")
    assert reason(enquire(office, server, program)) == "INT-022"
    assert made(office) == []


def test_a_flood_of_mails_does_not_fill_the_list(
    office: Installation, server: FakeImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enquiry_mail, "MAX_UNCONFIRMED", 1)
    enquire(office, server, wrote(ASKS))
    flooding = enquire(office, server, wrote(f"Digipost. Orgnr {synthetic_org_number(78)}"))
    assert (flooding.state, reason(flooding)) == (ReceiptState.QUARANTINED, "INT-032")
    assert len(made(office)) == 1


def test_between_vendors_nothing_is_guessed(
    server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    def two(document: dict[str, list[dict[str, object]]]) -> None:
        second = {**document["vendors"][0], "id": "vik", "org_number": synthetic_org_number(90), "folders": []}
        document["vendors"].append(second)

    with watching(server, template, sandbox, tmp_path, also=two, vendor=None) as office:
        receipt = enquire(office, server, wrote(ASKS))
        assert (receipt.state, reason(receipt)) == (ReceiptState.QUARANTINED, "INT-032")
        assert made(office) == []


def test_digipost_is_asked_and_the_case_waits_for_the_answer(office: Installation) -> None:
    number = str(office.enquire("Kari Nordmann").number)
    case, row = ask_digipost(office.workspace, number, question="Er dette\nen kommune?", actor=office.actor)
    assert case.turn is not None
    assert (case.turn.duty, case.turn.party) == (Duty.HEAR_DIGIPOST, Party.DIGIPOST)
    office.run()
    mail = office.every_mail()[-1]
    assert number in mail["Subject"]
    assert "\n> Er dette\n> en kommune?\n" in mail.get_content().replace("\r\n", "\n")
    [message] = [one for one in office.messages() if one.purpose == Purpose.QUESTION]
    assert message.id == row
    with pytest.raises(UsageError):
        ask_digipost(office.workspace, number, question="x" * 3000, actor=office.actor)
    closed = close_question(office.workspace, case.number, "ringte", office.actor)
    assert closed.turn is not None
    assert closed.turn.duty is Duty.ISSUE
    assert "digipost.heard" in office.kinds()
    hold_case(office.workspace, case.number, held=True, reason="venter", actor=office.actor)
    with pytest.raises(GateError):
        ask_digipost(office.workspace, number, question="", actor=office.actor)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (f"Organisasjonsnummer: {ORG}", (ORG,)),
        (f"Orgnr. er {ORG}", (ORG,)),
        (f"org nr {ORG[:3]}\u00a0{ORG[3:6]}\u00a0{ORG[6:]}", (ORG,)),
        (f"NO{ORG}MVA", (ORG,)),
        (f"Organisation number {ORG}", (ORG,)),
        (f"Ring {ORG}", ()),
        (f"orgnr {ORG}1", ()),
        ("orgnr 310000001", ()),
    ],
)
def test_an_organisation_number_must_be_called_one(text: str, numbers: tuple[str, ...]) -> None:
    assert find_enquired("", [text]).org_numbers == numbers


def test_hostile_lengths_are_cut_and_a_long_mail_takes_no_time() -> None:
    found = find_enquired(
        "orgnr " * 1000, ["Virksomhet: " + "x" * 10**6, "e-post: " + "a" * 10**6, "orgnr" + " " * 10**6]
    )
    assert (found.name, found.email, found.org_numbers) == ("", "", ())


def test_the_day_of_the_clock_is_norwegian(office: Installation) -> None:
    case = office.enquire("Kari Nordmann")
    assert case.turn is not None
    assert case.turn.counts_from == norwegian_day(case.updated_at)
    changed = set_values(office.workspace, case.number, {"launch.monthly_volume": "100"}, office.actor)
    assert changed.turn == case.turn
