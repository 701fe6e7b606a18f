"""G1, G2, G4, G5: killed anywhere between a file's or a mail's arrival and its forward, nothing is lost, nothing sent
twice.
"""

import json
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agreements.mail import AGREEMENT_HEADER
from tests.crash.crash_rounds import Order, Way
from tests.crash.post import Post
from tests.onboarding.installation import Template, parsed, point_at
from tests.outbox.mail_servers import Mailbox, RealServer

WORKERS = 2  # one for each processor of the machine these tests must be quick on
HANGS = 300.0  # seconds: ten times what all rounds take
SENDING = ("deliver", "last dot")
"""Of a file only: the forward of what came by mail is no other."""
STEPS: dict[Way, tuple[str, ...]] = {
    "file": ("put", "commit", "fsync", "rename", "finish", *SENDING),
    "mail": ("put", "commit", "finish", "move"),
    "copy": ("copy", "mark", "expunge"),
}
WELL = [["approved"], ["sent"], "forwarded", [1, 1]]
"""One judgement, one message, forwarded, each event once."""
FILE_RECEIPTS = [[["received", "moved", "document"]]]
MAIL_RECEIPTS = [[["received", outcome, "mail"], ["received", "inside", "document"]] for outcome in ("moved", "gone")]
"""`gone`: it was moved, and the process killed before that was written down."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What all rounds of one way came to."""

    rounds: list[dict[str, Any]]
    mails: Counter[str]
    """Per sender, which is another one in each round, how many forwards the mail server took."""

    @property
    def places(self) -> Counter[str]:
        """Where processes were killed."""
        return Counter(done["place"] for done in self.rounds if done["place"])

    @property
    def unknown(self) -> int:
        """Messages that a person had to settle."""
        return sum(done["message"] == "unknown" for done in self.rounds)

    def __str__(self) -> str:
        return (
            f"{self.places.total()} kill points ({len(self.places)} kinds), {self.unknown} messages settled by a "
            f"person, {sum(self.mails[done['sender']] for done in self.rounds)} mails for {len(self.rounds)} rounds"
        )


@pytest.fixture(scope="module")
def played(template: Template, post: Post, tmp_path_factory: pytest.TempPathFactory) -> dict[Way, Played]:
    """Every round of every way, by several workers at once."""
    work = tmp_path_factory.mktemp("rounds")
    returned, folder = work / "retur.pdf", work / "mal"
    returned.write_bytes(template.honest)
    shutil.copytree(template.folder, folder)
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        point_at(folder, server.port)
        rounds = _run_workers(
            [
                Order(
                    ways=list(STEPS),
                    template=str(folder),
                    work=str(work / f"{worker}"),
                    returned=str(returned),
                    worker=worker,
                    workers=WORKERS,
                    post=post.fields(),
                )
                for worker in range(WORKERS)
            ]
        )
    forwards = (each for each in mailbox.envelopes if parsed(each.original_content or b"")[AGREEMENT_HEADER])
    mails = Counter(envelope.mail_from or "" for envelope in forwards)
    return {way: Played(rounds=[done for done in rounds if done["way"] == way], mails=mails) for way in STEPS}


def _run_workers(orders: list[Order]) -> list[dict[str, Any]]:
    workers = []
    for order in orders:
        Path(order.work).mkdir()
        command = [sys.executable, "-m", "tests.crash.crash_rounds", order.write()]
        workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    rounds = []
    for process in workers:
        out, err = process.communicate(timeout=HANGS)
        assert process.returncode == 0, err
        rounds += [json.loads(line) for line in out.splitlines()]
    return sorted(rounds, key=lambda done: int(done["step"]))


def _killed_while_sending(done: dict[str, Any]) -> bool:
    """Between the commit that claims the message and the one that records what the server said."""
    sending = {"after:commit", "before:commit", *(f"{when}:{what}" for when in ("before", "after") for what in SENDING)}
    return bool({done["place"], done["second"]} & sending)


def require_well(way: Way, played: Played) -> None:
    """Whatever was killed where: every round ended as one without a kill would have."""
    for done in played.rounds:
        assert done["end"] == WELL, done
        assert done["broken"] is None, done
        assert played.mails[done["sender"]] == 1, done
        assert done["message"] in {"sent", "unknown"}, done
        assert (done["message"] == "unknown") <= _killed_while_sending(done), done
    assert {f"{when}:{what}" for when in ("before", "after") for what in STEPS[way]} <= played.places.keys()


def tell(capsys: pytest.CaptureFixture[str], what: object) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{what}\n")


@pytest.mark.crash
def test_killed_before_and_after_every_durable_step_nothing_is_lost_and_nothing_sent_twice(
    played: dict[Way, Played], capsys: pytest.CaptureFixture[str]
) -> None:
    require_well("file", played["file"])
    for done in played["file"].rounds:
        assert [done["receipts"]] == FILE_RECEIPTS, done
        assert done["source"] == [[True], [".avtalemottak", "ferdig"]], done
    assert played["file"].unknown
    tell(capsys, f"file: {played['file']}")


@pytest.mark.crash
def test_killed_before_and_after_every_durable_step_of_a_mail_nothing_is_lost_and_nothing_sent_twice(
    played: dict[Way, Played], capsys: pytest.CaptureFixture[str]
) -> None:
    require_well("mail", played["mail"])
    for done in played["mail"].rounds:
        assert done["receipts"] in MAIL_RECEIPTS, done
        assert done["source"] == [{"Inntak/Mottatt": [True]}], done
    assert not played["mail"].unknown
    tell(capsys, f"mail: {played['mail']}")


@pytest.mark.crash
def test_killed_between_copying_a_mail_and_taking_it_away_the_mail_is_received_once(
    played: dict[Way, Played], capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the copy and its mark nothing tells that there is one: a second one may be made, beside the first."""
    require_well("copy", played["copy"])
    for done in played["copy"].rounds:
        assert done["receipts"] in MAIL_RECEIPTS, done
        [lying] = done["source"]
        assert lying.keys() == {"Inntak/Mottatt"}, done
        assert all(lying["Inntak/Mottatt"]), done
        again = sum(done[killed] in {"after:copy", "before:mark"} for killed in ("place", "second"))
        assert 1 <= len(lying["Inntak/Mottatt"]) <= 1 + again, done
    tell(capsys, f"copy: {played['copy']}")
