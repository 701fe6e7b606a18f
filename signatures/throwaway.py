"""A public key infrastructure that lives as long as a demo or a test.

Made afresh in memory each time: a root, an intermediate, persons, organisation seals, a time-stamp authority and
revocation lists, valid for a week at most. Private keys are never written anywhere. With `demo=True` every
certificate carries the mark of `signatures.marker`, by which it is refused outside `environment: demo`; tests that
play a real authority make theirs unmarked.
"""

import io
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

from asn1crypto import crl as asn1_crl  # type: ignore[import-untyped]
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signatures.identity import BIRTH_DATE, QC_COMPLIANCE, QC_STATEMENTS, QC_TYPE, QC_TYPE_ESEAL, QC_TYPE_ESIGN
from signatures.marker import DEMO_MARKER_OID, DEMO_MARKER_VALUE, encoded_oid
from signatures.seal import TimedSigner

MAX_VALIDITY: Final = timedelta(days=7)
BACKDATED: Final = timedelta(hours=1)  # so that a clock a little behind does not find certificates from the future

Level = Literal["CMS", "B-B", "B-T", "B-LT", "B-LTA"]
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A certificate with its private key. The key lives in this object and nowhere else."""

    certificate: x509.Certificate
    key: Key = field(repr=False)
    pki: "ThrowawayPki" = field(repr=False)

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.DER)


class ThrowawayPki:
    """One infrastructure. Made by `create`."""

    def __init__(
        self, *, now: datetime, demo: bool, validity: timedelta, list_validity: timedelta, label: str | None
    ) -> None:
        self._now = now
        self._demo = demo
        self._until = now + min(validity, MAX_VALIDITY)
        self._list_validity = min(list_validity, MAX_VALIDITY)
        self._revoked: list[tuple[x509.Certificate, datetime]] = []
        self.label = label or secrets.token_hex(3)  # else two infrastructures have authorities of other names
        self.root = self._authority(_plain_name(f"Kastbar rot {self.label}"), issuer=None)
        self.authorities = [self.root]
        self.intermediate = self.authority("Kastbar utsteder")
        self.timestamper = self._leaf(
            _plain_name("Kastbart tidsstempel"), [], purpose=ExtendedKeyUsageOID.TIME_STAMPING, options=_rsa_options()
        )  # the library's time-stamp authority can sign with RSA only

    @classmethod
    def create(
        cls,
        now: datetime,
        *,
        demo: bool = True,
        validity: timedelta = MAX_VALIDITY,
        list_validity: timedelta = MAX_VALIDITY,
        label: str | None = None,
    ) -> "ThrowawayPki":
        """Make one that is valid from an hour before `now` for at most seven days, its revocation lists no longer.

        `demo`: mark every certificate. `label`: ends the names of its authorities; two infrastructures of one label
        have authorities of the same names with other keys.
        """
        return cls(now=now, demo=demo, validity=validity, list_validity=list_validity, label=label)

    def authority(self, name: str, *, crl_url: str | None = None) -> Credential:
        """One more that issues, under the root; its name ends in the label. For `LeafOptions.issuer`.

        `crl_url`: where its certificate says the root's revocation list lies.
        """
        made = self._authority(_plain_name(f"{name} {self.label}"), issuer=self.root, crl_url=crl_url)
        self.authorities.append(made)
        return made

    # --- people and organisations ------------------------------------------------------------------------------------

    def person(self, name: str, birth_date: date | None = None, *, options: "LeafOptions | None" = None) -> Credential:
        """A person's certificate for signing. The last word of the name is the surname."""
        *given, surname = name.split()
        attributes = [
            (NameOID.COUNTRY_NAME, "NO"),
            (NameOID.SURNAME, surname),
            (NameOID.GIVEN_NAME, " ".join(given) or surname),
            (NameOID.COMMON_NAME, name),
        ]
        if options is not None and options.subject_serial is not None:
            attributes.append((NameOID.SERIAL_NUMBER, options.subject_serial))
        extensions = [_qc_statements(QC_TYPE_ESIGN)]
        if birth_date is not None:
            extensions.append(_birth_date(birth_date))
        return self._leaf(attributes, extensions, options=options)

    def seal(self, name: str, org_number: str, *, options: "LeafOptions | None" = None) -> Credential:
        """An organisation's certificate for sealing, as ETSI EN 319 412-3 has it."""
        attributes = [
            (NameOID.COUNTRY_NAME, "NO"),
            (NameOID.ORGANIZATION_NAME, name),
            (NameOID.ORGANIZATION_IDENTIFIER, f"NTRNO-{org_number}"),
            (NameOID.COMMON_NAME, name),
        ]
        return self._leaf(attributes, [_qc_statements(QC_TYPE_ESEAL)], options=options)

    def revoke(self, credential: Credential, at: datetime) -> None:
        """Put a certificate on its issuer's list, as of a moment."""
        self._revoked.append((credential.certificate, at))

    # --- what validation needs ---------------------------------------------------------------------------------------

    def root_pem(self) -> bytes:
        """The trust anchor, for a configuration or `--trust`."""
        return self.root.certificate.public_bytes(serialization.Encoding.PEM)

    def crls(self, now: datetime) -> tuple[bytes, ...]:
        """The revocation lists (DER) of all authorities as of a moment."""
        return tuple(self._crl(authority, now) for authority in self.authorities)

    # --- making certificates -----------------------------------------------------------------------------------------

    def _crl(self, authority: Credential, now: datetime) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(now - BACKDATED)
            .next_update(now + self._list_validity)
            .add_extension(x509.CRLNumber(1), critical=False)
            .add_extension(_key_identifier(authority), critical=False)
        )
        for certificate, moment in self._revoked:
            if certificate.issuer == authority.certificate.subject:
                entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
                builder = builder.add_revoked_certificate(entry.revocation_date(moment).build())
        return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _authority(self, name: x509.Name, issuer: Credential | None, crl_url: str | None = None) -> Credential:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, key, issuer, LeafOptions())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        return self._issue(_with_crl_url(builder, crl_url), key, issuer, LeafOptions())

    def _leaf(
        self,
        attributes: x509.Name | list[tuple[ObjectIdentifier, str]],
        extensions: list[x509.UnrecognizedExtension],
        *,
        purpose: ObjectIdentifier | None = None,
        options: "LeafOptions | None" = None,
    ) -> Credential:
        chosen = options or LeafOptions()
        issuer = chosen.issuer or self.intermediate
        name = attributes if isinstance(attributes, x509.Name) else _name(attributes)
        key = chosen.key or ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, key, issuer, chosen)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        signing = _usage(digital_signature=True, content_commitment=chosen.non_repudiation and purpose is None)
        builder = builder.add_extension(signing, critical=True)
        if purpose is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
        if chosen.ocsp_url is not None:
            place = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(chosen.ocsp_url)
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return self._issue(_with_crl_url(builder, chosen.crl_url), key, issuer, chosen)

    def _builder(
        self, name: x509.Name, key: Key, issuer: Credential | None, options: "LeafOptions"
    ) -> x509.CertificateBuilder:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer.certificate.subject if issuer else name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(options.not_before or self._now - BACKDATED)
            .not_valid_after(options.not_after or self._until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if issuer is not None:
            builder = builder.add_extension(_key_identifier(issuer), critical=False)
        if self._demo:
            mark = x509.UnrecognizedExtension(ObjectIdentifier(DEMO_MARKER_OID), DEMO_MARKER_VALUE)
            builder = builder.add_extension(mark, critical=False)
        return builder

    def _issue(
        self, builder: x509.CertificateBuilder, key: Key, issuer: Credential | None, options: "LeafOptions"
    ) -> Credential:
        certificate = builder.sign(issuer.key if issuer else key, hashes.SHA256())
        return Credential(certificate=certificate, key=key, pki=self)


@dataclass(frozen=True, kw_only=True)
class LeafOptions:
    """How a certificate departs from the usual one. For tests of what must be noticed."""

    not_before: datetime | None = None
    not_after: datetime | None = None
    non_repudiation: bool = True
    subject_serial: str | None = None
    """A person's serialNumber attribute, in which some issuers write an identity number."""
    ocsp_url: str | None = None
    """Where the certificate says revocation can be asked for. Nobody here ever does."""
    crl_url: str | None = None
    """Where the certificate says its issuer's revocation list lies."""
    key: Key | None = field(default=None, repr=False)
    issuer: Credential | None = None
    """Another of the infrastructure's authorities than its usual one."""


@dataclass(frozen=True, kw_only=True)
class SigningOptions:
    """How a signature departs from the usual one."""

    embed_revocation: bool = True
    """Put certificates and revocation lists into the document's store. B-LT and B-LTA always have them."""
    digest: str = "sha256"
    timestamp: datetime | None = None
    """What the time-stamp authority says; the time of signing if None."""
    stamped: bool = False
    """Have a signature of level `CMS` time-stamped, too."""
    certifies: bool = False
    """Certify the document, allowing nothing to be done to it (DocMDP, P = 1; ISO 32000-1, 12.8.2.2)."""


def _with_crl_url(builder: x509.CertificateBuilder, url: str | None) -> x509.CertificateBuilder:
    if url is None:
        return builder
    place = x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)
    return builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)


