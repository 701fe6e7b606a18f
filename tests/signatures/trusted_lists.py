"""Trusted lists for tests, in the form of ETSI TS 119 612, signed by keys that are thrown away.

Enveloped and with exclusive canonicalisation, as TS 119 612, 5.7.1, has it, less the XAdES properties, which signxml
can not make beneath a default namespace.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree  # type: ignore[import-untyped]
from signxml import methods
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

NS = "http://uri.etsi.org/02231/v2#"
BASE = "http://uri.etsi.org/TrstSvc"
GRANTED, WITHDRAWN = (f"{BASE}/TrustedList/Svcstatus/{word}" for word in ("granted", "withdrawn"))


@dataclass(frozen=True)
class Operator:
    """Who signs a list."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey = field(repr=False)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def make_operator(name: str, now: datetime, *, days: int = 400) -> Operator:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "NO"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return Operator(certificate=certificate, key=key)


@dataclass(frozen=True, kw_only=True)
class Service:
    """An authority in a national list."""

    certificate: bytes
    status: str = GRANTED
    since: datetime
    history: tuple[tuple[str, datetime], ...] = ()
    qualifier: str | None = None
    """For certificates whose key usage has nonRepudiation."""


def _names(text: str) -> str:
    return f'<Name xml:lang="en">{text}</Name>'


def _scheme(kind: str, territory: str, *, sequence: int, issued: datetime, until: datetime, extra: str = "") -> str:
    return f"""<SchemeInformation><TSLVersionIdentifier>5</TSLVersionIdentifier>
<TSLSequenceNumber>{sequence}</TSLSequenceNumber><TSLType>{BASE}/TrustedList/TSLType/{kind}</TSLType>
<SchemeOperatorName>{_names("Operator")}</SchemeOperatorName><SchemeName>{_names("Scheme")}</SchemeName>
<SchemeInformationURI><URI xml:lang="en">https://example.org/</URI></SchemeInformationURI>
<SchemeTerritory>{territory}</SchemeTerritory>{extra}
<ListIssueDateTime>{issued:%Y-%m-%dT%H:%M:%SZ}</ListIssueDateTime>
<NextUpdate><dateTime>{until:%Y-%m-%dT%H:%M:%SZ}</dateTime></NextUpdate></SchemeInformation>"""


def _identity(der: bytes) -> str:
    return f"<X509Certificate>{base64.b64encode(der).decode()}</X509Certificate>"


def _described(service: Service, status: str, since: datetime) -> str:
    extension = ""
    if service.qualifier is not None:
        sie = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
        extension = f"""<ServiceInformationExtensions><Extension Critical="true"><q:Qualifications xmlns:q="{sie}">
<q:QualificationElement><q:Qualifiers><q:Qualifier uri="{BASE}/TrustedList/SvcInfoExt/{service.qualifier}"/>
</q:Qualifiers><q:CriteriaList assert="all"><q:KeyUsage><q:KeyUsageBit name="nonRepudiation">true</q:KeyUsageBit>
</q:KeyUsage></q:CriteriaList></q:QualificationElement></q:Qualifications></Extension></ServiceInformationExtensions>"""
    return f"""<ServiceTypeIdentifier>{BASE}/Svctype/CA/QC</ServiceTypeIdentifier>
<ServiceName>{_names("CA")}</ServiceName><ServiceDigitalIdentity><DigitalId>{_identity(service.certificate)}</DigitalId>
</ServiceDigitalIdentity><ServiceStatus>{status}</ServiceStatus>
<StatusStartingTime>{since:%Y-%m-%dT%H:%M:%SZ}</StatusStartingTime>{extension}"""


def _service(service: Service) -> str:
    past = "".join(
        f"<ServiceHistoryInstance>{_described(service, status, since)}</ServiceHistoryInstance>"
        for status, since in service.history
    )
    now = f"<ServiceInformation>{_described(service, service.status, service.since)}</ServiceInformation>"
    return f"<TSPService>{now}{f'<ServiceHistory>{past}</ServiceHistory>' if past else ''}</TSPService>"


def national_list(
    operator: Operator,
    services: tuple[Service, ...],
    *,
    issued: datetime,
    until: datetime,
    sequence: int = 7,
    territory: str = "NO",
) -> bytes:
    scheme = _scheme("EUgeneric", territory, sequence=sequence, issued=issued, until=until)
    provider = f"""<TrustServiceProvider><TSPInformation><TSPName>{_names("TSP")}</TSPName></TSPInformation>
<TSPServices>{"".join(map(_service, services))}</TSPServices></TrustServiceProvider>"""
    return _signed(f"{scheme}<TrustServiceProviderList>{provider}</TrustServiceProviderList>", operator)


def list_of_lists(
    operator: Operator, signers: dict[str, bytes], *, issued: datetime, until: datetime, sequence: int = 300
) -> bytes:
    pointers = "".join(
        f"""<OtherTSLPointer><ServiceDigitalIdentities><ServiceDigitalIdentity><DigitalId>{_identity(der)}</DigitalId>
</ServiceDigitalIdentity></ServiceDigitalIdentities><TSLLocation>https://example.org/{territory}.xml</TSLLocation>
<AdditionalInformation><OtherInformation><SchemeTerritory>{territory}</SchemeTerritory></OtherInformation>
<OtherInformation><x:MimeType xmlns:x="http://uri.etsi.org/02231/v2/additionaltypes#">application/vnd.etsi.tsl+xml\
</x:MimeType></OtherInformation></AdditionalInformation></OtherTSLPointer>"""
        for territory, der in signers.items()
    )
    extra = f"<PointersToOtherTSL>{pointers}</PointersToOtherTSL>"
    scheme = _scheme("EUlistofthelists", "EU", sequence=sequence, issued=issued, until=until, extra=extra)
    return _signed(scheme, operator)


def _signed(content: str, operator: Operator) -> bytes:
    text = f'<TrustServiceStatusList xmlns="{NS}" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag">{content}'
    root = etree.fromstring(f"{text}</TrustServiceStatusList>")
    signer: Any = XMLSigner(
        method=methods.enveloped,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return bytes(etree.tostring(signer.sign(root, key=operator.key, cert=[operator.certificate])))
