"""The issuer's seal: the vendor's own certification signature on what it issues (optional).

A PAdES signature (ETSI EN 319 142-1, B-B) that certifies the document for form filling and signing (DocMDP, P = 2; ISO
32000-1, 12.8.2.2): Acrobat and others then warn of everything else that is done to it. It proves nothing to ourselves,
for we keep the issued bytes; the judge counts it as nobody's signature (`judge`).

The key is loaded once, and never leaves this module. A sealed document can't be made again byte for byte: the claimed
time and an EC signature differ each time. What was issued is stored, not made again.
"""

import asyncio
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import Certificate, ExtensionNotFound, KeyUsage
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field, enumerate_sig_fields
from pyhanko_certvalidator.registry import SimpleCertificateStore

from agreements.agreement import SEAL_FIELD
from agreements.errors import ConfigurationError
from signatures.algorithms import key_allowed

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_DIGEST: Final = "sha256"
_CMS_HEX: Final = 16_384  # hexadecimal digits kept free: 8 KiB, for a signature with four certificates of 1.5 KiB
_PROBE: Final = b"avtalemottak: is this the key of this certificate?"


class Sealer:
    """Seals documents with one certificate. Made by `open_pkcs12` or `open_pkcs11`; not for several threads."""

    def __init__(self, signer: signers.Signer, certificate: Certificate) -> None:
        """Raises ConfigurationError `seal_key` if key and certificate don't belong together."""
        self._signer = signer
        self._certificate = certificate
        _check_pair(signer, certificate)

    @property
    def expires(self) -> datetime:
        """When the certificate ends (UTC)."""
        return self._certificate.not_valid_after_utc

    def check(self, now: datetime) -> None:
        """Raise ConfigurationError if nothing may be sealed now.

        `seal_expired`, `seal_weak` (signatures.algorithms), `seal_usage` (RFC 5280, 4.2.1.3: the certificate is for
        something else).
        """
        if not self._certificate.not_valid_before_utc <= now < self._certificate.not_valid_after_utc:
            raise ConfigurationError("seal_expired", until=self.expires.date().isoformat())
        if not _is_strong(self._certificate, now):
            raise ConfigurationError("seal_weak")
        if not _may_sign(self._certificate):
            raise ConfigurationError("seal_usage")

    def seal(self, pdf: bytes, *, now: datetime) -> bytes:
        """The document with the seal appended. `now`: the claimed time. Raises ConfigurationError, see `check`."""
        self.check(now)
        metadata = signers.PdfSignatureMetadata(
            field_name=SEAL_FIELD,
            md_algorithm=_DIGEST,
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.FILL_FORMS,
        )
        signer = TimedSigner(metadata, signer=self._signer)
        signer.claimed_time = now
        writer = _Writer(io.BytesIO(pdf))
        _add_field(writer)
        sealed = io.BytesIO()
        signer.sign_pdf(writer, output=sealed, bytes_reserved=_CMS_HEX, existing_fields_only=True)
        return sealed.getvalue()


def open_pkcs12(data: bytes, password: bytes | None) -> Sealer:
    """A sealer from a PKCS#12 file's bytes.

    Raises ConfigurationError `seal_unreadable`: no such file, a wrong password, or a key that is neither RSA nor EC.
    """
    try:
        key, certificate, chain = pkcs12.load_key_and_certificates(data, password)
    except ValueError as error:
        raise ConfigurationError("seal_unreadable") from error
    if certificate is None or not isinstance(key, Key):
        raise ConfigurationError("seal_unreadable")
    return Sealer(_KeptKeySigner(key, certificate, chain), certificate)


