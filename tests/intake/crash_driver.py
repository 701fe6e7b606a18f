"""Kills itself at every step of receiving one file, and starts again: run as a program by `test_intake_crash.py`.

A step is a system call of ours (before it, and after it) or a statement or commit of the database. A process per step
is forked from this one, which has everything imported and no threads. Prints one line per kill: `step place ok|what
is wrong`.
"""

import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import sqlalchemy as sa

from agreements.findings import INT_NOT_PDF, INT_NOT_REGULAR
from intake import ledger
from intake.receipts import Outcome, ReceiptState
from intake.sources.folder import Done, FolderSource, Refused
from tests.intake.conftest import FolderBlobs

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CALLS = {  # by thoroughness: what makes something durable or visible, or everything
    "quick": {"posix": {"fsync", "rename", "mkdir", "unlink"}, "sqlite3": {"commit"}},
    "full": {
        "posix": {"open", "close", "fsync", "rename", "mkdir", "unlink", "readv", "stat", "fstat", "scandir"},
        "sqlite3": {"execute", "commit", "close"},
    },
}
DATA = b"%PDF-1.7\n" + b"1 0 obj << >> endobj\n" * 5000 + b"startxref\n9\n%%EOF\n"


class Receiving:
    """The roof's loop for one folder, as small as can be."""

    def __init__(self, base: Path, state: ReceiptState) -> None:
        self.inbox = base / "inn"
        self.source = FolderSource(source_id="s", path=self.inbox, vendor_id="fjord", quiet=0)
        self.blobs = FolderBlobs(base / "originals")
        self.engine = sa.create_engine(f"sqlite:///{base / 'ledger.sqlite'}", poolclass=sa.NullPool)
        self.outcome = Outcome(state=state, reason=None if state is ReceiptState.RECEIVED else INT_NOT_PDF())

    def once(self) -> None:
        """Scan, take, record, judge, finish; each durable before the next."""
        with self.engine.begin() as connection:
            known = ledger.known_keys(connection, "s")
        scan = self.source.scan(0.0, known=known)
        for refused in scan.refused:
            self._quarantine(refused)
        for entry in scan.ready:
            taken = self.source.take(entry, self.blobs)
            if taken is None or isinstance(taken, Refused):
                raise AssertionError("not taken")
            with self.engine.begin() as connection:
                ledger.record_receipt(connection, taken.delivery(), now=NOW)
        self._judge()
        self._finish()

    def _quarantine(self, refused: Refused) -> None:
        outcome = Outcome(state=ReceiptState.QUARANTINED, reason=refused.finding)
        with self.engine.begin() as connection:
            receipt = ledger.record_receipt(connection, refused.entry.delivery(), now=NOW)
            ledger.mark_decided(connection, receipt.id, outcome, now=NOW)

    def _judge(self) -> None:
        with self.engine.begin() as connection:
            for receipt in ledger.receipts_to_judge(connection):
                ledger.mark_judged(connection, receipt.sha256 or "", self.outcome, now=NOW)

    def _finish(self) -> None:
        with self.engine.begin() as connection:
            due = ledger.receipts_to_finish(connection, "s")
        for receipt in due:
            received = receipt.state is ReceiptState.RECEIVED
            into, note = (Done.DONE, None) if received else (Done.QUARANTINE, "Les dette")
            finished = self.source.finish(receipt, into, note=note)
            with self.engine.begin() as connection:
                ledger.mark_finished(connection, receipt.id, finished.outcome, now=NOW)

    def fault(self, *, refused: bool) -> str:
        """What is wrong after all is done; empty when nothing is."""
        with self.engine.begin() as connection:
            receipts = ledger.list_receipts(connection)
        if len(receipts) != 1 or receipts[0].finished_at is None:
            return f"{len(receipts)} receipts"
        (receipt,) = receipts
        folder = self.inbox / ("ferdig" if receipt.state is ReceiptState.RECEIVED else "karantene")
        name = f"{receipt.id:06d}_avtale.pdf"
        wanted = {name} if receipt.state is ReceiptState.RECEIVED else {name, f"{name}.grunn.txt"}
        if {path.name for path in folder.iterdir()} != wanted or len(list(self.inbox.iterdir())) != 2:
            return "files are not where they belong"
        if refused:
            return "" if receipt.reason == INT_NOT_REGULAR(kind="symbolic_link") else "another reason"
        digest = hashlib.sha256(DATA).hexdigest()
        if receipt.sha256 != digest or self.blobs.read(digest) != DATA or (folder / name).read_bytes() != DATA:
            return "other bytes"
        return ""


class Killer:
    """Counts steps and kills the process at one of them."""

    def __init__(self, calls: dict[str, set[str]], at: int, report: int) -> None:
        self._calls = calls
        self._left = at
        self._report = report

    def __call__(self, _frame: FrameType, event: str, function: object) -> None:
        if event not in {"c_call", "c_return"}:
            return
        module, name = self._name(function)
        if name not in self._calls.get(module, ()):
            return
        if self._left == 0:
            os.write(self._report, f"{event[2:]}:{name}".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    @staticmethod
    def _name(function: object) -> tuple[str, str]:
        name = getattr(function, "__name__", "")
        owner = type(getattr(function, "__self__", None)).__module__
        return ("sqlite3" if owner == "sqlite3" else getattr(function, "__module__", "") or "", name)


def run_child(work: Callable[[], None], calls: dict[str, set[str]], kill_at: int | None) -> tuple[bool, str]:
    """Run in a process of its own; returns whether it was killed, and where."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if kill_at is not None:
                sys.setprofile(Killer(calls, kill_at, write_end))
            work()
            sys.setprofile(None)
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - a child must never go on as the parent
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        place = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit("a child failed")
    return os.WIFSIGNALED(status), place


def prepare(base: Path, *, refused: bool) -> None:
    """A folder with one delivery in it and an empty ledger."""
    for name in ("inn", "originals"):
        (base / name).mkdir(parents=True)
    if refused:
        (base / "inn" / "avtale.pdf").symlink_to(base / "inn")
    else:
        (base / "inn" / "avtale.pdf").write_bytes(DATA)
    shutil.copy(base.parent / "empty.sqlite", base / "ledger.sqlite")


def main(base: Path, what: str, thoroughness: str) -> None:
    """Kill at step 0, 1, 2 … until receiving ends before the step is reached; twice in a row at every step."""
    refused, state = what == "refused", ReceiptState.RECEIVED if what == "received" else ReceiptState.QUARANTINED
    engine = sa.create_engine(f"sqlite:///{base / 'empty.sqlite'}", poolclass=sa.NullPool)
    ledger.metadata.create_all(engine)
    step, killed, calls = 0, True, CALLS[thoroughness]
    while killed:
        folder = base / f"{step}"
        prepare(folder, refused=refused)
        killed, place = run_child(lambda: Receiving(folder, state).once(), calls, step)  # noqa: B023 - run at once
        run_child(lambda: Receiving(folder, state).once(), calls, step // 2)  # noqa: B023
        run_child(lambda: Receiving(folder, state).once(), calls, None)  # noqa: B023
        fault = Receiving(folder, state).fault(refused=refused)
        print(step, place or "end", fault or "ok")  # noqa: T201 - its result
        shutil.rmtree(folder)
        step += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
