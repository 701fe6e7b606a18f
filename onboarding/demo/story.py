"""One case of the demo goes all the way: scope (step 3), set-up (4), verification by both (5), launch (6).

On the way somebody tries to answer in Digipost's name, and is refused. Two other cases end without a launch, so that
all end states are seen. The vendor's second person plays under an OS user's name of her own: nobody gives both words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Final

from agreements.calendar import norwegian_day
from agreements.case import Case, Closing, LaunchPlan, Step
from agreements.casenumber import parse_case_number
from agreements.errors import GateError
from agreements.language import Language
from agreements.parties import Actor
from agreements.turn import Party
from agreements.verification import Method, MethodResult, MethodState
from intake.ledger import find_receipt
from intake.throwaway_dkim import ThrowawayDomain
from onboarding.case_view import case_timeline
from onboarding.configuring import DONE, set_configuration
from onboarding.delivery import release_message
from onboarding.demo.cast import CAST
from onboarding.demo.stage import DIGIPOST_DOMAIN, Stage
from onboarding.digipost_answers import read_answers
from onboarding.ending import end_case
from onboarding.jobs.loop import run_once
from onboarding.launching import approve_launch, check_launch
from onboarding.purposes import Purpose
from onboarding.steps.configuration import read_configuration, read_work, summary_of
from onboarding.steps.enquiry import read_case
from onboarding.steps.plan import decide_plan, parse_decision
from onboarding.verifying import agree_methods, attest, read_verification, record_result
from outbox.messages import Message, list_messages

_SENDER_ID: Final = "7654321"
_BY: Final = {Party.VENDOR: CAST.second, Party.DIGIPOST: CAST.stranger, Party.CUSTOMER: CAST.first}
_METHODS: Final = (Method.V1, Method.V4)
_SECOND: Final = Actor(user="demo-2", os_user="demo-2")


@dataclass(frozen=True, kw_only=True)
class Story:
    """How the cases ended."""

    launched: Case
    signal: Path
    """The clear signal."""
    refused: frozenset[str]
    """Why the forged answer did not count."""
    others: tuple[Case, ...]
    """The cancelled case, and the one that was launched outside."""
    lines: tuple[str, ...]

    @property
    def as_expected(self) -> bool:
        """One launch, with a clear signal; the forgery refused; the others closed with their reasons."""
        return (
            self.launched.step is Step.LAUNCHED
            and self.signal.is_file()
            and self.refused == {"mail_not_aligned"}
            and [case.closing for case in self.others] == [Closing.CANCELLED, Closing.LAUNCHED_OUTSIDE]
        )


def carry_on(stage: Stage, numbers: Sequence[str], language: Language) -> Story:
    """Steps 3 to 6 of the first case, and the end of two more. Digipost has their agreements."""
    number, cancelled, outside = numbers[:3]
    _set_up(stage, number)
    refused = _verify(stage, number)
    _, signal = approve_launch(stage.workspace, number, lambda: stage.actor)
    end_case(stage.workspace, cancelled, Closing.CANCELLED, reason="demo", actor=stage.actor)
    end_case(stage.workspace, outside, Closing.LAUNCHED_OUTSIDE, reason="demo", actor=stage.actor)
    run_once(stage.workspace)  # Digipost is told of the cancelled one
    return Story(
        launched=read_case(stage.workspace, number),
        signal=signal,
        refused=refused,
        others=tuple(read_case(stage.workspace, one) for one in (cancelled, outside)),
        lines=tuple(case_timeline(stage.workspace, number, language).lines),
    )


def _set_up(stage: Stage, number: str) -> None:
    """Steps 3 and 4: decided for a direct start, everything on the work list done."""
    workspace, actor = stage.workspace, stage.actor
    today = norwegian_day(workspace.clock())
    decision = parse_decision(LaunchPlan.DIRECT, _BY, on=today, starts_on=None, recruitment=(), note="")
    decide_plan(workspace, number, decision, None, actor)
    vendor = workspace.settings.vendors[0]
    certificate = stage.folder / "certificate.der"
    certificate.write_bytes(stage.pki.seal(vendor.name, vendor.org_number.digits).der)
    typed = {
        "setup.sender_id": _SENDER_ID,
        "setup.certificate": str(certificate),
        "setup.certificate_kind": "buypass",
        **dict.fromkeys(_open_tasks(stage, number), DONE),
    }
    set_configuration(workspace, number, typed, reason="demo", actor=actor)


def _open_tasks(stage: Stage, number: str) -> list[str]:
    configuration = read_configuration(stage.workspace, number)
    work = read_work(stage.workspace, configuration, summary_of(stage.workspace, configuration))
    return [item.name for item in work if item.name.startswith("task.") and item.open]


def _verify(stage: Stage, number: str) -> frozenset[str]:
    """Step 5; why the forged answer was refused."""
    workspace = stage.workspace
    evidence = stage.folder / "agreed.txt"
    evidence.write_text("demo\n")
    agree_methods(
        workspace,
        number,
        _METHODS,
        vendor_by=CAST.second,
        digipost_by=CAST.stranger,
        evidence=evidence,
        actor=stage.actor,
    )
    for method in _METHODS:
        tried = MethodResult(
            method=method, agreed=True, state=MethodState.PASSED, party=Party.VENDOR, by=CAST.second, evidence="demo"
        )
        record_result(workspace, number, tried, None, stage.actor)
    attest(workspace, number, Party.VENDOR, CAST.second, evidence=evidence, actor=_SECOND)
    assert check_launch(workspace, number).unmet == ("digipost_not_attested",)
    request = _send_request(stage, number)
    stage.wait(timedelta(hours=1))
    refused = _refused(stage, number, _answer(stage, number, request, signed_by=stage.impostor))
    stage.mailbox.deliver(_answer(stage, number, request, signed_by=stage.digipost))
    run_once(workspace)
    attest(
        workspace,
        number,
        Party.DIGIPOST,
        CAST.stranger,
        evidence=None,
        receipt_sha256=_filed_answer(stage, number),
        actor=stage.actor,
    )
    return refused


def _send_request(stage: Stage, number: str) -> Message:
    """The request to Digipost, released and sent; as it is in the outbox then."""
    identity = _request(stage, number).id
    release_message(stage.workspace, identity, reason="demo", actor=stage.actor)
    run_once(stage.workspace)
    return _request(stage, number)


def _request(stage: Stage, number: str) -> Message:
    with stage.workspace.store.read() as connection:
        messages = list_messages(connection, case_number=number)
    return next(message for message in messages if message.purpose == Purpose.VERIFICATION_REQUEST)


def _refused(stage: Stage, number: str, mail: bytes) -> frozenset[str]:
    """What stands in the way of a mail that somebody else has written in Digipost's name."""
    file = stage.folder / "returns" / "impostor.eml"
    file.write_bytes(mail)
    try:
        attest(stage.workspace, number, Party.DIGIPOST, CAST.stranger, evidence=file, actor=stage.actor)
    except GateError as error:
        return frozenset(error.unmet)
    return frozenset()


def _answer(stage: Stage, number: str, request: Message, *, signed_by: ThrowawayDomain) -> bytes:
    """Digipost's answer to the request, signed by a domain."""
    at: datetime = stage.workspace.clock()
    mail = EmailMessage()
    mail["From"] = f"Digipost <verifisering@{DIGIPOST_DOMAIN}>"
    mail["To"] = stage.workspace.settings.smtp.from_
    mail["Subject"] = f"Re: [{number}]"
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = make_msgid(domain=DIGIPOST_DOMAIN)
    mail["In-Reply-To"] = request.message_id
    mail.set_content(f"{read_verification(stage.workspace, number).code}\n\n{CAST.stranger}\n")
    return signed_by.sign(mail.as_bytes().replace(b"\n", b"\r\n"))


def _filed_answer(stage: Stage, number: str) -> str:
    """The mail that was received and filed as Digipost's answer."""
    with stage.workspace.store.read() as connection:
        answer = read_answers(connection, parse_case_number(number))[-1]
        receipt = find_receipt(connection, answer.receipt)
    assert receipt is not None
    assert receipt.sha256 is not None
    return receipt.sha256