def _rsa_options() -> LeafOptions:
    return LeafOptions(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))


def sign(
    pdf: bytes,
    credential: Credential,
    *,
    field: str,
    level: Level = "B-B",
    embed_revocation: bool = True,
    now: datetime,
    options: SigningOptions | None = None,
) -> bytes:
    """Sign into a named field (an empty one that is there, else a new one without area), as an increment to the bytes.

    `level`: PAdES (ETSI EN 319 142-1), or `CMS` for the older adbe.pkcs7.detached. `now` is the claimed time and that
    of the time-stamp. Opens no socket: the time-stamp authority is in this process. May be called again on its own
    result.
    """
    chosen = options or SigningOptions(embed_revocation=embed_revocation)
    embeds = level in ("B-LT", "B-LTA") or (chosen.embed_revocation and level != "CMS")
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm=chosen.digest,
        subfilter=SigSeedSubFilter.ADOBE_PKCS7_DETACHED if level == "CMS" else SigSeedSubFilter.PADES,
        embed_validation_info=embeds,
        use_pades_lta=level == "B-LTA",
        validation_context=_signing_context(credential, now) if embeds else None,  # with it, the library judges as well
        signer_key_usage=set(),
        certify=chosen.certifies,
        docmdp_permissions=MDPPerm.NO_CHANGES if chosen.certifies else MDPPerm.FILL_FORMS,
    )
    unstamped = level == "B-B" or (level == "CMS" and not chosen.stamped)
    timestamper = None if unstamped else _timestamper(credential.pki, chosen.timestamp or now)
    signer = TimedSigner(metadata, signer=_signer(credential), timestamper=timestamper)
    signer.claimed_time = now
    output = io.BytesIO()
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=output)
    return output.getvalue()


