"""What `config set` takes out of a file: a certificate, an SSH key's fingerprint, a logo. Never a secret.

A certificate file is read for what it says of itself, and not kept. A file with a private key in it is refused whatever
else is there: nobody should get used to handing keys to this program. A logo is kept among the originals.
"""

import base64
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agreements.canonical import JsonValue
from agreements.catalogue import Field, FieldType
from agreements.characters import tidy
from agreements.values import ValueFault, parse_value
from onboarding.blobs import FileBlobs
from onboarding.files import OddFileError, open_file

if TYPE_CHECKING:  # cryptography is loaded where a certificate is read
    from cryptography.x509 import Certificate

MAX_REFERENCE_BYTES: Final = 64 * 2**10
"""Largest certificate or key file; ours: a certificate with its whole chain has some 10 KB."""
MAX_LOGO_BYTES: Final = 5 * 2**20
"""Largest logo; ours, so that a photograph of the whole office is noticed."""
_FINGERPRINT: Final = "SHA256:"
_PEM_KEY: Final = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_KEY_STORE: Final = re.compile(rb"\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...|\x84....)\x02\x01\x03\x30", re.DOTALL)
"""How PKCS#12 begins (RFC 7292, 4): a sequence, version 3, a sequence. A certificate begins with two sequences."""
_JAVA_KEY_STORE: Final = b"\xfe\xed\xfe\xed"
_PUBLIC_KEY: Final = re.compile(rb"[a-z0-9@.-]+ ([A-Za-z0-9+/=]+)(?: [^\r\n]*)?\r?\n?")
"""One line as OpenSSH writes it: kind, key, comment."""


def read_typed(field: Field, typed: str, *, allow_synthetic: bool, blobs: FileBlobs, now: datetime) -> JsonValue:
    """The canonical value of what was typed, read from the file that it names where the field's value stands in one.

    Raises ValueFault.
    """
    if field.type is FieldType.CERTIFICATE:
        return read_certificate(_read(typed, MAX_REFERENCE_BYTES), now=now)
    if field.type is FieldType.SSH_FINGERPRINT and not typed.strip().startswith(_FINGERPRINT):
        return read_fingerprint(_read(typed, MAX_REFERENCE_BYTES))
    if field.type is FieldType.FILE:
        return {"name": tidy(Path(typed).name), "sha256": blobs.put(_read(typed, MAX_LOGO_BYTES))}
    return parse_value(field, typed, allow_synthetic=allow_synthetic)


def read_certificate(data: bytes, *, now: datetime) -> dict[str, JsonValue]:
    """What is said of a certificate in PEM or DER: subject, issuer, serial number, last day (UTC), SHA-256.

    Its issuers' may stand in the same file. Raises ValueFault: a private key or a key store, no certificate, several,
    one that only issues others, one that has expired.
    """
    _refuse_key(data)
    own = [one for one in _certificates(data) if not _issues_others(one)]
    if len(own) != 1:
        raise ValueFault("certificate_several" if own else "certificate_of_issuer")
    certificate = own[0]
    if certificate.not_valid_after_utc <= now:
        raise ValueFault("certificate_expired", day=certificate.not_valid_after_utc.date().isoformat())
    from cryptography.hazmat.primitives.hashes import SHA256

    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:x}",
        "not_after": certificate.not_valid_after_utc.astimezone(UTC).date().isoformat(),
        "sha256": certificate.fingerprint(SHA256()).hex(),
    }


def read_fingerprint(data: bytes) -> str:
    """The fingerprint of a public SSH key as `ssh-keygen -l` writes it. Raises ValueFault."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    _refuse_key(data)
    line = _PUBLIC_KEY.fullmatch(data)
    try:
        if line is None:
            raise ValueFault("ssh_public_key")
        load_ssh_public_key(data)
        key = base64.b64decode(line[1], validate=True)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueFault("ssh_public_key") from error
    return _FINGERPRINT + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _certificates(data: bytes) -> "list[Certificate]":
    from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(data) if b"-----BEGIN " in data else [load_der_x509_certificate(data)]
    except ValueError as error:
        raise ValueFault("not_a_certificate") from error


def _issues_others(certificate: "Certificate") -> bool:
    from cryptography.x509 import BasicConstraints, ExtensionNotFound

    try:
        return certificate.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False
    except ValueError as error:  # an extension that can't be read
        raise ValueFault("not_a_certificate") from error


def _refuse_key(data: bytes) -> None:
    if _PEM_KEY.search(data) or _KEY_STORE.match(data) or data.startswith(_JAVA_KEY_STORE) or _is_der_key(data):
        raise ValueFault("private_key")


def _is_der_key(data: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        load_der_private_key(data, password=None)
    except (ValueError, UnsupportedAlgorithm):
        return False
    except TypeError:  # it needs a password
        return True
    return True


def _read(typed: str, limit: int) -> bytes:
    try:
        with open_file(Path(typed.strip())) as stream:
            data = stream.read(limit + 1)
    except (OddFileError, OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise ValueFault("file_not_readable") from error
    if not 0 < len(data) <= limit:
        raise ValueFault("file_size", limit=limit)
    return data
