"""S/MIME encryption of a finished message (RFC 8551): the whole MIME entity goes inside, the envelope stays outside.

Subject, sender, recipient, date, Message-ID and our own fields stay readable, for mail systems route, match and file by
them; so they must never carry what is to be protected. The content is under AES-256 in CBC mode (RFC 8551 2.7), its key
under the recipient's RSA key.
"""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options
from cryptography.x509.oid import ExtendedKeyUsageOID

from agreements.errors import ConfigurationError

MIN_RSA_BITS: Final = 2048  # RFC 8551 4: below it a key is too weak to encrypt to
MAX_CERTIFICATE_BYTES: Final = 64 * 2**10  # one certificate in PEM has some 2 kB
_CONTENT: Final = b"content-"
_HEADER: Final = (
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name="smime.p7m"\r\n'
    b"Content-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="smime.p7m"\r\n'
)


def read_certificate(pem: bytes, *, now: datetime) -> x509.Certificate:
    """The certificate to encrypt to, fit for it at this time.

    Raises ConfigurationError: `encryption_certificate` with why it is not (`unfit`: unreadable, several, not_rsa, weak,
    key_usage, purpose, not_yet, expired).
    """
    if len(pem) > MAX_CERTIFICATE_BYTES:
        raise _unfit("unreadable")
    try:
        certificates = x509.load_pem_x509_certificates(pem)
        certificate = certificates[0]
        why = next(_faults(certificate, now), None)
    except (ValueError, IndexError) as error:
        raise _unfit("unreadable") from error
    if len(certificates) > 1:
        raise _unfit("several")
    if why is not None:
        raise _unfit(why)
    return certificate


def encrypt(message: bytes, certificate: x509.Certificate) -> bytes:
    """The message with everything but its envelope encrypted to the certificate, as `read_certificate` gives it."""
    outer, inner = _split(message)
    enveloped = (
        PKCS7EnvelopeBuilder()
        .set_data(inner)
        .add_recipient(certificate)
        .set_content_encryption_algorithm(AES256)
        .encrypt(Encoding.DER, [PKCS7Options.Binary])
    )
    return outer + _HEADER + b"\r\n" + base64.encodebytes(enveloped).replace(b"\n", b"\r\n")


def _faults(certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        yield "not_rsa"
    elif key.key_size < MIN_RSA_BITS:
        yield "weak"
    if now < certificate.not_valid_before_utc:
        yield "not_yet"
    if now > certificate.not_valid_after_utc:
        yield "expired"
    if not _may_encipher(certificate):
        yield "key_usage"
    if not _is_for_mail(certificate):
        yield "purpose"


def _may_encipher(certificate: x509.Certificate) -> bool:
    """RFC 8550 4.4.2: without the extension a key may be used for anything."""
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment
    except x509.ExtensionNotFound:
        return True


def _is_for_mail(certificate: x509.Certificate) -> bool:
    """RFC 8550 4.4.4: where purposes are named, mail or any is among them."""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return bool({ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(purposes))


def _unfit(why: str) -> ConfigurationError:
    return ConfigurationError("encryption_certificate", unfit=why)


def _split(message: bytes) -> tuple[bytes, bytes]:
    """The fields that stay outside, and the MIME entity that goes inside."""
    head, _, body = message.partition(b"\r\n\r\n")
    outer, inner = bytearray(), bytearray()
    into = outer
    for line in head.split(b"\r\n"):
        if line[:1] not in b" \t":  # else it goes on with the field before (RFC 5322 2.2.3)
            into = inner if line.lower().startswith(_CONTENT) else outer
            if line.lower().startswith(b"mime-version:"):
                continue
        into += line + b"\r\n"
    return bytes(outer), bytes(inner) + b"\r\n" + body
