"""Evidence in XML with an XML signature: XAdES (ETSI EN 319 132-1) and plain XMLDSig.

Verified by signxml. Of the file nothing counts but what signxml hands back as signed, so that it does not matter what
else stands in it, or where (signature wrapping). There is exactly one signature in such a file: of two, readers would
take either.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree  # type: ignore[import-untyped]
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest, InvalidSignature, SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from signatures.cms import MAX_CERTIFICATES
from signatures.evidence.statement import EvidenceError, Fault, Statement, parse_xml, require_strong, safe_parser
from signatures.evidence.statement import text_of as _text

MAX_REFERENCES: Final = 16  # ours: XAdES signs two or three things
_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_DIGESTS: Final = {
    DigestAlgorithm.SHA256: "sha256",
    DigestAlgorithm.SHA384: "sha384",
    DigestAlgorithm.SHA512: "sha512",
    DigestAlgorithm.SHA3_256: "sha3_256",
    DigestAlgorithm.SHA3_384: "sha3_384",
    DigestAlgorithm.SHA3_512: "sha3_512",
}
"""ETSI TS 119 312 v1.5.1, without what it only still tolerates."""
_METHODS: Final = frozenset(
    {
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    }
)
_BLANKS: Final = re.compile(r"\s+")


class _Verifier(XMLVerifier):
    """signxml's, with references to files outside set apart.

    For signxml the signature of another document is a broken one. Here it is a sound signature that says something
    else. `reference` is read from what was signed, canonical, and the signature value over it has been checked.
    """

    def __init__(self, issued: bytes | None) -> None:
        super().__init__()
        self.documents: list[bool] = []
        self.signed: list[etree._Element] = []
        self._issued = issued

    def _verify_reference(self, reference: Any, *args: Any, **kwargs: Any) -> VerifyResult:
        uri = reference.get("URI")
        if uri is not None and uri != "" and not uri.startswith("#"):
            self.documents.append(_is_of(reference, self._issued))
            return None  # type: ignore[return-value]  # nobody reads it
        result: VerifyResult = super()._verify_reference(reference, *args, **kwargs)  # type: ignore[no-untyped-call]
        if result.signed_xml is None:  # a document in base64, decoded by the reference
            self.documents.append(result.signed_data == self._issued)
        else:
            self.signed.append(result.signed_xml)
        return result


_Verifier.schemas()  # type: ignore[no-untyped-call]  # now: a sandboxed child opens no files


def read_xades(data: bytes, *, issued: bytes | None) -> Statement:
    """Verify the one signature of a file. `issued`: what references to files outside are compared with.

    Raises EvidenceError.
    """
    root = parse_xml(data)
    signature = _only_signature(root)
    _require_known(signature)
    certificates = _certificates(signature)
    for certificate in certificates:
        verifier = _verify(data, certificate, issued)
        if verifier is not None:
            return _statement(verifier, certificate, certificates, signature)
    raise EvidenceError(Fault.BROKEN)


def _only_signature(root: etree._Element) -> etree._Element:
    signatures = list(root.iter(f"{_DS}Signature"))
    if not signatures:
        raise EvidenceError(Fault.UNSIGNED)
    if len(signatures) > 1:
        raise EvidenceError(Fault.SEVERAL)
    return signatures[0]


def _require_known(signature: etree._Element) -> None:
    """Looked at before anything is computed; signxml itself refuses what is not listed."""
    references = signature.findall(f"{_DS}SignedInfo/{_DS}Reference")
    if not 0 < len(references) <= MAX_REFERENCES:
        raise EvidenceError(Fault.UNREADABLE)
    method = signature.find(f"{_DS}SignedInfo/{_DS}SignatureMethod")
    digests = [reference.find(f"{_DS}DigestMethod") for reference in references]
    if method is None or method.get("Algorithm") not in {known.value for known in _METHODS}:
        raise EvidenceError(Fault.WEAK)
    if any(digest is None or digest.get("Algorithm") not in {known.value for known in _DIGESTS} for digest in digests):
        raise EvidenceError(Fault.WEAK)


def _certificates(signature: etree._Element) -> list[x509.Certificate]:
    """Those that come with the signature. That one of them made it is all that is believed of them here."""
    found = signature.findall(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
    if not 0 < len(found) <= MAX_CERTIFICATES:
        raise EvidenceError(Fault.NO_CERTIFICATE)
    try:
        return [x509.load_der_x509_certificate(decoded(_text(element))) for element in found]
    except (ValueError, TypeError) as error:
        raise EvidenceError(Fault.NO_CERTIFICATE) from error


def _verify(data: bytes, certificate: x509.Certificate, issued: bytes | None) -> _Verifier | None:
    """The verifier, if this certificate made the signature.

    Raises EvidenceError where it did and what was signed has been changed.
    """
    verifier = _Verifier(issued)
    configuration = SignatureConfiguration(
        location=".//",
        expect_references=True,  # any number
        signature_methods=_METHODS,
        digest_algorithms=frozenset(_DIGESTS),
        verification_time=certificate.not_valid_before_utc,  # when it was in force is asked elsewhere
    )
    try:
        verifier.verify(data, x509_cert=certificate, parser=safe_parser(), expect_config=configuration)
    except InvalidDigest as error:
        raise EvidenceError(Fault.BROKEN) from error
    except InvalidSignature:
        return None
    except SignXMLException as error:
        if "does not match specified signature algorithm" in str(error):
            return None  # another kind of key: an authority's
        raise EvidenceError(Fault.BROKEN) from error
    except Exception as error:  # hostile XML makes the library raise anything
        raise EvidenceError(Fault.BROKEN) from error
    return verifier


def _statement(
    verifier: _Verifier, certificate: x509.Certificate, all_of_them: list[x509.Certificate], signature: etree._Element
) -> Statement:
    require_strong(certificate.public_key())
    _require_named(verifier.signed, certificate)
    return Statement(
        certificate=_asn1(certificate),
        others=tuple(_asn1(other) for other in all_of_them if other != certificate),
        elements=tuple(verifier.signed),
        documents=tuple(verifier.documents),
        claimed_time=_claimed_time(verifier.signed),
        crls=_values(signature, "EncapsulatedCRLValue"),
        ocsps=_values(signature, "EncapsulatedOCSPValue"),
    )


def _require_named(signed: Iterable[etree._Element], certificate: x509.Certificate) -> None:
    """Where the signed properties say by which certificate, it must be this one (EN 319 132-1, 5.2.2)."""
    for element in signed:
        for digest in element.xpath(
            "//*[local-name()='SigningCertificate' or local-name()='SigningCertificateV2']"
            "/*[local-name()='Cert'][1]/*[local-name()='CertDigest']"
        ):
            method = digest.find(f"{_DS}DigestMethod")
            name = _digest_name(None if method is None else method.get("Algorithm"))
            value = digest.find(f"{_DS}DigestValue")
            own = None if name is None else hashlib.new(name, _der(certificate)).digest()
            if value is None or own is None or decoded(_text(value)) != own:
                raise EvidenceError(Fault.NO_CERTIFICATE)


def _digest_name(algorithm: str | None) -> str | None:
    return next((name for known, name in _DIGESTS.items() if known.value == algorithm), None)


def _is_of(reference: etree._Element, issued: bytes | None) -> bool:
    """Whether a reference to a file outside is to the issued document; never where it would be transformed first."""
    method, value = reference.find(f"{_DS}DigestMethod"), reference.find(f"{_DS}DigestValue")
    name = _digest_name(None if method is None else method.get("Algorithm"))
    if issued is None or name is None or value is None or reference.find(f"{_DS}Transforms") is not None:
        return False
    return decoded(_text(value)) == hashlib.new(name, issued).digest()


def _claimed_time(signed: Iterable[etree._Element]) -> datetime | None:
    for element in signed:
        for moment in element.xpath("//*[local-name()='SignedSignatureProperties']/*[local-name()='SigningTime']"):
            try:
                stated = datetime.fromisoformat(_text(moment).strip())
            except ValueError:
                continue
            return stated if stated.tzinfo is not None else None
    return None


def _values(signature: etree._Element, name: str) -> tuple[bytes, ...]:
    """Revocation data beside the signature: not signed by it, but each by its own issuer."""
    found = (decoded(_text(element)) for element in signature.xpath(f".//*[local-name()='{name}']")[:MAX_CERTIFICATES])
    return tuple(der for der in found if der)


def decoded(text: str) -> bytes:
    """From base64, strictly but for blanks; empty where it is none."""
    try:
        return base64.b64decode(_BLANKS.sub("", text), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _asn1(certificate: x509.Certificate) -> Any:
    return asn1_x509.Certificate.load(_der(certificate))
