"""A throwaway authority that plays a real one, and what it signs."""

from collections.abc import Callable

import pytest

from agreements.signature_report import RevocationPolicy, SignatureReport
from signatures.judge import judge
from signatures.throwaway import ThrowawayPki
from signatures.trust import Trust
from tests.signatures.papers import NOW, RECEIVED, make_agreement, visible

Judge = Callable[..., SignatureReport]


@pytest.fixture(scope="session")
def pki() -> ThrowawayPki:
    return ThrowawayPki.create(NOW, demo=False)


@pytest.fixture(scope="session")
def trust(pki: ThrowawayPki) -> Trust:
    return Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=False)


@pytest.fixture(scope="session")
def agreement() -> bytes:
    return make_agreement()


@pytest.fixture(scope="session")
def judged(trust: Trust, agreement: bytes) -> Judge:
    """Judge a return against the agreement, visible text and all."""

    def run(pdf: bytes, issued: bytes = agreement, trust: Trust = trust) -> SignatureReport:
        return judge(pdf, trust=trust, at=RECEIVED, issued=issued, pages=visible(pdf), issued_pages=visible(issued))

    return run
