"""A signing service's evidence, imitated for the demo: XML that the signer signs, with the document's digest in it.

As the facts describe the evidence of services that embed one signed file for each signer (facts/domain.md 5); the
element names are ours but for `DocumentDigest`.
"""

import base64
import hashlib
from datetime import datetime

from cryptography.hazmat.primitives import serialization
from lxml import etree  # type: ignore[import-untyped]
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from agreements.times import format_utc
from signatures.throwaway import Credential


def imitate_evidence(document: bytes, credential: Credential, *, now: datetime) -> bytes:
    """That this person signed this document. The credential's key must be on an elliptic curve."""
    root = etree.Element("SignedDocument")
    described = etree.SubElement(etree.SubElement(root, "Description"), "DocumentDescription")
    digest = base64.b64encode(hashlib.sha256(document).digest()).decode()
    etree.SubElement(described, "DocumentDigest").text = digest
    etree.SubElement(described, "SigningTime").text = format_utc(now)
    signer = XMLSigner(signature_algorithm=SignatureMethod.ECDSA_SHA256, digest_algorithm=DigestAlgorithm.SHA256)
    pem = [
        one.certificate.public_bytes(serialization.Encoding.PEM) for one in (credential, credential.pki.intermediate)
    ]
    signed = signer.sign(root, key=credential.key, cert=b"".join(pem).decode())
    return bytes(etree.tostring(signed, xml_declaration=True, encoding="UTF-8"))
