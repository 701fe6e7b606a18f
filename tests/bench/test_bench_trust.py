"""Trusted lists: reading one once, and afterwards, beside pyHanko's own parse each time.

The peer does not verify: it asks for XAdES properties, which the lists made here lack.
"""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from pyhanko.sign.validation.qualified.eutl_parse import trust_list_to_registry_unsafe

from agreements.canonical import canonical_json
from signatures.listed import TrustedList
from signatures.lists import read_list
from signatures.throwaway import ThrowawayPki
from tests.signatures.papers import NOW
from tests.signatures.trusted_lists import GRANTED, WITHDRAWN, Service, make_operator, national_list

pytestmark = pytest.mark.bench
SERVICES, ROUNDS = 60, 9  # more than the Norwegian list has


def milliseconds(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times) * 1000


def test_a_list_is_read_once_and_loads_at_once_afterwards() -> None:
    pki, operator = ThrowawayPki.create(NOW, demo=False), make_operator("NO", NOW)
    since, past = NOW - timedelta(days=900), NOW - timedelta(days=1900)
    authority = pki.intermediate.der
    service = Service(certificate=authority, since=since, history=((WITHDRAWN, past),), status=GRANTED)
    data = national_list(operator, (service,) * SERVICES, issued=NOW, until=NOW + timedelta(days=90))
    kept = canonical_json(read_list(data).model_dump(mode="json"))
    once = milliseconds(lambda: read_list(data))
    afterwards = milliseconds(lambda: TrustedList.model_validate_json(kept))
    peer = milliseconds(lambda: trust_list_to_registry_unsafe(data.decode()))
    figures = f"once {once:.1f} ms, afterwards {afterwards:.2f} ms, pyHanko's parse {peer:.1f} ms"
    print(f"\ntrusted list, {len(data) // 1000} kB: {figures}")  # noqa: T201 - the figure is what the bench is for
    assert once <= 200
    assert afterwards <= 2
