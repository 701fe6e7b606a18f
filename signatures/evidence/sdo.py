"""Evidence as SEID-SDO 1.0: the original whole, and of each signer a CMS signature over it.

Structure and names as public integrations describe them (Kartverket's description of electronic registration of deeds;
facts/domain.md 5); no sample was at hand. The bank's own signature over all of it (`SDOSeal`) is not looked at: whose
signature stands inside, that signature says. `HashedData` is not signed by anybody and says nothing.
"""

import hashlib
from datetime import datetime
from typing import Any, Final

from asn1crypto import algos  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree  # type: ignore[import-untyped]
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from signatures.cms import Cms, CmsError, read_cms
from signatures.document import TooManyError
from signatures.evidence.statement import EvidenceError, Fault, Statement, parse_xml, require_strong, text_of
from signatures.evidence.xades import decoded
from signatures.knowledge import Knowledge

NAMESPACE: Final = "http://www.npt.no/seid/xmlskjema/SDO_v1.0"
MAX_SIGNERS: Final = 16  # ours: who signs one agreement
_SDO: Final = f"{{{NAMESPACE}}}"
_SIGNATURES: Final = f"{_SDO}SDODataPart/{_SDO}SignatureElement/{_SDO}CMSSignatureElement/{_SDO}CMSSignature"
_DIGESTS: Final = frozenset({"sha256", "sha384", "sha512"})


def is_sdo(root: etree._Element) -> bool:
    """By its root element."""
    return root.tag in (f"{_SDO}SDOList", f"{_SDO}SDO")


def read_sdo(data: bytes, *, issued: bytes | None) -> tuple[Statement, ...]:
    """The statement of each signer of each document in it. Raises EvidenceError if any signature does not hold."""
    root = parse_xml(data)
    if not is_sdo(root):
        raise EvidenceError(Fault.UNREADABLE)
    parts = [root] if root.tag == f"{_SDO}SDO" else root.findall(f"{_SDO}SDO")
    statements = [statement for part in parts for statement in _read(part, issued)]
    if not statements:
        raise EvidenceError(Fault.UNSIGNED)
    if len(statements) > MAX_SIGNERS:
        raise EvidenceError(Fault.UNREADABLE)
    return tuple(statements)


def _read(part: etree._Element, issued: bytes | None) -> list[Statement]:
    documents = part.findall(f"{_SDO}SignedObject/{_SDO}SignersDocument")
    if len(documents) != 1:
        raise EvidenceError(Fault.UNREADABLE)
    signed = decoded(text_of(documents[0]))
    signatures = part.findall(_SIGNATURES)
    if not signatures:
        raise EvidenceError(Fault.UNSIGNED)
    if len(signatures) > MAX_SIGNERS:
        raise EvidenceError(Fault.UNREADABLE)
    return [_statement(decoded(text_of(signature)), signed, issued) for signature in signatures]


def _statement(message: bytes, signed: bytes, issued: bytes | None) -> Statement:
    try:
        cms = read_cms(message)
    except (CmsError, TooManyError) as error:
        raise EvidenceError(Fault.BROKEN) from error
    try:
        _verify(cms, signed)
        brought = Knowledge()
        brought.add_cms(cms)
        crls, ocsps = tuple(crl.dump() for crl in brought.crls), tuple(ocsp.dump() for ocsp in brought.ocsps)
        claimed = cms.claimed_time
    except EvidenceError:
        raise
    except Exception as error:  # hostile ASN.1 raises anything
        raise EvidenceError(Fault.BROKEN) from error
    return Statement(
        certificate=cms.certificate,
        others=cms.others,
        elements=_elements(signed),
        documents=(issued is not None and signed == issued,),
        claimed_time=claimed if isinstance(claimed, datetime) and claimed.tzinfo is not None else None,
        crls=crls,
        ocsps=ocsps,
    )


def _elements(signed: bytes) -> tuple[etree._Element, ...]:
    """What was signed, where that is XML itself: a description of the document."""
    try:
        return (parse_xml(signed),) if signed[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else ()
    except EvidenceError:
        return ()


def _verify(cms: Cms, signed: bytes) -> None:
    """Detached, with signed attributes. Raises EvidenceError."""
    attributes = cms.signer_info["signed_attrs"]
    content = cms.signed_data["encap_content_info"]
    if cms.digest_name not in _DIGESTS:
        raise EvidenceError(Fault.WEAK)
    if not attributes.native or content["content"].native is not None:
        raise EvidenceError(Fault.BROKEN)
    key = x509.load_der_x509_certificate(cms.certificate.dump()).public_key()
    require_strong(key)
    intact, valid = validate_sig_integrity(
        cms.signer_info,
        cms.certificate,
        expected_content_type=str(content["content_type"].native),
        actual_digest=hashlib.new(cms.digest_name, signed).digest(),
    )
    if not intact or not (valid or _holds_without_null(cms, key)):
        raise EvidenceError(Fault.BROKEN)


def _holds_without_null(cms: Cms, key: Any) -> bool:
    """Whether it is an RSA signature whose DigestInfo lacks the parameter NULL, as BankID's persons make them.

    PKCS #1 (RFC 8017, A.2.4) has verifiers accept both. Every byte is compared: nothing else may differ.
    """
    algorithm = str(cms.signer_info["signature_algorithm"].signature_algo)
    if algorithm != "rsassa_pkcs1v15" or not isinstance(key, rsa.RSAPublicKey):
        return False
    digest = hashlib.new(cms.digest_name, cms.signer_info["signed_attrs"].untag().dump()).digest()
    identifier = algos.DigestAlgorithmId(cms.digest_name).dump()
    try:
        found = key.recover_data_from_signature(cms.signer_info["signature"].native, PKCS1v15(), None)
    except InvalidSignature:
        return False
    return found == _tagged(0x30, _tagged(0x30, identifier) + _tagged(0x04, digest))


def _tagged(tag: int, content: bytes) -> bytes:
    """DER, for contents of fewer than 128 bytes, which no digest here exceeds."""
    return bytes((tag, len(content))) + content
