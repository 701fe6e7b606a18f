"""Whether a mail is what its From line says: DKIM, and stricter than DKIM."""

from collections.abc import Callable

import pytest

from intake.authenticity import Authenticity, check_signatures, find_key_names
from intake.throwaway_dkim import SIGNED, ThrowawayDomain

DIGIPOST = ThrowawayDomain("digipost.no")
STRANGER = ThrowawayDomain("digipost.no.example.org")
MAIL = (
    b"From: Desk <salg@digipost.no>\r\nTo: avtaler@example.org\r\nSubject: Re: Verifisering\r\n"
    b"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@digipost.no>\r\n\r\nDA-2026-000042-J 0123ABCD\r\n"
)
KEYS = {**DIGIPOST.records, **STRANGER.records}


def outcome(mail: bytes, keys: dict[str, str] | None = None) -> Authenticity:
    return check_signatures(mail, KEYS if keys is None else keys).outcome


def test_a_mail_signed_by_its_own_domain_passes_and_keeps_what_it_was_verified_with() -> None:
    signed = DIGIPOST.sign(MAIL)
    assert find_key_names(signed) == ("demo._domainkey.digipost.no",)
    check = check_signatures(signed, KEYS)
    assert check.outcome is Authenticity.PASSED
    assert (check.domain, check.key_name) == ("digipost.no", "demo._domainkey.digipost.no")
    assert KEYS[check.key_name] == check.key
    assert len(check.signature_sha256) == 64


FORGED: dict[str, tuple[Callable[[], bytes], Authenticity]] = {
    "no signature": (lambda: MAIL, Authenticity.UNSIGNED),
    "another domain's": (lambda: STRANGER.sign(MAIL), Authenticity.NOT_ALIGNED),
    "a domain above": (
        lambda: DIGIPOST.sign(MAIL.replace(b"salg@digipost.no", b"salg@under.digipost.no")),
        Authenticity.NOT_ALIGNED,
    ),
    "From unsigned": (lambda: DIGIPOST.sign(MAIL, headers=("From", "Date")), Authenticity.HEADERS_UNSIGNED),
    "length limited": (lambda: DIGIPOST.sign(MAIL, length=True), Authenticity.LENGTH_LIMITED),
    "text added": (lambda: DIGIPOST.sign(MAIL) + b"and more\r\n", Authenticity.INVALID),
    "subject changed": (lambda: DIGIPOST.sign(MAIL).replace(b"Re: V", b"Re: X"), Authenticity.INVALID),
    "a second From": (lambda: b"From: salg@digipost.no\r\n" + DIGIPOST.sign(MAIL), Authenticity.HEADERS_REPEATED),
    "no date": (lambda: DIGIPOST.sign(MAIL.replace(b"Date: ", b"X-Date: ")), Authenticity.HEADERS_REPEATED),
    "two senders": (
        lambda: DIGIPOST.sign(MAIL.replace(b"<salg@digipost.no>", b"<salg@digipost.no>, <x@example.org>")),
        Authenticity.NOT_ALIGNED,
    ),
    "a broken signature field": (lambda: b"DKIM-Signature: nothing\r\n" + MAIL, Authenticity.NOT_ALIGNED),
    "a short key": (
        lambda: ThrowawayDomain("digipost.no", bits=1024, selector="x").sign(MAIL),
        Authenticity.KEY_MISSING,
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_not_signed_as_it_must_be_does_not_pass(name: str) -> None:
    make, expected = FORGED[name]
    assert outcome(make()) is expected


def test_a_mail_without_a_key_in_dns_does_not_pass() -> None:
    assert outcome(DIGIPOST.sign(MAIL), {}) is Authenticity.KEY_MISSING
    revoked = dict.fromkeys(DIGIPOST.records, "v=DKIM1; k=rsa; p=")
    assert outcome(DIGIPOST.sign(MAIL), revoked) is Authenticity.INVALID
    assert outcome(DIGIPOST.sign(MAIL), dict.fromkeys(DIGIPOST.records, "nonsense")) is Authenticity.INVALID


def test_a_stranger_s_signature_beside_the_right_one_changes_nothing() -> None:
    assert outcome(STRANGER.sign(DIGIPOST.sign(MAIL))) is Authenticity.PASSED
    assert outcome(DIGIPOST.sign(STRANGER.sign(MAIL))) is Authenticity.PASSED


def test_more_signatures_than_are_looked_at_are_no_way_in_and_no_way_to_hang_it_up() -> None:
    mail = b"".join(b"DKIM-Signature: v=1; d=digipost.no; s=%d; h=from\r\n" % n for n in range(5000)) + MAIL
    assert outcome(mail) is Authenticity.HEADERS_UNSIGNED
    assert len(find_key_names(mail)) == 8


def test_a_signature_with_sha1_does_not_pass() -> None:
    signed = DIGIPOST.sign(MAIL, headers=SIGNED).replace(b"a=rsa-sha256", b"a=rsa-sha1")
    assert outcome(signed) is Authenticity.INVALID


@pytest.mark.parametrize("mail", [b"", b"\r\n\r\n", b"x", b"From: a\r\n b", b"\xff" * 500, b"DKIM-Signature: \r\n\r\n"])
def test_what_is_hardly_a_mail_is_told_and_raises_nothing(mail: bytes) -> None:
    assert outcome(mail) is not Authenticity.PASSED
    assert find_key_names(mail) == ()
