"""Kills `run_once` before or after its k-th durable step, starts it again, and looks at what is left.

Run as a program by `test_crash.py`, with an `Order` as JSON. Worker w of n takes the steps w, w + n, w + 2n … until a
run ends before its step comes. Every run is a process forked from this one, which has done a whole run before, has a
warm sandbox and no threads. Prints one JSON line for each round.

What counts as a step is wrapped here, not in the product: storing bytes, every commit, fsync and rename, moving a file
or a mail away, and the delivery to the mail server with its last dot. The return comes as a file; or as a mail, to a
mailbox of its own for each round, and then its forward, which is that of a file, has no steps; or (`copy`) as a mail on
a server that can't move, and only what takes the place of moving is a step.
"""

import dataclasses
import functools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, Self

import sqlalchemy as sa
from imapclient import IMAPClient

import onboarding.jobs.loop
import onboarding.sources
import outbox.smtp.session
import outbox.smtp.transaction
from agreements.case import AgreementState
from intake.ledger import list_receipts
from intake.sources.folder import FolderSource
from intake.sources.mailbox import MailboxSource
from intake.sources.mailbox.client import SafeClient
from onboarding.blobs import FileBlobs
from onboarding.delivery import settle_message
from onboarding.inspection import open_sandbox
from onboarding.jobs.loop import run_once
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.sandbox import Sandbox
from onboarding.settings import MailboxSettings, Settings, find_actor, load_settings
from onboarding.store import Store
from onboarding.store.cases import list_cases
from onboarding.store.events import list_events, verify_chain
from onboarding.store.judgements import list_judgements
from onboarding.workspace import Workspace, open_workspace
from outbox.messages import Connection, Message, list_messages
from tests.crash.post import Post, return_mail

