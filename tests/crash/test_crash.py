"""G1, G2, G4, G5: killed anywhere between a file's arrival and its mail, nothing is lost and nothing sent twice."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.onboarding.installation import make_template, point_at
from tests.outbox.mail_servers import Mailbox, RealServer

WORKERS = 2  # one for each processor of the machine these tests must be quick on
AT_MOST = 90.0  # seconds
STEPS = ("put", "commit", "fsync", "rename", "finish", "deliver", "last dot")
WELL = [1, [True], ["approved"], [True], [".avtalemottak", "ferdig"], ["sent"], "forwarded", [1, 1]]
"""One receipt with identical bytes, one judgement, the file in `ferdig/`, one message, forwarded, each event once."""


def play(template: Path, returned: Path, work: Path) -> list[dict[str, Any]]:
    """Every round, by several workers at once."""
    workers = []
    for worker in range(WORKERS):
        (work / f"{worker}").mkdir()
        arguments = [str(template), str(work / f"{worker}"), str(returned), str(worker), str(WORKERS)]
        command = [sys.executable, "-m", "tests.crash.crash_rounds", *arguments]
        workers.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    rounds = []
    for process in workers:
        out, err = process.communicate(timeout=AT_MOST)
        assert process.returncode == 0, err
        rounds += [json.loads(line) for line in out.splitlines()]
    return sorted(rounds, key=lambda done: int(done["step"]))


def _killed_while_sending(done: dict[str, Any]) -> bool:
    """Between the commit that claims the message and the one that records what the server said."""
    sending = {
        "after:commit",
        "before:commit",
        *(f"{when}:{what}" for when in ("before", "after") for what in STEPS[5:]),
    }
    return bool({done["place"], done["second"]} & sending)


@pytest.mark.crash
def test_killed_before_and_after_every_durable_step_nothing_is_lost_and_nothing_sent_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = make_template(tmp_path / "template")
    returned = tmp_path / "retur.pdf"
    returned.write_bytes(template.honest)
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        point_at(template.folder, server.port)
        (tmp_path / "work").mkdir()
        rounds = play(template.folder, returned, tmp_path / "work")
    mails = Counter(envelope.mail_from for envelope in mailbox.envelopes)
    for done in rounds:
        assert done["end"] == WELL, done
        assert done["broken"] is None, done
        assert mails[done["sender"]] == 1, done
        assert done["message"] in {"sent", "unknown"}, done
        assert (done["message"] == "unknown") <= _killed_while_sending(done), done
    places = Counter(done["place"] for done in rounds if done["place"])
    assert {f"{when}:{what}" for when in ("before", "after") for what in STEPS} <= places.keys()
    unknown = sum(done["message"] == "unknown" for done in rounds)
    assert unknown
    with capsys.disabled():
        sys.stdout.write(
            f"\n{places.total()} kill points ({len(places)} kinds), {unknown} messages settled by a person, "
            f"{sum(mails.values())} mails for {len(rounds)} rounds\n"
        )
