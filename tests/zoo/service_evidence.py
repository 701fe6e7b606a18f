"""Evidence as signing services embed it: XML with an XML signature, and SEID-SDO, made by hand so that any part of it
can be made wrong.
"""

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import algos, x509  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from lxml import etree  # type: ignore[import-untyped]
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signatures.evidence.sdo import NAMESPACE
from signatures.throwaway import Credential

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_DIGEST_METHODS: Final = {"sha256": "http://www.w3.org/2001/04/xmlenc#sha256", "sha1": f"{DS}sha1"}


def b64(data: bytes) -> str:
    """Base64 as text."""
    return base64.b64encode(data).decode()


def sha256(data: bytes) -> bytes:
    """The digest."""
    return hashlib.sha256(data).digest()


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A reference to a file outside."""

    data: bytes
    uri: str = "Dokument.pdf"


def signed_xml(
    root: Any,
    credential: Credential,
    signs: Sequence[str | Outside],
    *,
    digest: str = "sha256",
    properties: bool = True,
) -> bytes:
    """The XML with a signature in its root, over elements by their Id and over files outside.

    `properties`: those of XAdES, with the certificate's digest.
    """
    signature = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS})
    information = _add(signature, "SignedInfo")
    _add(information, "CanonicalizationMethod", Algorithm=C14N)
    _add(information, "SignatureMethod", Algorithm=_signature_method(credential, digest))
    value = _add(signature, "SignatureValue")
    data = _add(_add(signature, "KeyInfo"), "X509Data")
    for der in (credential.der, *(authority.der for authority in credential.pki.authorities[1:])):
        _add(data, "X509Certificate").text = b64(der)
    if properties:
        _properties(signature, credential)
    for one in (*signs, *(["egenskaper"] if properties else [])):
        _refer(root, information, one, digest)
    value.text = b64(_sign(credential, _canonical(information), digest))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _add(parent: Any, name: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)


def _properties(signature: Any, credential: Credential) -> None:
    qualifying = etree.SubElement(_add(signature, "Object"), f"{{{XADES}}}QualifyingProperties", nsmap={"x": XADES})
    signed = etree.SubElement(qualifying, f"{{{XADES}}}SignedProperties", {"Id": "egenskaper"})
    inner = etree.SubElement(signed, f"{{{XADES}}}SignedSignatureProperties")
    etree.SubElement(inner, f"{{{XADES}}}SigningTime").text = "2026-03-02T10:00:00Z"
    named = etree.SubElement(etree.SubElement(inner, f"{{{XADES}}}SigningCertificate"), f"{{{XADES}}}Cert")
    digest = etree.SubElement(named, f"{{{XADES}}}CertDigest")
    _add(digest, "DigestMethod", Algorithm=_DIGEST_METHODS["sha256"])
    _add(digest, "DigestValue").text = b64(sha256(credential.der))


def _refer(root: Any, information: Any, one: str | Outside, digest: str) -> None:
    reference = _add(information, "Reference", URI=one.uri if isinstance(one, Outside) else f"#{one}")
    if isinstance(one, Outside):
        data = one.data
    else:
        _add(_add(reference, "Transforms"), "Transform", Algorithm=C14N)
        data = _canonical(root.xpath("//*[@Id=$one]", one=one)[0])
    _add(reference, "DigestMethod", Algorithm=_DIGEST_METHODS[digest])
    _add(reference, "DigestValue").text = b64(hashlib.new(digest, data).digest())


def _canonical(element: Any) -> bytes:
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    return bytes(etree.tostring(alone, method="c14n", exclusive=True))


def _signature_method(credential: Credential, digest: str) -> str:
    kind = "rsa" if isinstance(credential.key, rsa.RSAPrivateKey) else "ecdsa"
    more = f"http://www.w3.org/2001/04/xmldsig-more#{kind}-{digest}"
    return f"{DS}rsa-sha1" if (kind, digest) == ("rsa", "sha1") else more


def _sign(credential: Credential, data: bytes, digest: str) -> bytes:
    chosen = hashes.SHA1() if digest == "sha1" else hashes.SHA256()
    if isinstance(credential.key, rsa.RSAPrivateKey):
        return credential.key.sign(data, padding.PKCS1v15(), chosen)
    r, s = utils.decode_dss_signature(credential.key.sign(data, ec.ECDSA(chosen)))
    size = (credential.key.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


# --- what services write ----------------------------------------------------------------------------------------------


def posten_xades(document: bytes, credential: Credential, *, digest: str = "sha256", detached: bool = False) -> bytes:
    """A description of the document that its signer signs; `detached`: the document itself, as a file outside."""
    root = etree.fromstring(
        '<SignedDocument xmlns="http://example.org/evidence"><Description Id="beskrivelse"><DocumentDescription>'
        f"<Title>Avtale</Title><DocumentDigest>{b64(sha256(document))}</DocumentDigest>"
        "</DocumentDescription></Description></SignedDocument>"
    )
    return signed_xml(root, credential, [Outside(data=document) if detached else "beskrivelse"], digest=digest)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who a service says has signed."""

    name: str
    born: str | None
    method: str = "NO_BANKID_WEB"


