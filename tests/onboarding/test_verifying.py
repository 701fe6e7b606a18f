"""Steps 5 and 6: both parties' word for exactly the configuration in force, or no launch."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from agreements.case import Step
from agreements.errors import GateError, IntegrityError, TemporaryError, UsageError
from agreements.parties import Actor
from agreements.turn import Duty, Party
from agreements.verification import Channel, Method, MethodState
from onboarding.clear_signal import FOLDER, PUBLIC_KEY, signal_path, write_signals
from onboarding.launching import check_launch, record_pilot
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.signed_documents import verify_document
from onboarding.steps.enquiry import hold_case
from outbox.states import State
from tests.onboarding.installation import Template
from tests.onboarding.verified import CONSULTANT, COORDINATOR, STRANGER, Office, open_office, prepare


@pytest.fixture(scope="module")
def set_up(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return prepare(template, sandbox, tmp_path_factory.mktemp("verify") / "avtale")


@pytest.fixture
def office(set_up: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Office]:
    with open_office(set_up, tmp_path / "avtale", sandbox) as opened:
        yield opened


def unmet(office: Office) -> set[str]:
    return set(check_launch(office.installation.workspace, office.number).unmet)


def requests(office: Office) -> list[State]:
    messages = office.installation.messages()
    return [message.state for message in messages if message.purpose == Purpose.VERIFICATION_REQUEST]


def refused(office: Office, act: Callable[[], object]) -> set[str]:
    """The gates that stand in the way of an attestation; nothing was recorded."""
    before = office.verification.record.attestations
    with pytest.raises(GateError) as error:
        act()
    assert office.verification.record.attestations == before
    return set(error.value.unmet)


def test_a_case_is_launched_when_both_have_attested_and_never_before(office: Office) -> None:
    assert {"not_in_verification", "no_method_agreed", "vendor_not_attested", "digipost_not_attested"} <= unmet(office)
    assert office.agree(Method.V1, Method.V6).step is Step.VERIFICATION
    assert requests(office) == [State.HELD]
    office.passed(Method.V1)
    assert "method_open" in unmet(office)
    office.passed(Method.V6, MethodState.FAILED)
    assert "method_failed" in unmet(office)
    office.passed(Method.V6)
    assert unmet(office) == {"vendor_not_attested", "digipost_not_attested"}
    office.vendor_attests()
    assert office.case.turn is not None
    assert (office.case.turn.duty, office.case.turn.party) == (Duty.VERIFY, Party.DIGIPOST)
    assert refused(office, office.digipost_attests) == {"request_not_sent"}
    office.send_request()
    with pytest.raises(GateError, match="launch_refused"):
        office.launch()
    given = office.digipost_attests()
    assert given.channel is Channel.VERIFIED_MAIL
    assert office.case.turn is not None
    assert (office.case.turn.duty, office.case.turn.party) == (Duty.LAUNCH, Party.VENDOR)
    assert unmet(office) == set()
    sha256 = office.verification.sha256
    case, path = office.launch()
    assert (case.step, case.launched_sha256, case.turn) == (Step.LAUNCHED, sha256, None)
    assert path == signal_path(office.installation.workspace, case.number)


def test_the_clear_signal_is_signed_and_says_who_may_send_as_what(office: Office) -> None:
    office.ready()
    case, path = office.launch()
    folder = office.installation.workspace.settings.data_dir / FOLDER
    key = load_pem_public_key((folder / PUBLIC_KEY).read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    said = verify_document(path.read_text(), key)
    assert said["status"] == "ready"
    assert (said["case"], said["org_number"], said["sender_id"]) == (str(case.number), case.org_number.digits, 7654321)
    assert said["configuration_sha256"] == case.launched_sha256
    for name, value in (("sender_id", 1), ("status", "x"), ("org_number", "987654321")):
        altered = json.dumps({**json.loads(path.read_text()), name: value})
        with pytest.raises(IntegrityError):
            verify_document(altered, key)
    path.unlink()
    assert office.launch()[0] == case
    assert not path.exists(), "what was written once is written again only when its row says so"


def test_a_signal_that_was_not_signed_here_or_was_withdrawn_never_reaches_the_disk(office: Office) -> None:
    office.ready()
    _, path = office.launch()
    workspace, ready = office.installation.workspace, path.read_text()
    insert = "INSERT INTO clear_signals (case_number, document, made_at, written) VALUES (:case, :document, 'x', 0)"
    with pytest.raises(sa.exc.IntegrityError), workspace.store.begin() as connection:
        connection.execute(sa.text(insert), {"case": office.number, "document": ready})
    with workspace.store.begin() as connection:
        connection.execute(sa.text(insert), {"case": office.number, "document": ready.replace("7654321", "1")})
    with pytest.raises(IntegrityError, match="signed_document_broken"):
        write_signals(workspace)
    assert path.read_text() == ready


def test_a_signal_whose_file_was_not_written_is_written_by_the_next_round(office: Office) -> None:
    office.ready()
    workspace = office.installation.workspace
    blocked = workspace.settings.data_dir / FOLDER
    blocked.write_text("in the way")
    with pytest.raises(Exception, match="cannot_write"):
        office.launch()
    assert office.case.step is Step.LAUNCHED
    blocked.unlink()
    office.installation.run()
    assert signal_path(workspace, office.case.number).exists()
    assert write_signals(workspace) == ()


def test_a_changed_configuration_voids_both_attestations_and_asks_digipost_anew(office: Office) -> None:
    office.ready()
    assert unmet(office) == set()
    office.set(**{"setup.sender_id": "7654322"})
    assert unmet(office) == {"vendor_not_attested", "digipost_not_attested"}
    assert requests(office) == [State.SENT, State.HELD]
    office.set(**{"setup.sender_id": "7654321"})
    assert unmet(office) == {"vendor_not_attested", "digipost_not_attested"}, "changed back, it is attested anew"
    mail = office.digipost.sign(office.answer())
    office.vendor_attests()
    assert refused(office, lambda: office.digipost_attests(mail)) == {"request_not_sent"}
    office.installation.clock.ahead += timedelta(minutes=1)
    office.send_request()
    assert refused(office, lambda: office.digipost_attests(mail)) == {"mail_older_than_request"}
    office.digipost_attests()
    assert office.launch()[0].step is Step.LAUNCHED


def test_what_was_launched_can_not_be_configured_any_more(office: Office) -> None:
    office.ready()
    office.launch()
    with pytest.raises(GateError, match="configuration_launched"):
        office.set(**{"setup.sender_id": "7654322"})
    with pytest.raises(GateError):
        office.agree()
    assert office.passed(Method.V7).step is Step.LAUNCHED, "the first invoice is a follow-up"


def signed(office: Office, **changes: object) -> bytes:
    return office.digipost.sign(office.answer(**changes))  # type: ignore[arg-type]


FORGED: dict[str, tuple[Callable[[Office], bytes], set[str]]] = {
    "not signed": (lambda o: o.answer(), {"mail_unsigned"}),
    "a stranger's domain": (
        lambda o: STRANGER.sign(o.answer(sender="salg@example.org")),
        {"mail_domain"},
    ),
    "a stranger's signature under Digipost's name": (lambda o: STRANGER.sign(o.answer()), {"mail_not_aligned"}),
    "a date outside the signature": (
        lambda o: o.digipost.sign(o.answer(), headers=("From", "Subject")),
        {"mail_headers_unsigned"},
    ),
    "a part of the text": (lambda o: o.digipost.sign(o.answer(), length=True), {"mail_length_limited"}),
    "altered": (lambda o: signed(o) + b"P.S.\r\n", {"mail_signature_invalid"}),
    "an absence message": (lambda o: signed(o, Auto_Submitted="auto-replied"), {"mail_automatic"}),
    "the code only quoted": (
        lambda o: signed(o, text=f"Nei.\n\nDen 24. november 2026 skrev avtaler:\n> {o.verification.code}\n"),
        {"mail_code_missing"},
    ),
    "another configuration's code": (
        lambda o: signed(o, text=f"{o.number} 00000000"),
        {"mail_code_missing"},
    ),
    "written before the request": (
        lambda o: signed(o, at=o.installation.clock() - timedelta(days=1)),
        {"mail_older_than_request"},
    ),
    "dated ahead": (lambda o: signed(o, at=o.installation.clock() + timedelta(days=1)), {"mail_from_future"}),
    "a second sender on top": (
        lambda o: b"From: x@example.org\r\n" + signed(o),
        {"mail_domain", "mail_headers_repeated"},
    ),
    "no mail at all": (
        lambda o: b"Hei",
        {"mail_domain", "mail_headers_repeated", "mail_code_missing", "mail_older_than_request"},
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_attestation_is_refused_with_its_reason(office: Office, name: str) -> None:
    make, expected = FORGED[name]
    office.agree()
    office.passed()
    office.send_request()
    assert refused(office, lambda: office.digipost_attests(make(office))) == expected
    office.digipost_attests()


def test_the_same_mail_attests_once_even_under_another_message_id(office: Office) -> None:
    office.agree()
    office.send_request()
    mail = office.digipost.sign(office.answer(), headers=("From", "Subject", "Date"))
    office.digipost_attests(mail)
    again = mail.replace(b"<svar@digipost.no>", b"<nytt@digipost.no>")
    assert refused(office, lambda: office.digipost_attests(again)) == {"mail_used"}


def test_nobody_gives_both_words(office: Office) -> None:
    office.agree()
    office.send_request()
    office.vendor_attests()
    both = Actor(user="ola", os_user="kari")
    assert refused(office, lambda: office.digipost_attests(actor=CONSULTANT)) == {"same_os_user", "same_user"}
    assert refused(office, lambda: office.digipost_attests(actor=both)) == {"same_user"}
    same_machine = Actor(user="kari", os_user="ola")
    assert refused(office, lambda: office.digipost_attests(actor=same_machine)) == {"same_os_user"}
    assert refused(office, lambda: office.digipost_attests(name="SIRI  demo")) == {"same_name"}
    office.digipost_attests()
    assert refused(office, lambda: office.vendor_attests("Nina Demo", COORDINATOR)) == {"same_os_user", "same_user"}


def told(office: Office, actor: Actor = COORDINATOR) -> Channel:
    from onboarding.verifying import attest

    _, given = attest(
        office.installation.workspace,
        office.number,
        Party.DIGIPOST,
        "Per Demo",
        evidence=office.file("samtale.txt", b"telefon"),
        actor=actor,
    )
    return given.channel


def test_what_the_vendor_tells_is_told_as_such_and_is_not_enough(office: Office) -> None:
    office.agree()
    office.passed()
    office.vendor_attests()
    assert refused(office, lambda: told(office, CONSULTANT)) == {"same_os_user", "same_user"}
    assert told(office) is Channel.VENDOR_TESTIMONY
    assert unmet(office) == {"digipost_not_attested"}


def test_what_the_vendor_tells_is_enough_where_a_setting_says_so(
    set_up: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with open_office(set_up, tmp_path / "avtale", sandbox, accept_testimony=True) as office:
        office.agree()
        office.passed()
        office.vendor_attests()
        told(office)
        assert office.launch()[0].step is Step.LAUNCHED


def test_a_name_server_that_does_not_answer_is_told_and_nothing_is_recorded(
    set_up: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with open_office(set_up, tmp_path / "avtale", sandbox, resolver_port=1) as office:
        office.agree()
        office.send_request()
        with pytest.raises(TemporaryError, match="dns_unavailable"):
            office.digipost_attests()
        assert office.verification.record.attestations == ()


def test_services_suggest_methods_and_only_offered_ones_can_be_agreed_on(office: Office) -> None:
    assert Method.V1 in office.verification.suggested
    for method in (Method.V7,):
        with pytest.raises(UsageError, match="methods_not_offered"):
            office.agree(method)
    office.agree(Method.V1)
    with pytest.raises(UsageError, match="method_not_agreed"):
        office.passed(Method.V5)


def test_a_case_on_hold_is_neither_verified_nor_launched(office: Office) -> None:
    office.ready()
    workspace = office.installation.workspace
    hold_case(workspace, office.case.number, held=True, reason="vent", actor=COORDINATOR)
    assert unmet(office) == {"case_held"}
    for act in (office.launch, office.passed, office.vendor_attests, office.agree):
        with pytest.raises(GateError):
            act()


def test_a_pilot_is_recorded_and_is_no_launch(office: Office) -> None:
    workspace = office.installation.workspace
    day = office.installation.clock().date()
    case = record_pilot(workspace, office.number, group="fem ansatte", on=day, reason="avtalt", actor=COORDINATOR)
    assert case.step is Step.SETUP
    assert "launch.pilot" in office.installation.kinds(office.installation.template.by_one)
    office.ready()
    office.launch()
    with pytest.raises(GateError, match="pilot_refused"):
        record_pilot(workspace, office.number, group="x", on=day, reason="avtalt", actor=COORDINATOR)


def test_a_request_that_was_not_written_when_the_program_was_killed_is_written_by_the_next_round(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.verifying.write_request", lambda *_: False)
    office.agree()
    assert requests(office) == []
    office.installation.run()
    assert requests(office) == [State.HELD]
    office.installation.run()
    assert requests(office) == [State.HELD]


def test_dates_of_mails_are_compared_in_whole_seconds(office: Office) -> None:
    office.agree()
    office.send_request()
    asked = format_datetime(office.installation.clock())
    assert asked in office.answer().decode()
    office.digipost_attests()
