"""Signing in the ways that `throwaway.sign` does not have: as other programs do it, or as an attacker would."""

import io
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signatures import throwaway
from signatures.seal import TimedSigner
from signatures.throwaway import Credential, LeafOptions, ThrowawayPki
from tests.zoo.keeper import NOW


@dataclass(frozen=True, kw_only=True)
class Pen:
    """How this signature is made."""

    pss: bool = False
    certify: bool = False
    stamp: str | None = None
    """Text to show in the field."""
    box: tuple[int, int, int, int] | None = None
    """Make a field of one's own here instead of using one that is there."""
    embeds: bool = True
    timestamper: ThrowawayPki | None = None
    """Time-stamped by this authority's."""
    chain: tuple[Credential, ...] = ()
    """Certificates to send along instead of the intermediate's."""


def write(pdf: bytes, credential: Credential, pen: Pen, *, field: str = "Signatur1", now: datetime = NOW) -> bytes:
    """Sign with a pen."""
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=pen.certify,
        docmdp_permissions=MDPPerm.FILL_FORMS,
        embed_validation_info=pen.embeds,
        validation_context=throwaway._signing_context(credential, now) if pen.embeds else None,
        signer_key_usage=set(),
    )
    signer = TimedSigner(
        metadata,
        signer=signers.SimpleSigner(
            signing_cert=throwaway._asn1(credential),
            signing_key=throwaway._asn1_key(credential),
            cert_registry=_registry(pen.chain) if pen.chain else throwaway._registry(credential.pki),
            prefer_pss=pen.pss,
        ),
        timestamper=None if pen.timestamper is None else throwaway._timestamper(pen.timestamper, now),
        stamp_style=None if pen.stamp is None else TextStampStyle(stamp_text=pen.stamp, background=None),
        new_field_spec=None if pen.box is None else SigFieldSpec(field, box=pen.box),
    )
    signer.claimed_time = now
    output = io.BytesIO()
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False), output=output)
    return output.getvalue()


def _registry(chain: tuple[Credential, ...]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    for credential in chain:
        store.register(asn1_x509.Certificate.load(credential.der))
    return store


def stamp_document(pdf: bytes, authority: ThrowawayPki, now: datetime) -> bytes:
    """One more document time-stamp, with what validating the one before it takes."""
    timestamper = throwaway._timestamper(authority, now)
    context = throwaway._signing_context(authority.intermediate, now)
    output = io.BytesIO()
    signers.PdfTimeStamper(timestamper).timestamp_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)), "sha256", validation_context=context, output=output
    )
    return output.getvalue()


def issued_by(issuer: Credential, name: str) -> Credential:
    """A person's certificate made by whoever `issuer` is: a person who plays authority, or the root itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    authority = issuer.pki
    options = LeafOptions()
    subject = throwaway._plain_name(name)
    builder = authority._builder(subject, key, issuer, options)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    usage = throwaway._usage(digital_signature=True, content_commitment=True)
    return authority._issue(builder.add_extension(usage, critical=True), key, issuer, options)
