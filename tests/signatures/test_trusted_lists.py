"""Trusted lists: what is read out of them, and what they make of a signature."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from agreements.signature_report import Indication, ListStatus, SignatureReport
from signatures.judge import judge
from signatures.lists import ListError, read_list
from signatures.throwaway import ThrowawayPki, sign
from signatures.trust import Trust
from tests.signatures.papers import NOW, RECEIVED, visible
from tests.signatures.trusted_lists import GRANTED, WITHDRAWN, Operator, Service, make_operator, national_list

LONG_AGO = NOW - timedelta(days=900)
UNTIL = NOW + timedelta(days=90)
Judged = Callable[..., SignatureReport]


@pytest.fixture(scope="module")
def operator() -> Operator:
    return make_operator("Kastbar tilsynsmyndighet", NOW)


@pytest.fixture(scope="module")
def listed(pki: ThrowawayPki, operator: Operator, trust: Trust) -> Callable[..., Trust]:
    def make(*, until: datetime = UNTIL, other: bool = False, **service: object) -> Trust:
        authority = ThrowawayPki.create(NOW, demo=False).intermediate if other else pki.intermediate
        named = Service(**{"certificate": authority.der, "since": LONG_AGO} | service)  # type: ignore[arg-type]
        found = read_list(national_list(operator, (named,), issued=LONG_AGO, until=until))
        return Trust.from_json(replace(trust, lists=(found,), require_qualified=True).to_json())

    return make


@pytest.fixture(scope="module")
def returned(pki: ThrowawayPki, agreement: bytes) -> bytes:
    return sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", now=NOW)


def report(pdf: bytes, issued: bytes, trust: Trust) -> SignatureReport:
    return judge(pdf, trust=trust, at=RECEIVED, issued=issued, pages=visible(pdf), issued_pages=visible(issued))


def codes(found: SignatureReport) -> set[str]:
    return {finding.code for finding in found.findings} & {"SIG-028", "SIG-029"}


def status(found: SignatureReport) -> ListStatus | None:
    listing = found.signatures[0].signer.listing
    return None if listing is None else listing.status


def test_a_signature_whose_authority_is_granted_is_qualified_by_the_list(
    listed: Callable[..., Trust], returned: bytes, agreement: bytes
) -> None:
    found = report(returned, agreement, listed())
    assert (found.indication, codes(found), status(found)) == (Indication.TOTAL_PASSED, set(), ListStatus.QUALIFIED)


def test_what_the_list_does_not_call_qualified_is_for_a_person(
    listed: Callable[..., Trust], returned: bytes, agreement: bytes
) -> None:
    for trust, expected in (
        (listed(status=WITHDRAWN, history=((GRANTED, LONG_AGO - timedelta(days=900)),)), ListStatus.WITHDRAWN),
        (listed(since=RECEIVED + timedelta(days=1)), ListStatus.WITHDRAWN),
        (listed(other=True), ListStatus.NOT_LISTED),
        (listed(qualifier="NotQualified"), ListStatus.NOT_QUALIFIED),
    ):
        found = report(returned, agreement, trust)
        assert (codes(found), status(found)) == ({"SIG-028"}, expected)
        assert (found.indication, found.sub_indication) == (Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE")
        assert found.signatures[0].signer.qualified is False


def test_a_stale_list_or_none_neither_rejects_nor_passes(
    listed: Callable[..., Trust], returned: bytes, agreement: bytes
) -> None:
    for trust in (listed(until=RECEIVED), replace(listed(), lists=())):
        found = report(returned, agreement, trust)
        assert codes(found) == {"SIG-029"}
        assert (found.indication, found.sub_indication) == (Indication.INDETERMINATE, "TRY_LATER")


def test_without_the_requirement_a_stale_list_changes_nothing(
    listed: Callable[..., Trust], returned: bytes, agreement: bytes
) -> None:
    found = report(returned, agreement, replace(listed(until=RECEIVED), require_qualified=False))
    assert (found.indication, codes(found)) == (Indication.TOTAL_PASSED, set())


def test_a_list_makes_nobody_trusted(listed: Callable[..., Trust], returned: bytes, agreement: bytes) -> None:
    trust = replace(listed(), anchors=(ThrowawayPki.create(NOW, demo=False).root.der,))
    found = report(returned, agreement, trust)
    assert not found.signatures[0].trusted
    assert status(found) is None


def test_the_trust_id_covers_the_lists_and_the_requirement(listed: Callable[..., Trust]) -> None:
    one, other = listed(), listed(status=WITHDRAWN)
    assert len({one.id, other.id, replace(one, require_qualified=False).id, replace(one, lists=()).id}) == 4


def test_a_list_that_was_altered_or_is_hostile_is_not_read(pki: ThrowawayPki, operator: Operator) -> None:
    service = Service(certificate=pki.intermediate.der, status=WITHDRAWN, since=LONG_AGO)
    good = national_list(operator, (service,), issued=LONG_AGO, until=UNTIL)
    read_list(good)
    bomb = b'<!DOCTYPE a [<!ENTITY x "' + b"y" * 1000 + b'"><!ENTITY z "' + b"&x;" * 1000 + b'">]><a>&z;</a>'
    unsigned = good[: good.index(b"<ds:Signature")] + b"</TrustServiceStatusList>"
    for data, fault in (
        (good.replace(WITHDRAWN.encode(), GRANTED.encode()), "signature"),
        (unsigned, "signature"),
        (
            good.replace(b"<TrustServiceStatusList", b"<!DOCTYPE TrustServiceStatusList><TrustServiceStatusList"),
            "unreadable",
        ),
        (bomb, "unreadable"),
        (b"%PDF-1.7", "unreadable"),
        (b"", "unreadable"),
        (good + b" " * 2**24, "too-large"),
    ):
        with pytest.raises(ListError) as refused:
            read_list(data)
        assert refused.value.fault == fault
