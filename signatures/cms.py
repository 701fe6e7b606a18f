"""The signature inside the signature: a CMS message (RFC 5652), read and checked for itself.

Two questions, answered without any trust: is the digest that of these bytes, and is the signature value by this
certificate?
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from asn1crypto import cms as asn1_cms  # type: ignore[import-untyped]
from asn1crypto import core, x509
from pyhanko.sign.ades.report import AdESSubIndic
from pyhanko.sign.general import extract_signer_info, find_cms_attribute_iter
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    extract_self_reported_ts,
    extract_tst_data_iter,
    validate_sig_integrity,
)

from signatures.digests import Digests
from signatures.document import TooManyError
from signatures.enumerate import LEGACY_SHA1, FoundSignature

MAX_CERTIFICATES: Final = 16  # a chain has three or four, and one more for each time-stamp
MAX_SAME_SUBJECT: Final = 3  # path search is factorial in issuers of one name: nine of them take 72 s (facts 1.6)

_PDF_DATE = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?([Zz+-])?(\d{2})?'?(\d{2})?")


class CmsError(Exception):
    """The message can't be read. The text is a constant word for the finding, never content of the file."""


@dataclass(frozen=True, kw_only=True)
class Cms:
    """One message. The fields hold the engine's ASN.1 values."""

    signed_data: Any
    signer_info: Any
    certificate: Any
    others: tuple[Any, ...]

    @property
    def digest_name(self) -> str:
        """The digest algorithm of the signer."""
        return str(self.signer_info["digest_algorithm"]["algorithm"].native)

    @property
    def has_timestamp(self) -> bool:
        """A signature time-stamp is attached."""
        return next(iter(self.timestamps), None) is not None

    @property
    def timestamps(self) -> Iterator[Any]:
        """The attached signature time-stamps."""
        return iter(extract_tst_data_iter(self.signer_info, signed=False))

    @property
    def claimed_time(self) -> datetime | None:
        """What the signer says; never evidence."""
        moment = extract_self_reported_ts(self.signer_info)
        return moment if isinstance(moment, datetime) else None

    @property
    def revocation_attributes(self) -> Iterator[Any]:
        """Revocation data the way Adobe embeds it."""
        return iter(find_cms_attribute_iter(self.signer_info["signed_attrs"], "adobe_revocation_info_archival"))


@dataclass(frozen=True, kw_only=True)
class Integrity:
    """Digest and signature value, and the engine's word where they could not even be compared."""

    digest: bool
    value: bool
    problem: str | None = None

    @property
    def intact(self) -> bool:
        """Both are right."""
        return self.digest and self.value and self.problem is None


def read_cms(contents: bytes) -> Cms:
    """Parse a message and find its signer's certificate. Raises CmsError or TooManyError."""
    try:
        message = asn1_cms.ContentInfo.load(contents)
        signed_data = message["content"]
        _require_signed_data(message)
        signer_info = extract_signer_info(signed_data)
        _require_few(_certificates(signed_data))
        found = extract_certs_for_validation(signed_data)
        _require_minimal(found.signer_cert["tbs_certificate"]["serial_number"])
    except (CmsError, TooManyError):
        raise
    except SignatureValidationError as error:
        raise CmsError("no-signing-certificate") from error
    except Exception as error:
        raise CmsError("broken-cms") from error
    return Cms(
        signed_data=signed_data,
        signer_info=signer_info,
        certificate=found.signer_cert,
        others=tuple(found.other_certs),
    )


def _require_signed_data(message: Any) -> None:
    if message["content_type"].native != "signed_data" or not isinstance(message["content"], asn1_cms.SignedData):
        raise CmsError("not-signed-data")


def _require_minimal(number: Any) -> None:
    """An integer whose first nine bits are alike is broken in BER and DER alike (X.690, 8.3.2);

    parsers disagree on it.
    """
    content = number.contents
    if len(content) > 1 and ((content[0] == 0 and content[1] < 0x80) or (content[0] == 0xFF and content[1] >= 0x80)):
        raise CmsError("broken-certificate")


def _certificates(signed_data: Any) -> list[Any]:
    return [choice.chosen for choice in signed_data["certificates"] if isinstance(choice.chosen, x509.Certificate)]


def _require_few(certificates: list[Any]) -> None:
    if len(certificates) > MAX_CERTIFICATES:
        raise TooManyError("certificates", MAX_CERTIFICATES)
    require_searchable(certificates)


