"""What a storm brings, and what must be left of it.

Everything is made from numbers, so that it is known beforehand which documents each delivery holds.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from functools import cached_property
from pathlib import Path

from intake.ledger import count_receipts, count_seen, find_document, list_receipts
from intake.receipts import FINAL_STATES, DocumentState, Receipt, ReceiptState, SourceOutcome
from onboarding.record import EventKind
from onboarding.store.events import list_events, verify_chain
from outbox.states import State
from tests.intake.mails import a_zip
from tests.onboarding.installation import Installation, sha256_of

PIECE_SECONDS = 0.02
STALLED_SECONDS = 0.2
"""A writer held up for longer than this may be taken for one that has finished: the folder's quiet time is near."""
MARKER = "X-Nummer"
_ONCE = frozenset({EventKind.AGREEMENT_APPROVED, EventKind.AGREEMENT_FORWARDED})


def junk(number: int) -> bytes:
    """A document like no other, that is no agreement."""
    return b"%%PDF-1.7\n%% %d\n" % number + b"0 0 obj\n" * 3000 + b"startxref\n9\n%%EOF\n"


@dataclass(kw_only=True)
class Dropped:
    """A file."""

    name: str
    data: bytes
    documents: tuple[bytes, ...] = ()
    """What it holds; nothing for a document itself."""
    part_name: str | None = None
    """What it is called until it is whole."""
    slowly: bool = False
    """Written in pieces, in its place."""
    stalled: bool = False

    def drop(self, inbox: Path) -> None:
        if self.slowly:
            threading.Thread(target=self._write_slowly, args=(inbox,)).start()
            return
        path = inbox / (self.part_name or self.name)
        path.write_bytes(self.data)
        if self.part_name is not None:
            path.rename(inbox / self.name)

    def _write_slowly(self, inbox: Path) -> None:
        size = len(self.data) // 4
        with (inbox / self.name).open("wb", buffering=0) as file:
            for start in range(0, len(self.data), size):
                before = time.monotonic()
                file.write(self.data[start : start + size])
                time.sleep(PIECE_SECONDS)  # the pause between two pieces, not a wait for anything
                self.stalled |= time.monotonic() - before > STALLED_SECONDS


@dataclass(kw_only=True)
class Mailed:
    """A mail."""

    marker: str
    data: bytes
    documents: tuple[bytes, ...] = ()