Way = Literal["file", "mail", "copy"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one worker is to do."""

    ways: list[Way]
    """One after the other; `copy` last: what it takes from the servers they do not get back."""
    template: str
    work: str
    returned: str
    """The signed agreement that comes back."""
    worker: int
    workers: int
    post: dict[str, Any]
    """The fields of `Post`."""

    @classmethod
    def read(cls, text: str) -> Self:
        return cls(**json.loads(text))

    def write(self) -> str:
        return json.dumps(asdict(self))


def clock() -> datetime:
    return datetime.now(UTC)


# --- steps ------------------------------------------------------------------------------------------------------------


class Killer:
    """Kills this process at its k-th step, after telling where it was."""

    def __init__(self, at: int, report: int) -> None:
        self._left = at
        self._report = report
        self.accepted = False

    def step(self, place: str) -> None:
        if self._left == 0:
            os.write(self._report, f"{place}|{int(self.accepted)}".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def disarm(self) -> None:
        """No step is counted any more."""
        self._left = -1

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.step(f"before:{name}")
            result = function(*args, **kwargs)
            self.step(f"after:{name}")
            return result

        return wrapped


_PUT: Final = (FileBlobs, "put_stream", "put")
PLACES: Final[dict[Way, tuple[tuple[Any, str, str], ...]]] = {
    "file": (
        _PUT,
        (FolderSource, "finish", "finish"),
        (os, "rename", "rename"),
        (os, "fsync", "fsync"),
        (outbox.smtp.session.Session, "deliver", "deliver"),
    ),
    "mail": (_PUT, (MailboxSource, "finish", "finish"), (SafeClient, "move", "move")),
    "copy": ((SafeClient, "copy", "copy"), (SafeClient, "add_flags", "mark"), (SafeClient, "uid_expunge", "expunge")),
}


def replace(owner: Any, name: str, value: Any) -> None:
    setattr(owner, name, value)


def arm(killer: Killer, way: Way) -> None:
    """Wrap every durable step of this process."""
    if way != "copy":
        _arm_commits(killer)
    if way == "file":
        _arm_the_last_dot(killer)
    else:
        _spare_the_forward(killer)
    for owner, name, place in PLACES[way]:
        replace(owner, name, killer.around(place, getattr(owner, name)))


def _arm_the_last_dot(killer: Killer) -> None:
    finish = outbox.smtp.transaction.finish

    def finished(*args: Any) -> Any:
        killer.step("before:last dot")
        outcome = finish(*args)
        killer.accepted = True
        killer.step("after:last dot")
        return outcome

    replace(outbox.smtp.session, "finish", finished)


def _spare_the_forward(killer: Killer) -> None:
    deliver_due = vars(onboarding.jobs.loop)["deliver_due"]

    def spared(*args: Any, **kwargs: Any) -> Any:
        killer.disarm()
        return deliver_due(*args, **kwargs)

    replace(onboarding.jobs.loop, "deliver_due", spared)


def _arm_commits(killer: Killer) -> None:
    begin = Store.begin

    @contextmanager
    def committing(self: Store) -> Iterator[sa.Connection]:
        with begin(self) as connection:
            yield connection
            killer.step("before:commit")
        killer.step("after:commit")

    replace(Store, "begin", committing)


# --- one round --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Rounds:
    """What all rounds share."""

    way: Way
    template: Path
    work: Path
    data: bytes
    post: Post
    sandbox: Sandbox

    def play(self, step: int) -> dict[str, Any]:
        """Kill at a step, kill the second run at an earlier one, let the third end, and look."""
        settings = self.prepared(f"{self.way}-{step}")
        place, accepted = self.run(settings, step)
        second = None
        if place:
            second, also_accepted = self.run(settings, step // 2)
            self.run(settings, None)
            accepted = accepted or also_accepted
        left = self.look(settings, accepted=accepted)
        shutil.rmtree(self.work / f"{self.way}-{step}")
        return {"step": step, "place": place, "second": second, **left}

    def prepared(self, name: str) -> Settings:
        """A copy of the template with the return delivered, and a sender of its own to tell its mail by."""
        folder, address = self.work / name, f"{name}@example.org"
        shutil.copytree(self.template, folder)
        settings = load_settings(folder / "config.yaml")
        smtp = settings.smtp.model_copy(update={"from_": address})
        mailboxes: tuple[MailboxSettings, ...] = ()
        if self.way == "file":
            (folder / "inn/avtale.pdf").write_bytes(self.data)
        else:
            self.post.deliver(address, return_mail(self.data))
            mailboxes = (MailboxSettings(**self.post.settings(address)),)
        return settings.model_copy(update={"smtp": smtp, "mailboxes": mailboxes})

    def run(self, settings: Settings, kill_at: int | None) -> tuple[str | None, bool]:
        """`run_once` in a process of its own; returns where it was killed, and whether the mail server had said yes."""
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if kill_at is not None:
                    arm(Killer(kill_at, write_end), self.way)
                with self.opened(settings) as workspace:
                    run_once(workspace)
                os._exit(0)
            except BaseException as error:  # noqa: BLE001 - a child must never go on as the parent
                os.write(2, f"{error!r}\n".encode())
                os._exit(1)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            place, _, accepted = pipe.read().decode().partition("|")
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            raise SystemExit(f"a run failed after {kill_at}")
        return place or None, accepted == "1"

    @contextmanager
    def opened(self, settings: Settings) -> Iterator[Workspace]:
        with open_workspace(settings, clock) as workspace:
            workspace.__dict__["sandbox"] = self.sandbox
            yield workspace

    def look(self, settings: Settings, *, accepted: bool) -> dict[str, Any]:
        """What is left; a message of unknown fate is settled as a person would who has asked the receiver."""
        with self.opened(settings) as workspace:
            message_states = [self.message(workspace)]
            if message_states == ["unknown"]:
                settle_message(workspace, 1, sent=accepted, actor=find_actor(settings, None))
        if message_states == ["unknown"]:
            self.run(settings, None)
        with self.opened(settings) as workspace, workspace.store.read() as connection:
            receipts, judgements = list_receipts(connection, None), list_judgements(connection)
            kinds = [event.kind for event in list_events(connection)]
            case = next(case for case in list_cases(connection) if case.agreement_state is not AgreementState.ISSUED)
            return {
                "message": message_states[0],
                "sender": settings.smtp.from_,
                "broken": verify_chain(connection),
                "receipts": [
                    [each.state.value, each.source_outcome, self.holds(workspace.blobs.read(each.sha256 or ""))]
                    for each in receipts
                ],
                "source": self.at_the_source(settings, workspace.blobs.read(receipts[0].sha256 or "")),
                "end": [
                    [judgement.status.value for judgement in judgements],
                    [message.state.value for message in _forwards(connection)],
                    case.agreement_state.value,
                    [kinds.count(kind) for kind in ("agreement.approved", "agreement.forwarded")],
                ],
            }

    def holds(self, stored: bytes) -> str:
        """What these bytes are: the document, or the mail that was sent."""
        if stored == self.data:
            return "document"
        return "mail" if stored.endswith(return_mail(self.data)) else "something else"

    def at_the_source(self, settings: Settings, stored: bytes) -> list[Any]:
        """What lies where, and whether it is what was stored: the folder's files, or the mailbox's mail."""
        if self.way != "file":
            lying = self.post.lying(settings.smtp.from_)
            return [{place: [mail == stored for mail in mails] for place, mails in lying.items() if mails}]
        inbox = settings.vendors[0].folders[0].path
        done = [path.read_bytes() == stored for path in (inbox / "ferdig").iterdir()]
        return [done, sorted(path.name for path in inbox.iterdir())]

    def message(self, workspace: Workspace) -> str:
        with workspace.store.read() as connection:
            [message] = _forwards(connection)
        return message.state.value


def _forwards(connection: Connection) -> list[Message]:
    """Letters to the organisation aside: a round that is run once more may write one."""
    return [message for message in list_messages(connection) if message.purpose == Purpose.FORWARD]


def warm_up(rounds: Rounds) -> None:
    """A whole run in this process, so that no other imports and loads anything anew.

    The summary that goes with the mail is laid out here and by no round: that takes its time and is no step.
    """
    private_fonts()
    from tests.crash.summaries import lay_out_once

    lay_out_once()
    replace(onboarding.sources, "FolderSource", functools.partial(_impatient, FolderSource))
    settings = rounds.prepared("warm-up")
    with rounds.opened(settings) as workspace:
        run_once(workspace)


def _impatient(kind: type[FolderSource], **settings: Any) -> FolderSource:
    """The file is whole when the run begins: nothing is waited for."""
    return kind(**{**settings, "quiet": 0.0, "doorbell": None})


def without_move() -> None:
    """Every server lacks MOVE from now on."""

    def has(client: SafeClient, capability: str) -> bool:
        return capability != "MOVE" and bool(IMAPClient.has_capability(client, capability))

    replace(SafeClient, "has_capability", has)


def main(order: Order) -> None:
    with open_sandbox() as sandbox:
        rounds = Rounds(
            way="file",
            template=Path(order.template),
            work=Path(order.work),
            data=Path(order.returned).read_bytes(),
            post=Post(**order.post),
            sandbox=sandbox,
        )
        warm_up(rounds)
        for way in order.ways:
            if way == "copy":
                without_move()
            play_all(dataclasses.replace(rounds, way=way), order)


def play_all(rounds: Rounds, order: Order) -> None:
    """This worker's rounds of one way."""
    step, killed = order.worker, True
    while killed:
        done = rounds.play(step)
        killed = done["place"] is not None
        print(json.dumps({"way": rounds.way, **done}), flush=True)  # noqa: T201 - its result
        step += order.workers


if __name__ == "__main__":
    main(Order.read(sys.argv[1]))
