"""What one signature inside evidence says: who made it, and the bytes it was made over. Without any trust."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree  # type: ignore[import-untyped]

MIN_RSA_BITS: Final = 2048  # NIST SP 800-131A; ETSI TS 119 312 asks for 1900 until 2028
MIN_EC_BITS: Final = 256  # ETSI TS 119 312 v1.5.1
MAX_XML_BYTES: Final = 25 * 2**20  # docs/adr/0006; the parser itself takes no text longer than 10 MB (libxml2)


class Fault(StrEnum):
    """Why a file's signature says nothing. The words people read stand in the catalogues."""

    UNREADABLE = "unreadable"
    """No such XML, or more of it than anybody writes."""
    UNSIGNED = "unsigned"
    """There is no signature in it."""
    SEVERAL = "several-signatures"
    """More than one, so that nobody can tell which of them is meant."""
    NO_CERTIFICATE = "no-certificate"
    """The certificate that it was made with is missing, or is another one than it says."""
    BROKEN = "broken"
    """The signature is not that of these bytes: they were changed, or it was taken from elsewhere."""
    WEAK = "weak-algorithm"
    """It is made in a way that can be forged."""


class EvidenceError(Exception):
    """The evidence does not hold by itself."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One signature whose value and digests are right. The certificates are the engine's (asn1crypto)."""

    certificate: Any
    others: tuple[Any, ...]
    elements: tuple[etree._Element, ...]
    """The XML that was signed, as it was signed. Nothing else of the file may be read."""
    documents: tuple[bool, ...]
    """For each whole document that it was made over: whether that is the one that was issued."""
    claimed_time: datetime | None
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


def parse_xml(data: bytes) -> etree._Element:
    """XML without document type, entities and network. Raises EvidenceError."""
    if len(data) > MAX_XML_BYTES:
        raise EvidenceError(Fault.UNREADABLE)
    try:
        root = etree.fromstring(data, parser=safe_parser())
    except (etree.LxmlError, ValueError) as error:
        raise EvidenceError(Fault.UNREADABLE) from error
    information = root.getroottree().docinfo
    if information.internalDTD is not None or information.externalDTD is not None or any(root.iter(etree.Entity)):
        raise EvidenceError(Fault.UNREADABLE)
    return root


def safe_parser() -> etree.XMLParser:
    """A new one for each use: parsers keep what they have seen."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


def text_of(element: etree._Element) -> str:
    """An element's words, without those of comments, which some signatures don't cover."""
    return str(element.xpath("string()"))


def require_strong(key: object) -> None:
    """Raises EvidenceError for a key that is too short, or of a kind that isn't used for this."""
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= MIN_EC_BITS:
        return
    raise EvidenceError(Fault.WEAK)
