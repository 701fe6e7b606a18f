"""Certificates to encrypt to, fit and unfit ones."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

MADE = datetime(2026, 11, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def certificate_for(
    key: Key | None = None,
    *,
    since: datetime = MADE,
    until: datetime | None = None,
    uses: tuple[str, ...] | None = ("key_encipherment",),
    purposes: tuple[ObjectIdentifier, ...] = (ExtendedKeyUsageOID.EMAIL_PROTECTION,),
) -> bytes:
    """A certificate of a mail recipient, in PEM."""
    key = key or rsa_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "salg@digipost.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(42).not_valid_before(since).not_valid_after(until or since + YEAR)
    if uses is not None:
        builder = builder.add_extension(x509.KeyUsage(**{use: use in uses for use in USES}), critical=True)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def write_key(path: Path, key: Key | None = None) -> Path:
    """The private key in a file, as openssl takes it."""
    data = (key or rsa_key()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(data)
    return path
