"""`config set`: whose value may be set, by which rules, and who hears of it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from agreements.canonical import JsonValue, canonical_json
from agreements.case import AgreementState, Case, Step
from agreements.errors import GateError, TemporaryError, UsageError
from agreements.fieldmap import Rectangle
from agreements.language import Language
from agreements.national_id import is_national_id
from agreements.parameters import Method, Parameter, Parameters, Source, parameters_text
from agreements.summary import EntrySource, OpenReason
from agreements.values import Fault
from intake.matching import Evidence
from onboarding.configuration_view import set_answer, summary_answer
from onboarding.configuring import Configured, set_configuration
from onboarding.correspondence.deviations import write_deviation_letter
from onboarding.correspondence.next_steps import tell_next_step
from onboarding.digipost_answers import AnswerKind, DigipostAnswer, file_answer
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.sent_back import return_forward
from onboarding.steps.configuration import read_summary
from onboarding.steps.enquiry import hold_case
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent, list_events
from onboarding.store.settings import list_settings
from onboarding.store.tables import agreements, judgements
from outbox.states import State
from tests.onboarding.installation import (
    KARI,
    OLA,
    Installation,
    Template,
    opened_copy,
    parsed,
    synthetic_org_number,
)

NATIONAL_ID = next(digits for n in range(10**5) if is_national_id(digits := f"158290{n:05}"))
REASON = "Oppgitt av Digipost på telefon"


@pytest.fixture(scope="module")
def forwarded(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A folder whose first agreement is with Digipost, to copy."""
    with opened_copy(template, tmp_path_factory.mktemp("set") / "avtale", sandbox=sandbox) as installation:
        installation.receive(template.honest)
        return replace(template, folder=installation.folder)


