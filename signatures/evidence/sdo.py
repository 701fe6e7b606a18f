"""SEID-SDO 1.0: the original and, for each signer, a CMS signature over it. Unconfirmed: made without a sample.

Element names and namespace are those that public integrations read (Kartverket, "etinglysing-systembeskrivelse", 9).
Persons' signatures in it leave out the NULL parameter of the digest's name (facts/domain.md 5.4), against RFC 8017,
A.2.4; that one form is accepted beside the right one, byte for byte. `HashedData` is signed by nobody and not read.
"""

import base64
import hashlib
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509 import load_der_x509_certificate
from pyhanko.sign.validation.generic_cms import validate_sig_integrity

from signatures.cms import Cms, CmsError, read_cms
from signatures.document import TooManyError
from signatures.evidence.statement import EvidenceError, Statement
from signatures.evidence.xades import parse_xml

NAMESPACE: Final = "http://www.npt.no/seid/xmlskjema/SDO_v1.0"
MAX_SIGNERS: Final = 10  # as `agreements.signing_order`
_SDO: Final = f"{{{NAMESPACE}}}"
_DIGESTS: Final = {
    "sha256": bytes.fromhex("300b0609608648016503040201"),
    "sha384": bytes.fromhex("300b0609608648016503040202"),
    "sha512": bytes.fromhex("300b0609608648016503040203"),
}
"""AlgorithmIdentifier without parameters (RFC 8017, A.2.4, less the NULL)."""


def read_sdo(data: bytes) -> tuple[Statement, ...]:
    """What each signer says. One that does not hold makes the whole file not hold. Raises EvidenceError."""
    root = parse_xml(data)
    originals = root.findall(f".//{_SDO}SignedObject/{_SDO}SignersDocument")
    signatures = root.findall(
        f".//{_SDO}SDODataPart/{_SDO}SignatureElement/{_SDO}CMSSignatureElement/{_SDO}CMSSignature"
    )
    if len(originals) != 1:
        raise EvidenceError("no-original")
    if not signatures:
        raise EvidenceError("unsigned")
    if len(signatures) > MAX_SIGNERS:
        raise EvidenceError("too-large")
    original = _decoded(originals[0])
    return tuple(_statement(_decoded(signature), original) for signature in signatures)


def _statement(contents: bytes, original: bytes) -> Statement:
    try:
        cms = read_cms(contents)
    except (CmsError, TooManyError) as error:
        raise EvidenceError("unreadable") from error
    _verify(cms, original)
    return Statement(
        certificate=cms.certificate.dump(),
        others=tuple(one.dump() for one in cms.others),
        digests=frozenset({hashlib.sha256(original).digest()}),
        claimed_time=cms.claimed_time,
    )


def _verify(cms: Cms, original: bytes) -> None:
    """The digest is that of the original, and the value is by this certificate. Raises EvidenceError."""
    if cms.digest_name not in _DIGESTS:
        raise EvidenceError("algorithm")
    content_type = str(cms.signed_data["encap_content_info"]["content_type"].native)
    try:
        digest = hashlib.new(cms.digest_name, original).digest()
        intact, valid = validate_sig_integrity(
            cms.signer_info, cms.certificate, expected_content_type=content_type, actual_digest=digest
        )
    except Exception as error:  # the engine raises anything on hostile messages
        raise EvidenceError("unreadable") from error
    if not intact:
        raise EvidenceError("digest")
    if not (valid or _verifies_without_null(cms)):
        raise EvidenceError("value")


def _verifies_without_null(cms: Cms) -> bool:
    """RSA PKCS #1 v1.5 whose DigestInfo names its algorithm without parameters: exactly those bytes."""
    key = load_der_x509_certificate(cms.certificate.dump()).public_key()
    attributes = cms.signer_info["signed_attrs"]
    if not isinstance(key, rsa.RSAPublicKey) or not len(attributes):
        return False
    digest = hashlib.new(cms.digest_name, attributes.untag().dump()).digest()
    inner = _DIGESTS[cms.digest_name] + bytes([0x04, len(digest)]) + digest
    try:
        found = key.recover_data_from_signature(cms.signer_info["signature"].native, PKCS1v15(), None)
    except InvalidSignature:
        return False
    return found == bytes([0x30, len(inner)]) + inner


def _decoded(element: Any) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except ValueError as error:
        raise EvidenceError("unreadable") from error