def open_pkcs11(module: Path, *, token: str, label: str, pin: str | None) -> Sealer:
    """A sealer whose key stays in hardware. `label`: of key and certificate on the token of that name.

    Raises ConfigurationError: `extra_missing` without the package for it, `seal_unreadable` if the token, the key or
    the certificate is not there or the PIN is wrong.
    """
    try:
        from pkcs11.exceptions import PKCS11Error
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
    except ImportError as error:
        raise ConfigurationError("extra_missing", extra="pkcs11") from error
    try:
        session = open_pkcs11_session(str(module), token_criteria=TokenCriteria(label=token), user_pin=pin)
        signer = PKCS11Signer(session, cert_label=label, key_label=label, other_certs_to_pull=None)
        asyncio.run(signer.ensure_objects_loaded())  # type: ignore[no-untyped-call]
        certificate = signer.signing_cert
    except (PKCS11Error, RuntimeError) as error:  # RuntimeError: the module itself can't be loaded
        raise ConfigurationError("seal_unreadable") from error
    if certificate is None:
        raise ConfigurationError("seal_unreadable")
    return Sealer(signer, _certificate(certificate))


class _Writer(IncrementalPdfFileWriter):
    """Appends, and leaves the metadata as issued: the library rewrites it, and drops what PDF/A wants there."""

    def _update_meta(self) -> None:
        pass


def _add_field(writer: IncrementalPdfFileWriter) -> None:
    """An invisible field of no size outside the page: one inside would need a place in the document's structure."""
    append_signature_field(writer, SigFieldSpec(SEAL_FIELD, readable_field_name=SEAL_FIELD))
    _, _, reference = next(enumerate_sig_fields(writer, with_name=SEAL_FIELD))
    reference.get_object()["/Rect"] = generic.ArrayObject(map(generic.NumberObject, (-1, -1, -1, -1)))


class TimedSigner(signers.PdfSigner):
    """The library takes the claimed time from the machine's clock; here it comes in."""

    claimed_time: datetime

    def init_signing_session(self, *args: Any, **kwargs: Any) -> Any:
        """As the library does it, but for the time."""
        session = super().init_signing_session(*args, **kwargs)
        session.system_time = self.claimed_time
        return session


class _KeptKeySigner(signers.Signer):
    """Keeps the loaded key: the library's own signer loads and tests it for every signature (facts/rendering.md §4)."""

    def __init__(self, key: Key, certificate: Certificate, chain: Sequence[Certificate]) -> None:
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        for other in chain:
            registry.register(_asn1(other))
        super().__init__(signing_cert=_asn1(certificate), cert_registry=registry)
        self._key = key

    async def async_sign_raw(
        self,
        data: bytes,
        digest_algorithm: str,
        dry_run: bool = False,  # noqa: FBT001, FBT002 - the library's signature
    ) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            # PKCS #1 v1.5 and not PSS: every reader knows it. ETSI TS 119 312 lets it go on to 2029.
            return bytes(self._key.key_size // 8) if dry_run else self._key.sign(data, padding.PKCS1v15(), _sha256())
        return self._key.sign(data, ec.ECDSA(_sha256()))


def _sha256() -> hashes.SHA256:
    return hashes.SHA256()


def _check_pair(signer: signers.Signer, certificate: Certificate) -> None:
    signature = asyncio.run(signer.async_sign_raw(_PROBE, _DIGEST))
    public = certificate.public_key()
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, _PROBE, padding.PKCS1v15(), _sha256())
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, _PROBE, ec.ECDSA(_sha256()))
        else:
            raise ConfigurationError("seal_unreadable")
    except InvalidSignature as error:
        raise ConfigurationError("seal_key") from error


def _is_strong(certificate: Certificate, now: datetime) -> bool:
    public = certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)  # _check_pair let no other pass
    name = "rsassa_pkcs1v15" if isinstance(public, rsa.RSAPublicKey) else "ecdsa"
    return key_allowed(name, public.key_size, now)


def _may_sign(certificate: Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(KeyUsage).value
    except ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _asn1(certificate: Certificate) -> Any:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _certificate(certificate: Any) -> Certificate:
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(certificate.dump())