@pytest.fixture
def office(forwarded: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with opened_copy(forwarded, tmp_path / "avtale", sandbox=sandbox) as installation:
        yield installation


def number_of(office: Installation) -> str:
    return str(office.template.by_one.agreement.number.case)


def put(office: Installation, number: str = "", *, reason: str = REASON, **typed: str) -> Configured:
    """`setup__sender_id="1"` for `setup.sender_id=1`."""
    named = {name.replace("__", "."): value for name, value in typed.items()}
    return set_configuration(office.workspace, number or number_of(office), named, reason=reason, actor=office.actor)


def faults(office: Installation, number: str = "", **typed: str) -> dict[str, str]:
    """What is wrong, field by field; nothing may have been written."""
    before = everything(office)
    with pytest.raises(UsageError, match="values_refused") as refused:
        put(office, number, **typed)
    assert everything(office) == before
    found = refused.value.params["faults"]
    assert isinstance(found, tuple)
    return {fault.field_id: fault.code for fault in found if isinstance(fault, Fault)}


def everything(office: Installation) -> tuple[object, ...]:
    case = office.template.by_one.agreement.number.case
    with office.workspace.store.read() as connection:
        return (
            find_case(connection, case),
            list_settings(connection, case),
            list_events(connection),
            office.messages(),
        )


def stand_at(office: Installation, case: Case, **changes: object) -> None:
    """The case as later issues will bring it there."""
    with office.workspace.store.begin() as connection:
        event = NewEvent(kind="case.note", actor=office.actor, at=office.clock(), data={"note": "-"})
        move_case(connection, replace(case, **changes), event=event)  # type: ignore[arg-type]  # fields of a case


def entry(office: Installation, field_id: str) -> tuple[JsonValue, EntrySource] | None:
    summary = read_summary(office.workspace, number_of(office))
    entries = (*summary.digipost, *summary.vendor, *summary.customer)
    return next(((one.value, one.source) for one in entries if one.field_id == field_id), None)


# --- whose value ------------------------------------------------------------------------------------------------------


def test_what_vendor_and_digipost_decide_is_set_with_its_reason_and_the_record_has_no_values(
    office: Installation,
) -> None:
    done = put(office, setup__sender_id="497 013", vendor__partner_id="P-17", setup__batch_auto_approve="ja")
    assert [(one.field_id, one.before, one.value) for one in done.changes] == [
        ("setup.sender_id", None, 497013),
        ("vendor.partner_id", None, "P-17"),
        ("setup.batch_auto_approve", False, True),
    ]
    assert (done.deviations, done.letter) == ((), None)
    summary = read_summary(office.workspace, number_of(office))
    assert "setup.sender_id" not in {item.field_id for item in summary.open_items}
    assert entry(office, "setup.sender_id") == (497013, EntrySource.SETUP)
    with office.workspace.store.read() as connection:
        event = list_events(connection, number_of(office))[-1]
    data = json.loads(event.data)
    assert (event.kind, data["fields"], data["deviating"], data["reason"]) == (
        "config.set",
        ["setup.batch_auto_approve", "setup.sender_id", "vendor.partner_id"],
        [],
        REASON,
    )
    assert "497013" not in event.data
    assert "P-17" not in event.data


def test_what_the_customer_signed_whose_agreement_it_is_and_what_follows_is_refused_all_at_once(
    office: Installation,
) -> None:
    assert faults(
        office,
        service__channel="batch_sftp",
        print__return_name="Noen andre AS",
        signer__name=OLA,
        customer__orgnr=synthetic_org_number(7),
        vendor__name="Andre AS",
        agreement__kind="change",
        setup__expected_features="no.digipost.feature.x",
        customer__orgform="AS",
        no__such_field="1",
    ) == {
        "service.channel": "signed_by_customer",
        "print.return_name": "signed_by_customer",
        "signer.name": "signed_by_customer",
        "customer.orgnr": "part_of_agreement",
        "vendor.name": "part_of_agreement",
        "agreement.kind": "part_of_agreement",
        "setup.expected_features": "derived_by_program",
        "customer.orgform": "derived_by_program",
        "no.such_field": "unknown_field",
    }


def test_every_value_is_held_to_the_catalogue_given_the_others(office: Installation) -> None:
    assert faults(
        office,
        setup__sender_id="0",
        setup__environment="https://example.org",
        setup__certificate_kind="selvlaget",
        contact__technical__email="ingen adresse",
    ) == {
        "setup.sender_id": "too_small",
        "setup.environment": "not_in_list",
        "setup.certificate_kind": "not_in_list",
        "contact.technical.email": "not_an_email",
    }
    assert faults(office, setup__sender_id="mange", vendor__partner_id=NATIONAL_ID) == {
        "setup.sender_id": "not_a_number",
        "vendor.partner_id": "national_id",
    }
    assert faults(office, setup__sender_id="mange", setup__environment="https://example.org") == {
        "setup.sender_id": "not_a_number",
        "setup.environment": "not_in_list",
    }
    fingerprint = "SHA256:" + "a" * 43  # by itself right, but nobody sends by SFTP here
    assert faults(office, setup__sftp_key=fingerprint) == {"setup.sftp_key": "not_asked_for"}


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("customer", "sender_id_of_customer"),
        ("vendor", "sender_id_of_vendor"),
        ("984661185", "sender_id_of_posten"),
        ("8541208", "sender_id_is_broker"),
        ("1001", "sender_id_of_other_vendor"),
        (synthetic_org_number(0), "sender_id_of_other_vendor"),
    ],
)
def test_a_number_that_is_somebody_elses_is_never_a_sender_id_and_each_is_told_apart(
    office: Installation, number: str, code: str
) -> None:
    case = office.case(office.template.by_one)
    parties = {
        "customer": case.org_number.digits,
        "vendor": office.workspace.vendor("fjord").org_number.digits,
    }
    assert faults(office, setup__sender_id=parties.get(number, number)) == {"setup.sender_id": code}


def test_a_broker_id_that_is_set_later_is_not_the_sender_id_either(office: Installation) -> None:
    put(office, setup__sender_id="497013")
    assert faults(office, vendor__broker_id="497013") == {"setup.sender_id": "sender_id_is_broker"}


def test_two_organisations_never_have_the_same_sender_id_until_one_of_them_gives_it_back(office: Installation) -> None:
    other = str(office.template.by_two.agreement.number.case)
    put(office, other, setup__sender_id="497013")
    assert faults(office, setup__sender_id="497013") == {"setup.sender_id": "sender_id_taken"}
    put(office, other, setup__sender_id="", reason="Hørte til en annen")
    assert put(office, setup__sender_id="497013").changes[0].value == 497013


