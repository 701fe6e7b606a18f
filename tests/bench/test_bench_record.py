"""How fast the record is checked: 100,000 events, a fifth with words. Peer: hashing the same rows, and no more."""

import hashlib
import statistics
import time
from collections.abc import Callable

import pytest

from agreements.canonical import canonical_json
from onboarding.auditing import make_checkpoint, verify_record
from onboarding.store.events import GENESIS, _hash
from onboarding.store.tables import event_words, events
from onboarding.store.triggers import create_triggers
from onboarding.store.words import _digest
from tests.onboarding.conftest import installation, sandbox, template
from tests.onboarding.installation import Installation
from tests.store.examples import NOW

pytestmark = pytest.mark.bench
__all__ = ["installation", "sandbox", "template"]
EVENTS, ROUNDS = 100_000, 5


def seconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def test_the_whole_record_is_checked(installation: Installation) -> None:
    rows, words = _record()
    with installation.workspace.store.begin() as connection:
        for name in ("events_follow", "events_no_delete"):
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql("DELETE FROM events")
        connection.execute(events.insert(), rows)
        connection.execute(event_words.insert(), words)
        create_triggers(connection)
    make_checkpoint(installation.workspace)
    whole = seconds(lambda: verify_record(installation.workspace))
    peer = seconds(lambda: [hashlib.sha256(canonical_json(row).encode()).hexdigest() for row in rows])
    told = f"peer, hashing them alone: {peer:.2f} s ({whole / peer:.1f} x)"
    print(f"\naudit verify, {EVENTS:,} events: {whole:.2f} s; {told}")  # noqa: T201 - what the bench is for


def _record() -> tuple[list[dict[str, object]], list[dict[str, str]]]:
    rows: list[dict[str, object]] = []
    words: list[dict[str, str]] = []
    previous = GENESIS
    for seq in range(1, EVENTS + 1):
        data: dict[str, object] = {"fields": ["setup.sender_id"], "revision": seq}
        if seq % 5 == 0:
            salt, said = f"{seq:032x}", f"begrunnelse {seq}"
            digest = _digest(salt, said)
            words.append({"digest": digest, "salt": salt, "words": said})
            data["reason"] = {"digest": digest}
        row: dict[str, str | int | None] = {
            "seq": seq,
            "at": NOW.isoformat(),
            "case_number": "DA-2026-000042-J",
            "kind": "config.set",
            "actor": "kari",
            "os_user": "kari",
            "data": canonical_json(data),
            "prev_hash": previous,
        }
        previous = _hash(row)
        rows.append({**row, "hash": previous})
    return rows, words
