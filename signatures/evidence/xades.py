"""Signed XML: one XML signature (XMLDSig, or XAdES by ETSI EN 319 132-1) over what the file says.

signxml verifies it and hands out what was signed, as it was signed; the file itself is never looked at again, so that
nothing which was put beside or around the signed part can speak. A file has one signature, and no two elements of one
Id: what only such files could say is not asked. Whose certificate it is, and whether it is believed, is for others.
"""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree  # type: ignore[import-untyped]
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest, InvalidSignature, SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from signatures.evidence.statement import EvidenceError, Statement

MAX_ELEMENTS: Final = 50_000  # of one file; XAdES with long-term material has some thousand
MAX_CERTIFICATES: Final = 16  # as `signatures.cms`
MIN_RSA_BITS: Final = 2_048  # ETSI TS 119 312, as `signatures.algorithms`
DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_METHODS: Final = frozenset(
    method
    for method in SignatureMethod
    if method.name.startswith(("RSA_SHA", "ECDSA_SHA", "SHA"))
    and method.name.split("_")[0] != "SHA1"
    and not method.name.endswith(("SHA1", "SHA224"))
    and "SHA224" not in method.name
)
_DIGESTS: Final = frozenset(
    {DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512, DigestAlgorithm.SHA3_256}
)
_SHA256: Final = DigestAlgorithm.SHA256.value
_ID_NAMES: Final = frozenset({"id", "Id", "ID"})


def parse_xml(data: bytes) -> Any:
    """The root element. No entities, no network, no type definition. Raises EvidenceError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise EvidenceError("no-xml") from error
    if root.getroottree().docinfo.doctype:
        raise EvidenceError("no-xml")
    if sum(1 for _ in root.iter()) > MAX_ELEMENTS:
        raise EvidenceError("too-large")
    return root


def read_xades(data: bytes) -> tuple[Statement, ...]:
    """What the one signature in this file says. Raises EvidenceError."""
    root = parse_xml(data)
    signatures = list(root.iter(f"{DS}Signature"))
    if not signatures:
        raise EvidenceError("unsigned")
    if len(signatures) > 1:
        raise EvidenceError("several-signatures")
    _require_one_of_each_id(root)
    certificates = _certificates(signatures[0])
    verifier = _Verifier()
    results = _verify(verifier, root, certificates[0])
    parts = tuple(result.signed_xml for result in results if result.signed_xml is not None)
    return (
        Statement(
            certificate=certificates[0].public_bytes(serialization.Encoding.DER),
            others=tuple(one.public_bytes(serialization.Encoding.DER) for one in certificates[1:]),
            digests=frozenset(verifier.outside),
            parts=parts,
            crls=tuple(_encapsulated(root, "EncapsulatedCRLValue")),
            ocsps=tuple(_encapsulated(root, "EncapsulatedOCSPValue")),
            claimed_time=_claimed_time(parts),
        ),
    )


class _Verifier(XMLVerifier):
    """Verifies; of a file outside it keeps the digest, which is signed, for there is nothing to compare it with yet."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[bytes] = []

    def _verify_reference(self, reference: Any, index: int, *rest: Any, **named: Any) -> VerifyResult:
        uri = reference.get("URI") or ""
        if uri == "" or uri.startswith("#"):
            result: VerifyResult = super()._verify_reference(  # type: ignore[no-untyped-call]
                reference, index, *rest, **named
            )
            return result
        method, value = reference.find(f"{DS}DigestMethod"), reference.find(f"{DS}DigestValue")
        if method is not None and value is not None and method.get("Algorithm") == _SHA256:
            self.outside.append(base64.b64decode(value.text or ""))
        return VerifyResult(b"", None, reference, b"")


def _verify(verifier: _Verifier, root: Any, certificate: x509.Certificate) -> list[VerifyResult]:
    config = SignatureConfiguration(
        location=".//",
        expect_references=False,
        signature_methods=_METHODS,
        digest_algorithms=_DIGESTS,
        verification_time=certificate.not_valid_before_utc,  # when it was in force is asked elsewhere
    )
    _require_strong(certificate)
    try:
        results = verifier.verify(root, x509_cert=certificate, validate_schema=False, expect_config=config)
    except InvalidDigest as error:
        raise EvidenceError("digest") from error
    except InvalidSignature as error:
        raise EvidenceError("value") from error
    except SignXMLException as error:
        raise EvidenceError("algorithm") from error
    except Exception as error:  # the library raises anything on hostile XML
        raise EvidenceError("unreadable") from error
    return results if isinstance(results, list) else [results]


def _require_strong(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
        return
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise EvidenceError("algorithm")


def _require_one_of_each_id(root: Any) -> None:
    seen: set[str] = set()
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            if etree.QName(name).localname in _ID_NAMES:
                if value in seen:
                    raise EvidenceError("wrapped")
                seen.add(value)


def _certificates(signature: Any) -> list[x509.Certificate]:
    """Those of its KeyInfo, the signer's first. Raises EvidenceError."""
    texts = [item.text or "" for item in signature.iterfind(f"{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate")]
    if not 0 < len(texts) <= MAX_CERTIFICATES:
        raise EvidenceError("no-certificate")
    try:
        return [x509.load_der_x509_certificate(base64.b64decode("".join(text.split()))) for text in texts]
    except Exception as error:  # hostile certificates raise anything
        raise EvidenceError("no-certificate") from error


def _encapsulated(root: Any, name: str) -> Iterator[bytes]:
    """Revocation data that came along. It is signed by its issuer and need not be signed here."""
    for element in list(root.iter(f"{{*}}{name}"))[:MAX_CERTIFICATES]:
        try:
            yield base64.b64decode("".join((element.text or "").split()))
        except binascii.Error:
            continue


def _claimed_time(parts: tuple[Any, ...]) -> datetime | None:
    for part in parts:
        for element in part.iter("{*}SigningTime"):
            try:
                moment = datetime.fromisoformat((element.text or "").strip())
            except ValueError:
                continue
            return moment if moment.tzinfo is not None else None
    return None
