"""Evidence as signing services embed it (facts/domain.md 5), by whoever holds the key: honest hands and others."""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from asn1crypto import cms as asn1_cms  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree  # type: ignore[import-untyped]
from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from signatures import throwaway
from signatures.evidence.sdo import NAMESPACE
from signatures.imitation import imitate_evidence
from signatures.throwaway import Credential
from signatures.waiting import run

_SHA256_WITHOUT_NULL: Final = bytes.fromhex("300b0609608648016503040201")


def by_element(document: bytes, signer: Credential, *, now: datetime) -> bytes:
    """The digest in an element, the signer's own signature around it."""
    return imitate_evidence(document, signer, now=now)


def by_reference(document: bytes, signer: Credential) -> bytes:
    """The signature itself refers to the document, which lies elsewhere."""
    digest = base64.b64encode(hashlib.sha256(document).digest()).decode()
    root = etree.fromstring(
        f"""<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
        <ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
        <ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>
        <ds:Reference URI="Dokument.pdf"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
        <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue/>
        <ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature>"""
    )
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    signed = etree.tostring(root[0], method="c14n", exclusive=True)
    r, s = decode_dss_signature(signer.key.sign(signed, ec.ECDSA(hashes.SHA256())))
    root[1].text = base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode()
    root[2][0][0].text = base64.b64encode(signer.der).decode()
    whole = etree.Element("Evidence")
    whole.append(root)
    return bytes(etree.tostring(whole, xml_declaration=True, encoding="UTF-8"))


def by_service(document: bytes, service: Credential, entries: Mapping[str, str]) -> bytes:
    """The service says who has signed, and how it made sure."""
    root = etree.Element("Receipt")
    etree.SubElement(root, "Hash").text = base64.b64encode(hashlib.sha256(document).digest()).decode()
    for name, value in entries.items():
        etree.SubElement(root, name).text = value
    return _signed(root, service, SignatureConstructionMethod.enveloped)


def by_text(document: bytes, signer: Credential) -> bytes:
    """The signer signs a text, in base64, in which the digest stands."""
    root = etree.Element("OpenSign")
    text = f"I sign. The cryptographic SHA-256 hash value of the document: {hashlib.sha256(document).hexdigest()}"
    etree.SubElement(root, "signtext").text = base64.b64encode(text.encode()).decode()
    return _signed(root, signer, SignatureConstructionMethod.enveloped)


def _signed(data: Any, signer: Credential, method: SignatureConstructionMethod, **how: Any) -> bytes:
    xml = XMLSigner(
        method=method, signature_algorithm=SignatureMethod.ECDSA_SHA256, digest_algorithm=DigestAlgorithm.SHA256
    )
    certificates = (signer, signer.pki.intermediate)
    pem = b"".join(one.certificate.public_bytes(serialization.Encoding.PEM) for one in certificates)
    signed = xml.sign(data, key=signer.key, cert=pem.decode(), **how)
    return bytes(etree.tostring(signed, xml_declaration=True, encoding="UTF-8"))


def beside(document: bytes, other: bytes, signer: Credential) -> bytes:
    """The signature is over an element that names `other`; `document` is named beside it, where nobody signed."""
    root = etree.Element("SignedDocument")
    part = etree.SubElement(root, "Signed", Id="signed")
    for parent, named in ((part, other), (root, document)):
        etree.SubElement(parent, "DocumentDigest").text = base64.b64encode(hashlib.sha256(named).digest()).decode()
    return _signed(root, signer, SignatureConstructionMethod.enveloped, reference_uri="#signed")


def sdo(document: bytes, *signers: Credential, now: datetime, null: bool = True) -> bytes:
    """SEID-SDO: the original, and each signer's CMS signature over it; `null`: its RSA value names its digest well."""
    made = [_cms(document, signer, now) for signer in signers]
    messages = made if null else [_without_null(one, signer) for one, signer in zip(made, signers, strict=True)]
    elements = "".join(
        "<SignatureElement><CMSSignatureElement><SDOProfile>SEID-SDO-Basic-V</SDOProfile>"
        "<SignersDocumentFormat><MimeType>application/pdf</MimeType></SignersDocumentFormat>"
        f"<CMSSignature>{base64.b64encode(message).decode()}</CMSSignature></CMSSignatureElement></SignatureElement>"
        for message in messages
    )
    original = base64.b64encode(document).decode()
    return (
        f'<SDOList xmlns="{NAMESPACE}"><SDO><SEIDSDOVersion>1.0</SEIDSDOVersion><SDODataPart>{elements}</SDODataPart>'
        f"<SignedObject><SignersDocument>{original}</SignersDocument></SignedObject></SDO></SDOList>"
    ).encode()


def _cms(document: bytes, signer: Credential, now: datetime) -> bytes:
    made = throwaway._signer(signer).async_sign_general_data(document, "sha256", detached=True)
    message: bytes = run(made).dump()
    return message


def _without_null(message: bytes, signer: Credential) -> bytes:
    """The same, its value made anew with a DigestInfo that lacks the NULL (facts/domain.md 5.4)."""
    assert isinstance(signer.key, rsa.RSAPrivateKey)
    content = asn1_cms.ContentInfo.load(message)
    info = content["content"]["signer_infos"][0]
    digest = hashlib.sha256(info["signed_attrs"].untag().dump()).digest()
    inner = _SHA256_WITHOUT_NULL + bytes([0x04, len(digest)]) + digest
    info["signature"] = _raw_rsa(signer.key, bytes([0x30, len(inner)]) + inner)
    remade: bytes = content.dump(force=True)
    return remade


def _raw_rsa(key: rsa.RSAPrivateKey, block: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 over a block of one's own (RFC 8017, 8.2.1)."""
    numbers, size = key.private_numbers(), key.key_size // 8
    padded = b"\x00\x01" + b"\xff" * (size - len(block) - 3) + b"\x00" + block
    return pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n).to_bytes(size)
