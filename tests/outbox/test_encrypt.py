"""An encrypted message can be opened by its recipient, by another program, and by nobody else."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from agreements.errors import ConfigurationError
from outbox.compose import Attachment, Letter, compose
from outbox.encrypt import encrypt, read_certificate
from tests.outbox.certificates import MADE, YEAR, certificate_for, rsa_key, write_key

NOW = MADE + timedelta(days=20)
PDF = bytes(range(256)) * 50
LETTER = Letter(
    sender="avtaler@example.org",
    sender_name="Fjordsystem AS – avtaler",
    recipient="digipost@example.org",
    subject="Signert avtale – æøå",
    body="Hei\n\nVedlagt.\n",
    date=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    message_id="<abc@example.org>",
    attachments=(Attachment(name="Avtale-DA-2026-000042-J.1-signert.pdf", media_type="application/pdf", data=PDF),),
    headers=(("X-Agreement-ID", "DA-2026-000042-J.1"),),
)


def parsed(data: bytes) -> EmailMessage:
    return message_from_bytes(data, policy=policy.default)


def opened_with_openssl(message: bytes, folder: Path) -> bytes:
    """Decrypted by OpenSSL's own reader of S/MIME mail."""
    (folder / "mail.eml").write_bytes(message)
    command = [
        "openssl",
        "cms",
        "-decrypt",
        "-in",
        "mail.eml",
        "-inform",
        "SMIME",
        "-inkey",
        str(write_key(folder / "key.pem")),
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout


def test_openssl_opens_what_was_encrypted_and_finds_everything_byte_for_byte(tmp_path: Path) -> None:
    plain = compose(LETTER)
    encrypted = encrypt(plain, read_certificate(certificate_for(), now=NOW))
    inner, whole = parsed(opened_with_openssl(encrypted, tmp_path)), parsed(plain)
    assert inner.get_body(("plain",)).get_content() == whole.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    [attachment] = inner.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content()) == (LETTER.attachments[0].name, PDF)


def test_a_letter_without_attachments_can_be_opened_too(tmp_path: Path) -> None:
    letter = Letter(**{**vars(LETTER), "attachments": ()})
    encrypted = encrypt(compose(letter), read_certificate(certificate_for(), now=NOW))
    assert parsed(opened_with_openssl(encrypted, tmp_path)).get_content().split() == LETTER.body.split()


def test_aes_256_is_used_and_nothing_of_the_content_can_be_seen(tmp_path: Path) -> None:
    encrypted = encrypt(compose(LETTER), read_certificate(certificate_for(), now=NOW))
    (tmp_path / "mail.eml").write_bytes(encrypted)
    command = ["openssl", "cms", "-cmsout", "-print", "-in", "mail.eml", "-inform", "SMIME"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    assert b"aes-256-cbc" in told
    assert b"Vedlagt" not in encrypted
    assert b"signert.pdf" not in encrypted


def test_the_envelope_stays_outside_once_each() -> None:
    mail = parsed(encrypt(compose(LETTER), read_certificate(certificate_for(), now=NOW)))
    assert (mail["Subject"], mail["Message-ID"], mail["X-Agreement-ID"]) == (
        LETTER.subject,
        LETTER.message_id,
        "DA-2026-000042-J.1",
    )
    names = [name.lower() for name in mail]
    assert sorted(names) == sorted(set(names))
    assert mail.get_content_type() == "application/pkcs7-mime"
    assert mail["Content-Type"].params["smime-type"] == "enveloped-data"


def test_every_line_of_it_fits_on_the_wire() -> None:
    encrypted = encrypt(compose(LETTER), read_certificate(certificate_for(), now=NOW))
    assert encrypted.isascii()
    assert max(map(len, encrypted.split(b"\r\n"))) <= 78
    assert b"\n" not in encrypted.replace(b"\r\n", b"")


def test_a_certificate_without_extensions_or_for_any_purpose_will_do() -> None:
    read_certificate(certificate_for(uses=None, purposes=()), now=NOW)
    read_certificate(certificate_for(purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)), now=NOW)


UNFIT: dict[str, Callable[[], bytes]] = {
    "unreadable": lambda: b"no certificate",
    "several": lambda: certificate_for() * 2,
    "not_rsa": lambda: certificate_for(ec.generate_private_key(ec.SECP256R1())),
    "weak": lambda: certificate_for(rsa_key(1024)),
    "key_usage": lambda: certificate_for(uses=("digital_signature",)),
    "purpose": lambda: certificate_for(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,)),
    "not_yet": lambda: certificate_for(since=NOW + timedelta(days=1)),
    "expired": lambda: certificate_for(since=NOW - YEAR, until=NOW - timedelta(days=1)),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_an_unfit_certificate_is_refused_with_the_reason(unfit: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_certificate(UNFIT[unfit](), now=NOW)
    assert (refused.value.code, refused.value.params) == ("encryption_certificate", {"unfit": unfit})


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"x" * 100_000]
)
def test_a_broken_file_is_no_certificate(pem: bytes) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_certificate(pem, now=NOW)
    assert refused.value.params == {"unfit": "unreadable"}
