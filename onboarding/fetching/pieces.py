"""What came is kept only if the issuer has signed it, about this certificate or by this name, and it is in force.

Judging checks all of it once more, and more: this is so that a host can't fill the folder, or put a list that is out of
date where a current one lies.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

CLOCK_TOLERANCE: Final = timedelta(minutes=5)  # as `signatures.engine` has it
WITHOUT_END: Final = timedelta(minutes=30)
"""How long an answer holds that does not say: what the engine gives it (pyHanko, FRESHNESS_FALLBACK_VALIDITY_DEFAULT).
Where there is no nextUpdate, newer data are always to be had (RFC 6960, 4.2.2.1)."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A list or an answer (DER) that is fit to be kept."""

    der: bytes
    issued: datetime
    holds_until: datetime


class UnfitError(Exception):
    """Why a piece is not kept; the text is a constant word of the log."""


def read_list(der: bytes, issuer: x509.Certificate, *, now: datetime) -> Piece:
    """A revocation list (RFC 5280, 5) that this authority signed and that is in force. Raises UnfitError."""
    try:
        found = x509.load_der_x509_crl(der)
        named, signed = found.issuer == issuer.subject, _is_signed(found, issuer)
        until = found.next_update_utc
    except Exception as error:  # hostile bytes make the library raise a dozen kinds
        raise UnfitError("not-a-list") from error
    if not named:
        raise UnfitError("other-issuer")
    if not signed:
        raise UnfitError("signature")
    if until is None:  # a profile must have it (RFC 5280, 5.1.2.5)
        raise UnfitError("without-end")
    return _current(Piece(der=der, issued=found.last_update_utc, holds_until=until), now)


def _is_signed(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    key = issuer.public_key()
    return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and found.is_signature_valid(key)


def request_for(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """An OCSP request (DER).

    It names the certificate by SHA-1: that is what responders must know it by (RFC 5019, 2.1.1). Nothing is proven by
    it: the answer's signature is another matter.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303 - see above
    return builder.build().public_bytes(Encoding.DER)


def read_answer(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, *, now: datetime) -> Piece:
    """An OCSP answer (RFC 6960) about this certificate, signed by its issuer or for it, in force. Raises UnfitError."""
    try:
        response = ocsp.load_der_ocsp_response(der)
        single = _single(response, certificate, issuer)
        _require_signed(response, issuer, now)
        issued, until = single.this_update_utc, single.next_update_utc
    except UnfitError:
        raise
    except Exception as error:  # as above
        raise UnfitError("not-an-answer") from error
    return _current(Piece(der=der, issued=issued, holds_until=until or issued + WITHOUT_END), now)


def _single(
    response: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> ocsp.OCSPSingleResponse:
    """What it says of this certificate. Raises UnfitError."""
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise UnfitError("not-successful")
    single = next((one for one in response.responses if _is_about(one, certificate, issuer)), None)
    if single is None:
        raise UnfitError("other-certificate")
    if single.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
        raise UnfitError("status-unknown")
    return single


def dates_of(der: bytes) -> tuple[datetime, datetime] | None:
    """When a kept piece was issued, and until when it is in force; None for what is neither a list nor an answer."""
    for read in (_dates_of_list, _dates_of_answer):
        try:
            return read(der)
        except Exception:  # noqa: BLE001, S112 - somebody else may have written the file
            continue
    return None


def _dates_of_list(der: bytes) -> tuple[datetime, datetime]:
    found = x509.load_der_x509_crl(der)
    return found.last_update_utc, found.next_update_utc or found.last_update_utc


def _dates_of_answer(der: bytes) -> tuple[datetime, datetime]:
    single = next(iter(ocsp.load_der_ocsp_response(der).responses))
    return single.this_update_utc, single.next_update_utc or single.this_update_utc + WITHOUT_END


def _current(piece: Piece, now: datetime) -> Piece:
    if piece.holds_until <= now:
        raise UnfitError("out-of-date")
    if piece.issued > now + CLOCK_TOLERANCE:
        raise UnfitError("of-the-future")
    return piece


def _is_about(single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Serial numbers are unique within one issuer only (RFC 6960, 4.1.1)."""
    return (
        single.serial_number == certificate.serial_number
        and single.issuer_name_hash == _digest(single.hash_algorithm, issuer.subject.public_bytes())
        and single.issuer_key_hash == _digest(single.hash_algorithm, _key_bits(issuer))
    )


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The key without tag, length and algorithm (RFC 6960, 4.1.1)."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    raise UnfitError("key")


def _require_signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    """By the issuer, or by a responder that the issuer itself certified for it (RFC 6960, 4.2.2.2)."""
    candidates = (issuer, *(one for one in response.certificates if _may_answer_for(one, issuer, now)))
    if not any(_verifies(response, one) for one in candidates):
        raise UnfitError("signature")


def _may_answer_for(responder: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        responder.verify_directly_issued_by(issuer)
        purposes = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    in_force = responder.not_valid_before_utc <= now <= responder.not_valid_after_utc
    return in_force and ExtendedKeyUsageOID.OCSP_SIGNING in purposes


def _verifies(response: ocsp.OCSPResponse, by: x509.Certificate) -> bool:
    key, digest = by.public_key(), response.signature_hash_algorithm
    if digest is None:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(digest))
        else:
            return False
    except InvalidSignature:
        return False
    return True