def test_of_two_who_set_the_same_sender_id_at_once_one_is_refused(office: Installation) -> None:
    numbers = [number_of(office), str(office.template.by_two.agreement.number.case)]
    start, outcomes = Barrier(2), []

    def run(number: str) -> None:
        start.wait(10)
        try:
            put(office, number, setup__sender_id="497013")
            outcomes.append("set")
        except UsageError as error:
            outcomes.append(error.code)

    threads = [Thread(target=run, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["set", "values_refused"]


# --- when -------------------------------------------------------------------------------------------------------------


def test_nothing_is_set_before_an_agreement_is_issued_or_after_the_case_is_closed_but_while_it_is_held(
    office: Installation,
) -> None:
    with pytest.raises(GateError) as early:
        put(office, str(office.enquire(KARI).number), setup__sender_id="497013")
    assert early.value.unmet == ("agreement_not_issued",)
    case = office.case(office.template.by_one)
    hold_case(office.workspace, case.number, held=True, reason="Venter", actor=office.actor)
    put(office, setup__sender_id="497013")
    stand_at(office, office.case(office.template.by_one), step=Step.CLOSED)
    with pytest.raises(GateError) as late:
        put(office, setup__sender_id="497014")
    assert (late.value.code, late.value.unmet) == ("configuration_closed", ("case_closed",))


def test_whoever_changes_the_case_meanwhile_wins_and_nothing_is_half_set(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: object) -> object:
        stand_at(office, office.case(office.template.by_one), held=True)
        return write_deviation_letter(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("onboarding.configuring.write_deviation_letter", slow)
    with pytest.raises(TemporaryError, match="case_changed"):
        put(office, setup__sender_id="497013")
    with office.workspace.store.read() as connection:
        assert list_settings(connection, office.template.by_one.agreement.number.case) == ()


# --- taken back, history ----------------------------------------------------------------------------------------------


def test_a_setting_is_taken_back_and_everything_stays_in_the_history(office: Installation) -> None:
    put(office, vendor__partner_id="P-1", reason="Første")
    put(office, vendor__partner_id="P-2", reason="Rettet")
    back = put(office, vendor__partner_id=" ", reason="Trengs ikke")
    assert [(one.before, one.value) for one in back.changes] == [("P-2", None)]
    assert entry(office, "vendor.partner_id") is None
    assert faults(office, vendor__partner_id="") == {"vendor.partner_id": "nothing_to_take_back"}
    answer = summary_answer(office.workspace, number_of(office), Language.NB)
    assert isinstance(answer.data, dict)
    history = answer.data["history"]
    assert isinstance(history, list)
    assert [(one["value"], one["reason"], one["by"]) for one in history if isinstance(one, dict)] == [
        ("P-1", "Første", office.actor.user),
        ("P-2", "Rettet", office.actor.user),
        (None, "Trengs ikke", office.actor.user),
    ]
    shown = "\n".join(answer.lines)
    assert shown.index("Første") < shown.index("Rettet") < shown.index("Trengs ikke")
    assert "tatt tilbake" in shown


# --- deviations -------------------------------------------------------------------------------------------------------


def test_a_deviation_stands_first_and_digipost_gets_a_letter_that_a_person_releases(office: Installation) -> None:
    done = put(office, vendor__broker_id="8541209", reason="Ny konto hos Digipost")
    assert [(one.field_id, one.signed, one.setting.value) for one in done.deviations] == [
        ("vendor.broker_id", 8541208, 8541209)
    ]
    answer = summary_answer(office.workspace, number_of(office), Language.NB)
    assert answer.lines[0].startswith("AVVIK")
    assert "8541208" in answer.lines[3]
    [letter] = [message for message in office.messages() if message.purpose == Purpose.DEVIATION]
    assert (letter.id, letter.state, [hold.kind for hold in letter.holds]) == (
        done.letter,
        State.HELD,
        ["person_sends"],
    )
    mail = parsed(office.workspace.blobs.read(letter.sha256))
    body = mail.get_body()
    assert body is not None
    said = body.get_content()
    assert "8541209. I avtalen står det 8541208. Grunn: Ny konto hos Digipost" in " ".join(said.split())
    [pdf] = list(mail.iter_attachments())
    assert pdf.get_content().startswith(b"%PDF-")
    assert str(done.letter) in set_answer(office.workspace, done, Language.NB).lines[-1]


def test_a_newer_letter_takes_the_place_of_one_that_nobody_released_and_says_when_all_is_well_again(
    office: Installation,
) -> None:
    first = put(office, vendor__broker_id="8541209").letter
    again = put(office, vendor__broker_id="8541209", reason="Samme en gang til")
    assert again.letter is None  # nothing new to tell
    last = put(office, vendor__broker_id="", reason="Tilbake til den gamle").letter
    states = {message.id: message.state for message in office.messages() if message.purpose == Purpose.DEVIATION}
    assert states == {first: State.WITHDRAWN, last: State.HELD}
    [message] = [message for message in office.messages() if message.id == last]
    body = parsed(office.workspace.blobs.read(message.sha256)).get_body()
    assert body is not None
    assert "Nå er alt igjen slik det står i avtalen" in " ".join(body.get_content().split())


def test_the_letter_goes_with_the_version_that_it_is_about(office: Installation) -> None:
    letter = put(office, vendor__broker_id="8541209").letter
    outcome = return_forward(
        office.workspace, office.template.by_one.agreement.number.case, "feil skjema", office.actor
    )
    assert [message.id for message in outcome.withdrawn] == [letter]


def test_before_the_agreement_is_approved_the_forward_itself_tells_of_the_deviation(
    installation: Installation,
) -> None:
    done = put(installation, vendor__broker_id="8541209")
    assert done.letter is None
    installation.receive(installation.template.honest)
    [mail] = installation.mails()
    summary = [part for part in mail.iter_attachments() if "oversikt" in (part.get_filename() or "")]
    assert len(summary) == 1
    assert read_summary(installation.workspace, number_of(installation)).deviations


def test_the_organisation_is_told_of_deviations_with_the_next_step(office: Installation) -> None:
    put(office, vendor__broker_id="8541209", reason="Ny konto hos Digipost")
    assert tell_next_step(office.workspace, office.case(office.template.by_one))
    [letter] = [message for message in office.messages() if message.purpose == Purpose.NEXT_STEP]
    body = parsed(office.workspace.blobs.read(letter.sha256)).get_body()
    assert body is not None
    assert "8541209. I avtalen står det 8541208. Grunn: Ny konto hos Digipost" in " ".join(body.get_content().split())


# --- what nobody could read -------------------------------------------------------------------------------------------


def source(page: int, method: Method = Method.PRINTED) -> Source:
    box = Rectangle(x0=70, y0=100, x1=300, y1=112)
    return Source(document="ab" * 32, page=page, rectangle=box, field=None, method=method, confidence=1)


def make_read(office: Installation, *, open_fields: tuple[str, ...], read: Mapping[str, Parameter]) -> None:
    """The approved agreement of `by_one` as one with open fields of which these were read."""
    number, values = office.template.by_one.agreement.number, dict(office.template.by_one.agreement.values)
    left = {name: value for name, value in values.items() if name not in open_fields}
    with office.workspace.store.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER agreements_frozen")  # what was issued can't be altered otherwise
        connection.execute(
            agreements.update()
            .where(agreements.c.case_number == str(number.case))
            .values(open_fields=canonical_json(list(open_fields)), field_values=canonical_json(left))
        )
        text = parameters_text(Parameters(values=tuple(read.values())))
        connection.execute(
            judgements.update().where(judgements.c.case_number == str(number.case)).values(parameters=text)
        )


def parameter(field_id: str, value: JsonValue, page: int, method: Method = Method.PRINTED) -> Parameter:
    return Parameter(field_id=field_id, value=value, source=source(page, method))


READ = {
    "invoice.reference": parameter("invoice.reference", "INNKJØP-7", 3),
    "print.return_name": parameter("print.return_name", "Eksempel Regnskap AS", 2, Method.OCR),
    "service.digital": parameter("service.digital", True, 1),
}


def test_what_was_read_is_shown_with_its_page_and_how(office: Installation) -> None:
    make_read(office, open_fields=("invoice.reference", "print.return_name"), read=READ)
    shown = "\n".join(summary_answer(office.workspace, number_of(office), Language.NB).lines)
    assert "INNKJØP-7" in shown
    for place in ("fylt ut av virksomheten, side 3", "lest av et bilde, side 2", "side 1", "følger av resten"):
        assert place in shown
    proofs = {one.field_id: one.proof for one in read_summary(office.workspace, number_of(office)).vendor if one.proof}
    assert proofs["invoice.reference"].page == 3
    assert faults(office, invoice__reference="ANNEN") == {"invoice.reference": "signed_by_customer"}


def test_what_nobody_could_read_is_open_until_a_person_reads_it_and_then_stands_in_the_agreement(
    office: Installation,
) -> None:
    make_read(office, open_fields=("invoice.reference", "print.return_name"), read={})
    before = read_summary(office.workspace, number_of(office))
    reasons = {item.field_id: item.reason for item in before.open_items}
    assert reasons["invoice.reference"] is reasons["print.return_name"] is OpenReason.UNREAD
    done = put(office, invoice__reference="INNKJØP-7", reason="Lest på side 3 i den signerte avtalen")
    assert (done.deviations, done.letter) == ((), None)
    assert entry(office, "invoice.reference") == ("INNKJØP-7", EntrySource.AGREEMENT)
    shown = "\n".join(summary_answer(office.workspace, number_of(office), Language.NB).lines)
    assert "lest i den signerte avtalen av" in shown
    assert faults(office, invoice__reference="x" * 101) == {"invoice.reference": "too_long"}
    put(office, invoice__reference="INNKJØP-8", reason="Leste feil")
    put(office, invoice__reference="", reason="Vet ikke likevel")
    left = read_summary(office.workspace, number_of(office)).open_items
    assert "invoice.reference" in {item.field_id for item in left}


def test_an_open_value_is_not_transcribed_before_the_return_is_approved(
    installation: Installation,
) -> None:
    make_read(installation, open_fields=("invoice.reference",), read={})
    assert faults(installation, invoice__reference="INNKJØP-7") == {"invoice.reference": "not_signed_yet"}


def test_what_the_customer_left_empty_was_read_and_is_not_filled_in_for_it(office: Installation) -> None:
    empty = {"invoice.reference": parameter("invoice.reference", None, 3)}
    make_read(office, open_fields=("invoice.reference",), read=empty)
    assert faults(office, invoice__reference="INNKJØP-7") == {"invoice.reference": "signed_by_customer"}


def test_of_an_agreement_that_is_not_ours_a_person_may_say_what_the_customer_signed(office: Installation) -> None:
    read = {"invoice.reference": parameter("invoice.reference", "INNKJ0P-7", 2, Method.OCR)}
    make_read(office, open_fields=("invoice.reference", "print.return_name"), read=read)
    with office.workspace.store.begin() as connection:
        connection.execute(agreements.update().values(adopted=1))
    summary = read_summary(office.workspace, number_of(office))
    assert "print.return_name" in {item.field_id for item in summary.open_items}
    done = put(office, invoice__reference="INNKJØP-7", reason="OCR leste feil")
    assert done.deviations == ()
    assert entry(office, "invoice.reference") == ("INNKJØP-7", EntrySource.AGREEMENT)
    assert faults(office, customer__name="Andre AS") == {"customer.name": "part_of_agreement"}


def test_what_was_read_off_one_version_says_nothing_of_the_next(office: Installation) -> None:
    make_read(office, open_fields=("invoice.reference",), read={})
    put(office, invoice__reference="INNKJØP-7", vendor__broker_id="8541209", setup__sender_id="497013")
    case = office.case(office.template.by_one)
    with office.workspace.store.begin() as connection:
        row = connection.execute(agreements.select().where(agreements.c.case_number == str(case.number))).mappings()
        connection.execute(agreements.insert().values(**{**row.one(), "version": 2, "sha256": "cd" * 32}))
    stand_at(office, case, agreement_version=2, agreement_state=AgreementState.ISSUED)
    summary = read_summary(office.workspace, number_of(office))
    assert summary.deviations == ()
    assert entry(office, "invoice.reference") is None
    assert entry(office, "setup.sender_id") == (497013, EntrySource.SETUP)


# --- what Digipost suggested ------------------------------------------------------------------------------------------


def test_a_sender_id_that_digipost_named_is_suggested_with_the_command_until_one_is_set(office: Installation) -> None:
    case = office.case(office.template.by_one)
    answer = DigipostAnswer(
        case=case.number,
        receipt=7,
        kind=AnswerKind.ACKNOWLEDGEMENT,
        evidence=Evidence.ANSWERED_MAIL,
        automatic=False,
        sender_ids=("497013",),
    )
    with office.workspace.store.begin() as connection:
        file_answer(connection, answer, actor=office.actor, now=office.clock())
    shown = "\n".join(summary_answer(office.workspace, number_of(office), Language.EN).lines)
    assert f"avtale config set {case.number} setup.sender_id=497013 --reason" in shown
    put(office, setup__sender_id="497013")
    assert "avtale config set" not in "\n".join(summary_answer(office.workspace, number_of(office), Language.EN).lines)


def test_the_base_url_follows_from_the_environment_until_somebody_says_otherwise(office: Installation) -> None:
    assert entry(office, "setup.environment") == ("https://api.test.digipost.no", EntrySource.DERIVED)
    put(office, setup__environment="https://api.difitest.digipost.no")
    assert entry(office, "setup.environment") == ("https://api.difitest.digipost.no", EntrySource.SETUP)