def _signing_context(credential: Credential, now: datetime) -> ValidationContext:
    pki = credential.pki
    return ValidationContext(
        trust_roots=[_asn1(pki.root)],
        other_certs=[_asn1(authority) for authority in pki.authorities[1:]],
        crls=[asn1_crl.CertificateList.load(der) for der in pki.crls(now)],
        allow_fetching=False,
        revocation_mode="soft-fail",
        moment=now,
        retroactive_revinfo=True,
    )


def _signer(credential: Credential) -> signers.SimpleSigner:
    return signers.SimpleSigner(
        signing_cert=_asn1(credential),
        signing_key=_asn1_key(credential),
        cert_registry=_registry(credential.pki),
    )


def _timestamper(pki: ThrowawayPki, moment: datetime) -> DummyTimeStamper:
    return DummyTimeStamper(
        tsa_cert=_asn1(pki.timestamper),
        tsa_key=_asn1_key(pki.timestamper),
        certs_to_embed=_registry(pki),
        fixed_dt=moment,
    )


def _registry(pki: ThrowawayPki) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    for authority in pki.authorities[1:]:
        store.register(_asn1(authority))
    return store


def _asn1(credential: Credential) -> Any:
    return asn1_x509.Certificate.load(credential.der)


def _asn1_key(credential: Credential) -> Any:
    der = credential.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return asn1_keys.PrivateKeyInfo.load(der)


def _plain_name(common_name: str) -> x509.Name:
    return _name([(NameOID.COUNTRY_NAME, "NO"), (NameOID.COMMON_NAME, common_name)])


def _name(attributes: list[tuple[ObjectIdentifier, str]]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def _key_identifier(issuer: Credential) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _qc_statements(kind: str) -> x509.UnrecognizedExtension:
    """QcCompliance and QcType, as ETSI EN 319 412-5 has them. That the claim is untrue is what the demo mark says."""
    types = _sequence(encoded_oid(kind))
    statements = _sequence(_sequence(encoded_oid(QC_COMPLIANCE)), _sequence(encoded_oid(QC_TYPE), types))
    return x509.UnrecognizedExtension(ObjectIdentifier(QC_STATEMENTS), statements)


def _birth_date(day: date) -> x509.UnrecognizedExtension:
    """RFC 3739, 3.2.2: noon GMT."""
    noon = datetime.combine(day, time(12), tzinfo=UTC).strftime("%Y%m%d%H%M%SZ").encode("ascii")
    values = _tagged(0x31, _tagged(0x18, noon))
    return x509.UnrecognizedExtension(
        ObjectIdentifier("2.5.29.9"), _sequence(_sequence(encoded_oid(BIRTH_DATE), values))
    )


def _sequence(*parts: bytes) -> bytes:
    return _tagged(0x30, b"".join(parts))


def _tagged(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content
