"""Runs the demo and tells what became of every return."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

from agreements.canonical import JsonValue
from agreements.findings import Finding, Severity
from agreements.language import Language
from agreements.texts import finding_message, text
from intake.ledger import find_document, receipts_of
from intake.receipts import ReceiptState
from onboarding.answers import Answer, table
from onboarding.demo.returns import RETURNS, Made, Return
from onboarding.demo.stage import QUIET_SECONDS, Stage, set_stage
from onboarding.demo.story import Story, carry_on
from onboarding.forwarding import FORWARD
from onboarding.jobs.loop import run_once
from onboarding.steps.configuration import export_summary
from onboarding.store.judgements import find_judgement_of
from outbox.messages import Connection, Message, list_messages
from outbox.states import State

STANDSTILL = timedelta(minutes=2)
"""Longer than the outbox leaves a mail server alone that has lost a reply."""
_FORMATS = ("json", "yaml", "pdf")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one return."""

    expected: Return
    made: Made
    file: Path
    actual: str
    findings: tuple[Finding, ...]
    mails: tuple[Path, ...]
    """What left because of it."""
    forward: Message | None
    """None if there is none."""

    @property
    def as_expected(self) -> bool:
        """The verdict is the expected one, and exactly what was approved has left, once, byte for byte."""
        approved = self.expected.expected == "approved"
        should_leave = 1 if approved and self.expected.message is not State.HELD else 0
        forward = None if self.forward is None else (self.forward.state, self.forward.evidence)
        return (
            self.actual == self.expected.expected
            and forward == ((self.expected.message, self.expected.evidence) if approved else None)
            and len(self.mails) == should_leave
            and all(_carries(mail, self.made.data) for mail in self.mails)
        )


def show_demo(folder: Path, clock: Callable[[], datetime], language: Language, say: Callable[[str], None]) -> Answer:
    """The whole demo in a folder; exit 1 if anything ended otherwise than expected."""
    with set_stage(folder, clock) as stage:
        say(text("demo.issuing", language, count=len(RETURNS)))
        made = [(expected, expected.make(stage)) for expected in RETURNS]
        say(text("demo.dropping", language))
        _drop_all(stage, made)
        run_once(stage.workspace)
        say(text("demo.reports", language))
        for _ in range(2):  # after the lost reply the rest leaves, and then what is reported of it comes
            stage.wait(STANDSTILL)
            run_once(stage.workspace)
        results = [_result(stage, expected, returned) for expected, returned in made]
        story = carry_on(stage, _forwarded(results), language)
        say(text("demo.summaries", language))
        for result in results:
            _export(stage, result, language)
    return _answer(folder, results, story, language)


def _forwarded(results: list[Result]) -> list[str]:
    """The cases that can go on: their agreements have left for Digipost, as expected, and lie there."""
    return [
        str(result.made.issue.agreement.number.case)
        for result in results
        if result.as_expected
        and result.mails
        and result.made.issue is not None
        and result.forward is not None
        and result.forward.state is State.SENT
    ]


def _drop_all(stage: Stage, made: list[tuple[Return, Made]]) -> None:
    """Put every return into the watched folder; one comes in two halves, as from a slow copy."""
    kept = stage.folder / "returns"
    kept.mkdir()
    for expected, returned in made:
        (kept / expected.file_name).write_bytes(returned.data)
        target = stage.inbox / expected.file_name
        if not expected.in_halves:
            target.write_bytes(returned.data)
            continue
        half = len(returned.data) // 2
        target.write_bytes(returned.data[:half])
        threading.Timer(QUIET_SECONDS / 2, _append, (target, returned.data[half:])).start()


