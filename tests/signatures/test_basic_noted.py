"""Validation with time tells what basic validation said, so that it is not done twice."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed, AdESSubIndic
from pyhanko.sign.validation.ades import ades_basic_validation, ades_with_time_validation
from pyhanko_certvalidator.policy_decl import NO_REVOCATION

from agreements.signature_report import Indication, Revocation, RevocationPolicy
from signatures.cms import read_cms, signed_digest
from signatures.digests import Digests
from signatures.document import open_document
from signatures.engine import Engine, _Notes
from signatures.enumerate import enumerate_signatures
from signatures.judge import judge
from signatures.knowledge import read_store
from signatures.prescan import prescan
from signatures.rules import specification
from signatures.throwaway import LeafOptions, ThrowawayPki, sign
from signatures.trust import Trust
from signatures.waiting import run
from tests.signatures.papers import NOW, RECEIVED

EXPIRY = NOW + timedelta(days=2)


@pytest.fixture(scope="module")
def stamped(pki: ThrowawayPki, agreement: bytes) -> bytes:
    """Time-stamped while the certificate was in force, without any revocation data."""
    kari = pki.person("Kari Nordmann", options=LeafOptions(not_after=EXPIRY))
    return sign(agreement, kari, field="Signatur1", level="B-T", now=NOW)


@pytest.fixture(scope="module")
def trust(pki: ThrowawayPki) -> Trust:
    return Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=True)


@pytest.mark.parametrize(
    ("at", "outcome"),
    [(RECEIVED, AdESPassed.OK), (EXPIRY + timedelta(days=1), AdESIndeterminate.OUT_OF_BOUNDS_NO_POE)],
    ids=["in force", "expired"],
)
def test_what_is_noted_is_what_basic_validation_says(
    stamped: bytes, trust: Trust, at: datetime, outcome: AdESSubIndic
) -> None:
    document, digests = open_document(stamped), Digests(stamped)
    store, ever = read_store(document)
    engine = Engine(trust=trust, at=at, document=document, store=store, ever=ever, kept=ever)
    (found,) = enumerate_signatures(document, prescan(stamped)).signatures
    cms = read_cms(found.contents or b"")
    digest = signed_digest(digests, found, cms.digest_name)
    spec = specification(trust, NO_REVOCATION, engine._knowledge(cms))
    notes = _Notes()
    noting: Any = notes.status
    timed = run(
        ades_with_time_validation(
            cms.signed_data, spec, timing_info=engine._timing, raw_digest=digest, status_cls=noting
        )
    )
    basic = run(ades_basic_validation(cms.signed_data, spec, timing_info=engine._timing, raw_digest=digest))
    assert timed.ades_subindic is AdESPassed.OK
    assert notes.basic is basic.ades_subindic is outcome


def test_an_expired_certificate_of_which_nothing_says_that_it_was_good_is_not_called_so(
    stamped: bytes, trust: Trust
) -> None:
    """The engine passes it, whatever is required: of an expired certificate it never asks whether it was revoked."""
    (result,) = judge(stamped, trust=trust, at=EXPIRY + timedelta(days=1)).signatures
    assert (result.indication, result.revocation) == (Indication.INDETERMINATE, Revocation.UNKNOWN)
