"""How one outgoing message looks: where it stands and what to do, how it came there, why it waits, what it says."""

import hashlib
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from agreements.canonical import JsonValue
from agreements.errors import IntegrityError, NotFoundError
from agreements.language import Language
from agreements.texts import has_text, text
from onboarding.answers import Answer, table
from onboarding.delivery import read_message
from onboarding.views import MESSAGE_COLUMNS, local_time, message_data, message_row, utc
from onboarding.workspace import Workspace
from outbox.history import History, HistoryEntry, list_history
from outbox.holds import Hold
from outbox.messages import Message
from outbox.states import State

_HISTORY_COLUMNS = ("time", "event", "state", "phase", "reply")
_HOLD_COLUMNS = ("why", "found_in", "found", "count")
_ENCRYPTED = "application/pkcs7-mime"
_ATTACHMENT_COLUMNS = ("file", "size", "sha256")


@dataclass(frozen=True, kw_only=True)
class _Attached:
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class _Content:
    """What the frozen bytes say; empty for bytes that are damaged or gone."""

    subject: str = ""
    body: str = ""
    attachments: tuple[_Attached, ...] = ()
    encrypted: bool = False
    """Only the recipient can read it: all there is to tell is its one part."""


def message_answer(workspace: Workspace, identity: int, language: Language) -> Answer:
    """Everything about one message. Raises NotFoundError."""
    message = read_message(workspace, identity)
    with workspace.store.read() as connection:
        history = list_history(connection, identity)
    content = _read_content(workspace, message)
    data: dict[str, JsonValue] = {
        **message_data(message),
        "subject": content.subject,
        "encrypted": content.encrypted,
        "attachments": [
            {"name": file.name, "media_type": file.media_type, "size": file.size, "sha256": file.sha256}
            for file in content.attachments
        ],
        "history": [_entry_data(entry) for entry in history],
    }
    return Answer(data=data, lines=_lines(message, history, content, language))


def _read_content(workspace: Workspace, message: Message) -> _Content:
    try:
        mail = message_from_bytes(workspace.blobs.read(message.sha256), policy=policy.default)
    except (IntegrityError, NotFoundError):  # the row itself tells what became of it
        return _Content()
    assert isinstance(mail, EmailMessage)
    encrypted = mail.get_content_type() == _ENCRYPTED
    body = None if encrypted else mail.get_body(("plain",))
    return _Content(
        subject=str(mail["Subject"]),
        body="" if body is None else body.get_content(),
        attachments=tuple(_attached(part) for part in ((mail,) if encrypted else mail.iter_attachments())),
        encrypted=encrypted,
    )


def _attached(part: EmailMessage) -> _Attached:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return _Attached(
        name=part.get_filename() or "-",
        media_type=part.get_content_type(),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _entry_data(entry: HistoryEntry) -> dict[str, JsonValue]:
    return {
        "at": utc(entry.at),
        "kind": entry.kind.value,
        "attempt": entry.attempt,
        "state": entry.state.value,
        "phase": None if entry.phase is None else entry.phase.value,
        "reply": entry.reply,
        "reason": entry.reason,
    }


def _lines(message: Message, history: tuple[HistoryEntry, ...], content: _Content, language: Language) -> list[str]:
    lines = table(MESSAGE_COLUMNS, [message_row(message, language)], language)
    action = f"outbox_reasons.{_why(message)}.action"
    if has_text(action):
        lines += ["", text(action, language)]
    if message.holds:
        lines += ["", *table(_HOLD_COLUMNS, [_hold_row(hold, language) for hold in message.holds], language)]
    lines += ["", *table(_HISTORY_COLUMNS, [_entry_row(entry, language) for entry in history], language)]
    if content.attachments:
        rows = [[file.name, str(file.size), file.sha256] for file in content.attachments]
        lines += ["", *table(_ATTACHMENT_COLUMNS, rows, language)]
    if content.encrypted:
        lines += ["", text("talk.message_encrypted", language)]
    return [*lines, "", f"To: {message.recipient}", f"Subject: {content.subject}", "", *content.body.splitlines()]


def _entry_row(entry: HistoryEntry, language: Language) -> list[str]:
    what = text(f"message_history.{entry.kind.value}", language)
    state = text(f"states.message.{entry.state.value}", language)
    phase = "" if entry.phase is None else text(f"outbox_phases.{entry.phase.value}", language)
    return [local_time(entry.at), what, state, phase, _told(entry, language)]


def _why(message: Message) -> str | None:
    """What needs a person, as a code: the reason, or that it came back."""
    return message.state.value if message.state is State.FAILED_LATER else message.reason


def _told(entry: HistoryEntry, language: Language) -> str:
    """What was said, or found out: the server's own words, what a mail system did, where was looked."""
    did = f"report_actions.{entry.reason}"
    if entry.kind in (History.REPORT, History.SETTLED) and has_text(did):
        return ": ".join(part for part in (text(did, language), entry.reply) if part)
    if entry.kind is History.LOOKED and entry.reply:
        return "; ".join(_looked(place, language) for place in entry.reply.split("; "))
    return entry.reply or _reason(entry, language)


def _looked(place: str, language: Language) -> str:
    """A place with what came of it (`settling.Looked.where`)."""
    name, _, result = place.rpartition(": ")
    key = f"look_results.{result}"
    said = text(key, language) if has_text(key) else text("look_results.unreached", language, problem=result)
    return f"{name}: {said}"


def _reason(entry: HistoryEntry, language: Language) -> str:
    """A reason in words: of an attempt why it did not leave, of a settlement by which evidence."""
    if entry.reason is None:
        return ""
    group = "outbox_evidence" if entry.kind in (History.SETTLED, History.COPY_SEEN) else "outbox_reasons"
    key = f"{group}.{entry.reason}" if group == "outbox_evidence" else f"{group}.{entry.reason}.message"
    return text(key, language) if has_text(key) else entry.reason


def _hold_row(hold: Hold, language: Language) -> list[str]:
    why = text(f"outbox_reasons.{hold.kind}.message", language)
    where = text(f"hold_places.{hold.where}", language, name=hold.name) if hold.where else ""
    return [why, where, hold.masked, str(hold.count)]