def idfy_xml(document: bytes, people: Sequence[Person], credential: Credential) -> bytes:
    """The service signs who has signed what, and how they were identified."""
    who = "".join(
        f"<Signer><Name>{one.name}</Name><BirthDate>{one.born or ''}</BirthDate><Method>{one.method}</Method></Signer>"
        for one in people
    )
    root = etree.fromstring(
        f'<Signature xmlns="http://example.org/result"><Result Id="resultat"><Documents><Document>'
        f"<Hash>{b64(sha256(document))}</Hash></Document></Documents><Signers>{who}</Signers></Result></Signature>"
    )
    return signed_xml(root, credential, ["resultat"], properties=False)


def penneo_xml(document: bytes, person: Person, credential: Credential) -> bytes:
    """The text that was signed stands in base64 and holds the digest in words."""
    words = f"I agree. The cryptographic SHA-256 hash value of the document: {sha256(document).hex()}."
    root = etree.fromstring(
        f'<Penneo xmlns="http://example.org/openoces"><ToBeSigned Id="tekst"><signtext>{b64(words.encode())}</signtext>'
        f"<Signer><Name>{person.name}</Name><Birth>{person.born or ''}</Birth><Method>{person.method}</Method></Signer>"
        "</ToBeSigned></Penneo>"
    )
    return signed_xml(root, credential, ["tekst"], properties=False)


def sdo(document: bytes, messages: Sequence[bytes]) -> bytes:
    """SEID-SDO 1.0: the document, and the CMS messages of its signers."""
    elements = "".join(
        "<SDODataPart><SignatureElement><CMSSignatureElement><SDOProfile>Basic</SDOProfile><SignersDocumentFormat>"
        "<MimeType>application/pdf</MimeType></SignersDocumentFormat><HashedData>"
        f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{_DIGEST_METHODS["sha256"]}"/>'
        f'<ds:DigestValue xmlns:ds="{DS}">{b64(sha256(document))}</ds:DigestValue></HashedData>'
        f"<CMSSignature>{b64(message)}</CMSSignature></CMSSignatureElement></SignatureElement></SDODataPart>"
        for message in messages
    )
    text = (
        f'<SDOList xmlns="{NAMESPACE}"><SDO><SEIDSDOVersion>1.0</SEIDSDOVersion>{elements}<SignedObject>'
        f"<SignersDocument>{b64(document)}</SignersDocument></SignedObject></SDO></SDOList>"
    )
    return text.encode()


def cms(document: bytes, credential: Credential, *, null: bool = True, digest: str = "sha256") -> bytes:
    """A detached CMS signature. Without `null` (RSA only), its DigestInfo lacks that parameter, as BankID's do."""
    pem = serialization.Encoding.PEM
    certificates = [credential.certificate, *(one.certificate for one in credential.pki.authorities[1:])]
    own, *others = load_certs_from_pemder_data(b"".join(one.public_bytes(pem) for one in certificates))
    signer = _Signer(own, others, credential)
    message = asyncio.run(signer.async_sign_general_data(document, digest, detached=True))
    if not null:
        information = message["content"]["signer_infos"][0]
        information["signature"] = _without_null(credential, information["signed_attrs"].untag().dump())
    return bytes(message.dump(force=True))


class _Signer(signers.Signer):
    """Signs with a key of any kind, by any digest."""

    def __init__(self, own: x509.Certificate, others: Sequence[x509.Certificate], credential: Credential) -> None:
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple(others)
        super().__init__(signing_cert=own, cert_registry=registry)
        self._credential = credential

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        chosen = hashes.SHA1() if digest_algorithm == "sha1" else hashes.SHA256()
        key = self._credential.key
        return (
            key.sign(data, padding.PKCS1v15(), chosen)
            if isinstance(key, rsa.RSAPrivateKey)
            else key.sign(data, ec.ECDSA(chosen))
        )


def _without_null(credential: Credential, attributes: bytes) -> bytes:
    assert isinstance(credential.key, rsa.RSAPrivateKey)
    numbers = credential.key.private_numbers()
    identifier = algos.DigestAlgorithmId("sha256").dump()
    inner = bytes((0x30, len(identifier))) + identifier + b"\x04\x20" + sha256(attributes)
    information = bytes((0x30, len(inner))) + inner
    size = credential.key.key_size // 8
    padded = b"\x00\x01" + b"\xff" * (size - len(information) - 3) + b"\x00" + information
    signed = pow(int.from_bytes(padded, "big"), numbers.d, numbers.public_numbers.n)
    return signed.to_bytes(size, "big")