def _append(path: Path, rest: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(rest)


def _result(stage: Stage, expected: Return, made: Made) -> Result:
    sha256 = hashlib.sha256(made.data).hexdigest()
    with stage.workspace.store.read() as connection:
        judgement = find_judgement_of(connection, sha256)
        document = find_document(connection, sha256)
        receipts = receipts_of(connection, sha256)
        forward = _forward(connection, made)
    if judgement is not None:
        actual, findings = judgement.decision.verdict.value, judgement.decision.findings
    elif document is not None and document.outcome is not None:
        reason = document.outcome.reason
        actual, findings = document.outcome.state.value, (reason,) if reason else ()
    else:
        actual, findings = "-", ()
    place = "ferdig" if receipts and receipts[-1].state is ReceiptState.RECEIVED else "karantene"
    agreement = str(made.issue.agreement.number) if made.issue else "-"
    return Result(
        expected=expected,
        made=made,
        file=next((stage.inbox / place).glob(f"*{expected.file_name}"), stage.folder / "returns" / expected.file_name),
        actual=actual,
        findings=findings,
        mails=tuple(sorted((stage.folder / "mail").glob(f"{agreement}*.eml"))),
        forward=forward,
    )


def _forward(connection: Connection, made: Made) -> Message | None:
    """The forward of the agreement that a return answers."""
    if made.issue is None:
        return None
    number = made.issue.agreement.number
    of_case = list_messages(connection, case_number=str(number.case))
    return next((m for m in of_case if m.purpose == FORWARD and m.agreement == str(number)), None)


def _carries(mail: Path, pdf: bytes) -> bool:
    """True if the signed PDF is attached to the mail byte for byte."""
    message = message_from_bytes(mail.read_bytes(), policy=policy.default)
    return any(attachment.get_content() == pdf for attachment in message.iter_attachments())


def _export(stage: Stage, result: Result, language: Language) -> None:
    if result.actual == "approved" and result.made.issue is not None:
        number = str(result.made.issue.agreement.number.case)
        export_summary(stage.workspace, number, stage.folder / "summaries", _FORMATS, language)


def _answer(folder: Path, results: list[Result], story: Story, language: Language) -> Answer:
    good = sum(result.as_expected for result in results)
    data: list[JsonValue] = [
        {
            "return": result.expected.name,
            "file": str(result.file),
            "agreement": str(result.made.issue.agreement.number) if result.made.issue else None,
            "expected": result.expected.expected,
            "actual": result.actual,
            "findings": [finding.code for finding in result.findings],
            "mails": [str(mail) for mail in result.mails],
            "message": None if result.forward is None else result.forward.id,
            "state": None if result.forward is None else result.forward.state.value,
            "ok": result.as_expected,
        }
        for result in results
    ]
    rows = [_row(result, language) for result in results]
    outcome = text("demo.done", language, good=good, count=len(results), folder=folder)
    told = [text("demo.story", language), "", *story.lines, "", *_ends(story, language)]
    return Answer(
        data=data,
        lines=[
            *table(("arrived", "verdict", "why", "what_left", "ok"), rows, language),
            *("", *told, "", *outcome.splitlines()),
        ],
        exit_code=0 if good == len(results) and story.as_expected else 1,
    )


def _ends(story: Story, language: Language) -> list[str]:
    """The end states, and where the clear signal lies."""
    reasons = ", ".join(text(f"gates.{gate}", language) for gate in sorted(story.refused))
    rows = [
        [
            str(case.number),
            text(f"states.step.{case.step.value}", language),
            "" if case.closing is None else text(f"states.closing.{case.closing.value}", language),
        ]
        for case in (story.launched, *story.others)
    ]
    return [
        text("demo.impostor", language, reasons=reasons),
        "",
        *table(("case", "step", "ended"), rows, language),
        "",
        text("demo.signal", language, file=story.signal),
    ]


def _row(result: Result, language: Language) -> list[str]:
    weighty = [finding for finding in result.findings if finding.severity is not Severity.INFO]
    why = f"{weighty[0].code} {finding_message(weighty[0], language)}" if weighty else ""
    verdict = "receipt.quarantined" if result.actual == "quarantined" else f"verdict.{result.actual}"
    left = "" if result.forward is None else _what_left(result.forward, language)
    shown = text(f"states.{verdict}", language) if result.actual != "-" else "-"
    ok = text("values.yes" if result.as_expected else "values.no", language)
    return [text(f"demo.returns.{result.expected.name}", language), shown, _short(why), left, ok]


def _what_left(forward: Message, language: Language) -> str:
    state = text(f"states.message.{forward.state.value}", language)
    return state if forward.evidence is None else f"{state}: {text(f'outbox_evidence.{forward.evidence}', language)}"


def _short(why: str, width: int = 76) -> str:
    return why if len(why) <= width else why[: width - 1] + "…"