def require_searchable(certificates: Iterable[Any]) -> None:
    """Refuse a heap in which one name that issues has many certificates. Raises TooManyError."""
    unique = {certificate.dump(): certificate for certificate in certificates}.values()
    issuing = {certificate.issuer.hashable for certificate in unique}
    subjects = Counter(certificate.subject.hashable for certificate in unique)
    if any(count > MAX_SAME_SUBJECT for name, count in subjects.items() if name in issuing):
        raise TooManyError("issuers-of-one-name", MAX_SAME_SUBJECT)


def signed_digest(digests: Digests, found: FoundSignature, algorithm: str) -> bytes:
    """The digest over the bytes a signature covers."""
    numbers = found.raw.numbers if found.raw else None
    if numbers is None:
        raise CmsError("no-byte-range")
    return digests.over(algorithm, numbers)


def check_integrity(digests: Digests, found: FoundSignature, cms: Cms) -> Integrity:
    """Compare digest and signature value. Never raises: what can't be compared is a problem by name."""
    try:
        return _check_timestamp(digests, found, cms) if found.is_timestamp else _check_signature(digests, found, cms)
    except SignatureValidationError as error:
        return Integrity(digest=False, value=False, problem=_word_for(error))
    except Exception:  # noqa: BLE001 - unknown algorithms and broken attributes raise anything
        return Integrity(digest=False, value=False, problem="GENERIC")


def _word_for(error: SignatureValidationError) -> str:
    indication: AdESSubIndic | None = error.ades_subindication
    return "GENERIC" if indication is None else str(indication.standard_name)


def _check_signature(digests: Digests, found: FoundSignature, cms: Cms) -> Integrity:
    content = cms.signed_data["encap_content_info"]
    if found.sub_filter == LEGACY_SHA1:
        return _check_legacy(digests, found, cms)
    if content["content"] is not core.VOID and content["content"].native is not None:
        return Integrity(digest=False, value=False, problem="FORMAT_FAILURE")
    return _check_value(cms, signed_digest(digests, found, cms.digest_name), str(content["content_type"].native))


def _check_legacy(digests: Digests, found: FoundSignature, cms: Cms) -> Integrity:
    """adbe.pkcs7.sha1 (ISO 32000-1, 12.8.3.3): the message contains the document's SHA-1 digest and signs that."""
    digest = cms.signed_data["encap_content_info"]["content"].native
    own = hashlib.new(cms.digest_name, digest).digest()
    inner = _check_value(cms, own, "data")
    return Integrity(digest=inner.digest and digest == signed_digest(digests, found, "sha1"), value=inner.value)


def _check_timestamp(digests: Digests, found: FoundSignature, cms: Cms) -> Integrity:
    """The token's imprint is that of the document, and the token is signed over its own content."""
    content = cms.signed_data["encap_content_info"]
    imprint = content["content"].parsed["message_imprint"]
    covered = signed_digest(digests, found, str(imprint["hash_algorithm"]["algorithm"].native))
    own = hashlib.new(cms.digest_name, bytes(content["content"])).digest()
    inner = _check_value(cms, own, "tst_info")
    return Integrity(digest=inner.digest and covered == imprint["hashed_message"].native, value=inner.value)


def _check_value(cms: Cms, digest: bytes, content_type: str) -> Integrity:
    intact, valid = validate_sig_integrity(
        cms.signer_info, cms.certificate, expected_content_type=content_type, actual_digest=digest
    )
    return Integrity(digest=bool(intact), value=bool(valid))


def stamped_time(cms: Cms) -> datetime | None:
    """The time that a document time-stamp states."""
    return token_time(cms.signed_data)


def token_time(signed_data: Any) -> datetime | None:
    """The time that a time-stamp token states (RFC 3161, 2.4.2)."""
    moment = signed_data["encap_content_info"]["content"].parsed["gen_time"].native
    return moment if isinstance(moment, datetime) else None


def parse_pdf_date(text: str | None) -> datetime | None:
    """A PDF date (ISO 32000-1, 7.9.4) in UTC; None where it is none. Without a zone it is taken as UTC."""
    match = _PDF_DATE.match(text or "")
    if match is None:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = match.groups()
    try:
        moment = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
        return moment - _offset(sign, hours, minutes)
    except (ValueError, OverflowError):
        return None


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> timedelta:
    size = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return -size if sign == "-" else size if sign == "+" else timedelta()