@dataclass(kw_only=True)
class Storm:
    """Everything that arrives."""

    files: list[Dropped] = field(default_factory=list)
    mails: list[Mailed] = field(default_factory=list)

    def mixed(self) -> Iterator[Dropped | Mailed]:
        """Files and mails in turns, as many of each in every part of the storm."""
        total = max(len(self.files), len(self.mails))
        for at in range(total):
            for kind in (self.files, self.mails):
                yield from kind[at * len(kind) // total : (at + 1) * len(kind) // total]


def make_storm(files: int, mails: int, returns: Sequence[bytes]) -> Storm:
    """So many files and mails, the signed agreements among them: each comes as a file, in a mail, and packed."""
    storm = Storm(
        files=[_file(number) for number in range(files - len(returns))],
        mails=[_mail_of(number) for number in range(mails - 2 * len(returns))],
    )
    for number, pdf in enumerate(returns):
        place = len(storm.files) * (number + 1) // (len(returns) + 1)
        storm.files.insert(place, Dropped(name=f"signert-{number}.pdf", data=pdf))
        packed = a_zip(("avtale.pdf", pdf))
        place = len(storm.mails) * (number + 1) // (len(returns) + 1)
        storm.mails.insert(place, _mail(f"signert-{number}", ("avtale.pdf", pdf), documents=(pdf,)))
        storm.mails.insert(place // 2, _mail(f"pakket-{number}", ("avtale.zip", packed), documents=(pdf,)))
    return storm


def _file(number: int) -> Dropped:
    name, pdf = f"{number:04d}.pdf", junk(number)
    match number % 10:
        case 4:
            return Dropped(name=name, data=pdf, slowly=True)
        case 5:
            return Dropped(name=name, data=pdf, part_name=f"{name}.part")
        case 6:  # once more, under another name
            return Dropped(name=name, data=junk(number - 3))
        case 7:
            held = (pdf, junk(number - 5))
            return Dropped(
                name=f"{number:04d}.zip", data=a_zip(("en.pdf", held[0]), ("to.pdf", held[1])), documents=held
            )
        case 8:
            return Dropped(name=name, data=b"")
        case 9:
            return Dropped(name=f"{number:04d}.eml", data=_mail(f"fil-{number}", (name, pdf)).data, documents=(pdf,))
        case _:
            return Dropped(name=name, data=pdf)


def _mail_of(number: int) -> Mailed:
    marker, pdf = f"{number}", junk(10_000 + number)
    match number % 8:
        case 2:  # the same document as in a file
            return _mail(marker, ("fil.pdf", junk(number)), documents=(junk(number),))
        case 3:
            held = (pdf, junk(10_000 + number - 2))
            return _mail(marker, ("to.zip", a_zip(("en.pdf", held[0]), ("to.pdf", held[1]))), documents=held)
        case 4:
            return _mail(marker, ("videresendt.eml", _mail(f"inni-{marker}", ("a.pdf", pdf)).data), documents=(pdf,))
        case 5:
            return _mail(marker, headers={"Auto-Submitted": "auto-replied"})
        case 6:  # once more, by another mail
            return _mail(marker, ("igjen.pdf", junk(10_000 + number - 5)), documents=(junk(10_000 + number - 5),))
        case 7:
            return _mail(marker, ("tom.pdf", b""), documents=(b"",))
        case _:
            return _mail(marker, ("avtale.pdf", pdf), documents=(pdf,))


def _mail(
    marker: str,
    *attached: tuple[str, bytes],
    documents: tuple[bytes, ...] = (),
    headers: dict[str, str] | None = None,
) -> Mailed:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "kari@example.org", "avtaler@example.org", "Avtale"
    message["Message-ID"], message[MARKER] = f"<{marker}@example.org>", marker
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content("Vedlagt.")
    for name, data in attached:
        if name.endswith(".eml"):
            message.add_attachment(message_from_bytes(data, policy=SMTP), filename=name)
        else:
            kind = "zip" if name.endswith(".zip") else "pdf"
            message.add_attachment(data, maintype="application", subtype=kind, filename=name)
    return Mailed(marker=marker, data=bytes(message), documents=documents)


# --- what must be left ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Aftermath:
    """The ledger, the folder, the mailbox and the mail server, held against what was sent."""

    storm: Storm
    installation: Installation
    lying: dict[str, list[bytes]]
    """The bytes of every mail in every folder of the mailbox."""
    renumbered: int
    """How often the inbox got other numbers: so many more receipts may one mail have."""

    def faults(self) -> list[str]:
        """What does not add up; empty when everything does."""
        return [*self._files(), *self._mails(), *self._contents(), *self._ledger(), *self._record()]

    @cached_property
    def receipts(self) -> tuple[Receipt, ...]:
        """All of them, page by page."""
        found: list[Receipt] = []
        with self.installation.workspace.store.read() as connection:
            while page := list_receipts(connection, after=found[-1].id if found else 0):
                found += page
        return tuple(found)

    def _files(self) -> Iterator[str]:
        by_name: dict[str, list[Receipt]] = {}
        for receipt in self.receipts:
            if receipt.parent is None and receipt.source == str(self.installation.inbox):
                by_name.setdefault(receipt.display_name, []).append(receipt)
        put_away = {
            path.name.partition("_")[2]: path.read_bytes()
            for place in ("ferdig", "karantene")
            for path in (self.installation.inbox / place).iterdir()
            if not path.name.endswith(".txt")
        }
        for sent in self.storm.files:
            receipts = by_name.pop(sent.name, [])
            if sent.stalled:
                continue
            if [receipt.sha256 for receipt in receipts] != [sha256_of(sent.data)]:
                yield f"file {sent.name}: {len(receipts)} receipts, or other bytes"
            elif receipts[0].source_outcome not in {SourceOutcome.MOVED, SourceOutcome.GONE}:
                yield f"file {sent.name}: {receipts[0].source_outcome}"
            if put_away.get(sent.name) != sent.data:
                yield f"file {sent.name}: other bytes, or not put away"
        yield from (f"file {name}: never sent" for name in by_name)

    def _mails(self) -> Iterator[str]:
        lying = [mail for mails in self.lying.values() for mail in mails]
        by_marker: dict[str, list[bytes]] = {}
        for mail in lying:
            by_marker.setdefault(str(message_from_bytes(mail)[MARKER]), []).append(mail)
        for sent in self.storm.mails:
            found = by_marker.pop(sent.marker, [])
            if len(found) != 1 or not found[0].endswith(sent.data):
                yield f"mail {sent.marker}: lies {len(found)} times, or other bytes"
                continue
            receipts = [r for r in self.installation.receipts(found[0]) if r.parent is None]
            last = [r for r in receipts if r.source_outcome is not SourceOutcome.CHANGED]
            if not receipts or len(last) > 1 or len(receipts) > 1 + self.renumbered:
                yield f"mail {sent.marker}: {[receipt.source_outcome for receipt in receipts]}"
        yield from (f"mail {marker}: never sent" for marker in by_marker)

    def _contents(self) -> Iterator[str]:
        """What each delivery held has one receipt each, however often it was opened."""
        found: dict[str, Counter[str]] = {}
        by_id = {receipt.id: receipt for receipt in self.receipts}
        for receipt in self.receipts:
            if receipt.parent is not None:
                outer = by_id[receipt.parent].sha256 or ""
                found.setdefault(outer, Counter())[receipt.sha256 or ""] += 1
        mails = {
            str(message_from_bytes(mail)[MARKER]): sha256_of(mail) for mails in self.lying.values() for mail in mails
        }
        sent = {mails.get(mail.marker, mail.marker): mail.documents for mail in self.storm.mails}
        sent |= {sha256_of(file.data): file.documents for file in self.storm.files}
        for outer, documents in sent.items():
            if found.pop(outer, Counter()) != Counter(sha256_of(document) for document in documents):
                yield f"content {outer[:8]}: other documents than the {len(documents)} sent"
        yield from (f"content {outer[:8]}: documents out of nothing" for outer in found)

    def _ledger(self) -> Iterator[str]:
        workspace = self.installation.workspace
        with workspace.store.read() as connection:
            counts, seen = count_receipts(connection), count_seen(connection)
            for sha256 in {receipt.sha256 for receipt in self.receipts if receipt.sha256}:
                document = find_document(connection, sha256)
                if document is None or document.state is not DocumentState.JUDGED:
                    yield f"content {sha256[:8]}: no verdict"
                if sha256_of(workspace.blobs.read(sha256)) != sha256:
                    yield f"content {sha256[:8]}: stored otherwise"
        if sum(counts[state] for state in FINAL_STATES) != seen or seen != len(self.receipts):
            yield f"counts: {counts}, {seen} seen"
        if counts[ReceiptState.SEEN]:
            yield "something is left as seen"
        outcomes = {receipt.source_outcome for receipt in self.receipts}
        if None in outcomes:
            yield "something is not finished"

    def _record(self) -> Iterator[str]:
        """One verdict for each content, one forward for each agreement."""
        judged = Counter(judgement.sha256 for judgement in self.installation.judgements())
        yield from (f"{sha256[:8]}: judged {count} times" for sha256, count in judged.items() if count != 1)
        with self.installation.workspace.store.read() as connection:
            if verify_chain(connection) is not None:
                yield "the record is broken"
            events = Counter((event.kind, event.case_number) for event in list_events(connection))
        for message in self.installation.forwards():
            for kind in _ONCE:
                if events.pop((kind, message.case_number), 0) != 1:
                    yield f"case {message.case_number}: not {kind} once"
        yield from (f"{key}: {count} times" for key, count in events.items() if key[0] in _ONCE)
        taken = Counter(str(mail["Message-ID"]) for mail in self.installation.every_mail())
        yield from (f"message {identity}: sent {count} times" for identity, count in taken.items() if count != 1)
        for message in self.installation.messages():
            if message.state is not State.SENT or taken.pop(message.message_id, 0) != 1:
                yield f"message {message.id}: {message.state}"
        yield from (f"message {identity}: nobody's" for identity in taken)
