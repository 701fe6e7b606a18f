"""SIGKILL at random moments while files and mails of every kind arrive: afterwards everything adds up (G1 to G6)."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from agreements.language import Language
from agreements.texts import text
from intake.ledger import find_oldest_unfinished, list_receipts
from intake.receipts import SourceOutcome
from onboarding.delivery import settle_message
from onboarding.purposes import Purpose
from outbox.states import LEFT, State
from tests.crash.post import Post
from tests.crash.storm import Aftermath, Dropped, Storm, make_storm
from tests.intake.imap_servers import USER, Dovecot, eventually
from tests.onboarding.installation import KARI, Installation, Template, opened_copy, sign_return

KILLS = int(os.environ.get("AVTALE_KILLS", "16"))  # `make crash-long`: 500
FILES, MAILS, RETURNS, RENUMBERED = (300, 200, 12, 5) if KILLS >= 500 else (60, 40, 3, 2)
SEED = int(os.environ.get("AVTALE_SEED", "5"))
FED_AFTER = 0.8
"""The share of the kills after which everything has arrived."""
GUST = max(1, KILLS // 100)
"""Lives between two gusts: everything comes in at least a dozen of them, so that there is work to be killed in."""
QUIET_SECONDS = 0.35
_STARTED = text("talk.run_started", Language.NB)


@pytest.fixture
def installation(template: Template, post: Post, tmp_path: Path) -> Iterator[Installation]:
    """It watches a folder and a mailbox, and sends to a mail server that keeps what it takes."""

    def watch(document: dict[str, Any]) -> None:
        document["vendors"][0]["folders"][0]["quiet_seconds"] = QUIET_SECONDS
        document["mailboxes"] = [post.settings(USER)]

    with opened_copy(template, tmp_path / "avtale", sandbox=None, change=watch) as opened:
        yield opened


@pytest.fixture
def warm(template: Template, tmp_path: Path) -> Iterator[Path]:
    """A folder for the whole run that is done before the first kill."""
    with opened_copy(template, tmp_path / "varm", sandbox=None) as opened:
        opened.drop("avtale.pdf", template.honest)
        yield opened.folder


def signed_returns(installation: Installation) -> list[bytes]:
    """So many customers' signed agreements."""
    issues = [installation.issue(KARI) for _ in range(RETURNS)]
    return [sign_return(issue.pdf, installation.pki.person(KARI)) for issue in issues]


def feed(lives: IO[str], storm: Storm, installation: Installation, post: Post, server: Dovecot) -> int:
    """Have everything arrive, evenly over the lives; returns how many there were."""
    items, began = list(storm.mixed()), 0
    fed = 0
    for _ in lives:
        began += 1
        until = min(len(items), round(len(items) * (began // GUST * GUST) / (KILLS * FED_AFTER)))
        for item in items[fed:until]:
            if isinstance(item, Dropped):
                item.drop(installation.inbox)
            else:
                post.deliver(USER, item.data)
        fed = until
        if began % (KILLS // (RENUMBERED + 1)) == 0 and server.numbered < RENUMBERED:
            server.renumber()
    assert fed == len(items)
    return began


def settle(installation: Installation) -> int:
    """What a person does with messages of unknown fate who has asked the receiver; returns how many there were."""
    taken = {mail["Message-ID"] for mail in installation.every_mail()}
    unknown = [message for message in installation.messages() if message.state is State.UNKNOWN]
    for message in unknown:
        settle_message(installation.workspace, message.id, sent=message.message_id in taken, actor=installation.actor)
    return len(unknown)


def run_undisturbed(installation: Installation, post: Post) -> int:
    """`avtale run` as installed, until nothing is left to do; returns how many messages a person had to settle."""
    avtale = Path(sys.executable).with_name("avtale")
    command = [str(avtale), "--config", str(installation.config), "run"]
    said, settled = installation.folder.parent / "undisturbed", 0
    with said.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as program:
        try:
            eventually(lambda: _STARTED in said.read_text())
            eventually(lambda: _is_done(installation, post), seconds=120, every=0.2)
            settled = settle(installation)
            eventually(lambda: _is_done(installation, post), seconds=120, every=0.2)
        finally:
            program.terminate()
        assert program.wait(30) == 0, said.read_text()
    return settled


def _is_done(installation: Installation, post: Post) -> bool:
    left = [path for path in installation.inbox.iterdir() if path.is_file() and not path.name.startswith(".")]
    open_messages = [m for m in installation.messages() if m.state in {State.QUEUED, State.SENDING}]
    with installation.workspace.store.read() as connection:
        unfinished = find_oldest_unfinished(connection)
    told = [m for m in installation.messages() if m.purpose == Purpose.NEXT_STEP]
    untold = len(told) < sum(message.state in LEFT for message in installation.forwards())
    return not (left or untold or open_messages or unfinished or post.lying(USER)["INBOX"])


@pytest.mark.crash
def test_killed_at_random_moments_of_a_storm_everything_adds_up_at_the_end(  # noqa: PLR0917 - fixtures
    installation: Installation,
    warm: Path,
    post: Post,
    server: Dovecot,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    returns = signed_returns(installation)
    storm = make_storm(FILES, MAILS, returns)
    started = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "tests.crash.storm_lives",
        str(installation.folder),
        str(warm),
        str(SEED),
        str(KILLS),
    ]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as lives,
    ):
        assert lives.stdout is not None
        began = feed(lives.stdout, storm, installation, post, server)
    assert (lives.returncode, began) == (0, KILLS), (tmp_path / "log").read_text()
    with installation.workspace.store.read() as connection:
        finished = sum(receipt.finished_at is not None for receipt in list_receipts(connection))
    settled = run_undisturbed(installation, post)
    aftermath = Aftermath(storm=storm, installation=installation, lying=post.lying(USER), renumbered=server.numbered)
    assert aftermath.faults() == []
    assert len(installation.mails()) == len(returns)
    assert finished > len(aftermath.receipts) / 10  # work was done under the kills too, not only after them
    outcomes = Counter(receipt.source_outcome for receipt in aftermath.receipts)
    with capsys.disabled():
        sys.stdout.write(
            f"\nstorm: {KILLS} kills in {time.monotonic() - started:.0f} s, {len(storm.files)} files and "
            f"{len(storm.mails)} mails, {len(aftermath.receipts)} receipts ({finished} finished before the last run), "
            f"{outcomes[SourceOutcome.GONE]} moved but not yet noted when killed, "
            f"{outcomes[SourceOutcome.CHANGED]} numbered anew, {settled} messages settled by a person, "
            f"{len(returns)} agreements forwarded once each\n"
        )
