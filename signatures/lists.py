"""Reading trusted lists (ETSI TS 119 612): the signature first, then nothing but what was signed.

The file's one XML signature is verified by `signatures.evidence.xades`, under its limits (no type definition, no
entities, one signature, strong algorithms), and what is read is the element that it signed. pyHanko's own
`trust_list_to_registry` is passed by: it judges at today's time, tries each candidate certificate in turn and never
reads NextUpdate. Whose signature counts, and whether the list is still fresh, is for the caller, who has a clock.
"""

import hashlib
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography import x509
from lxml import etree  # type: ignore[import-untyped]
from pyhanko.sign.validation.qualified.eutl_parse import (
    latest_known_lotl_tlso_certs,
    parse_lotl_unsafe,
    read_qualified_service_definitions,
)
from pyhanko.sign.validation.qualified.tsp import (
    CA_QC_URI,
    CAServiceInformation,
    CertSubjectDNCriterion,
    CriteriaList,
    KeyUsageCriterion,
    PolicySetCriterion,
)

from agreements.canonical import JsonValue
from signatures.evidence.statement import EvidenceError, Fault, Statement
from signatures.evidence.xades import read_xades
from signatures.listed import (
    Criteria,
    KeyUsage,
    ListedService,
    ListKind,
    Qualifying,
    TrustedList,
    authority_digest,
)

MAX_LIST_BYTES: Final = 16 * 2**20  # the largest national lists have some 5 MB, the Norwegian one 0.2
FILE: Final = "list"
_TSL: Final = "{http://uri.etsi.org/02231/v2#}"
_TYPES: Final = {
    "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists": ListKind.LOTL,
    "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric": ListKind.NATIONAL,
}  # TS 119 612, D.3
_TERRITORY: Final = re.compile(r"[A-Z]{2}\Z")


class ListError(Exception):
    """The file is no list that can be believed. `fault`: `unreadable`, `signature`, `kind` or `too-large`."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def official_signers() -> frozenset[str]:
    """SHA-256 of the certificates that the EU's list of the lists is signed with, as pyHanko brings them."""
    return frozenset(hashlib.sha256(one.dump()).hexdigest() for one in latest_known_lotl_tlso_certs())


def read_in_sandbox(files: Mapping[str, bytes], _arguments: JsonValue) -> JsonValue:
    """Runs in the sandbox's child: the list as values, or `{"fault": …}`."""
    try:
        return {"list": read_list(files[FILE]).model_dump(mode="json")}
    except ListError as error:
        return {"fault": error.fault}


def read_list(data: bytes) -> TrustedList:
    """Verify and read one list. Raises ListError."""
    if len(data) > MAX_LIST_BYTES:
        raise ListError("too-large")
    statement, root = _signed_root(data)
    try:
        return _read(hashlib.sha256(data).hexdigest(), statement, root)
    except ListError:
        raise
    except Exception as error:  # signed, but by anybody: the libraries raise anything on odd content
        raise ListError("kind") from error


def _signed_root(data: bytes) -> tuple[Statement, Any]:
    """The list as it was signed. It is an element of no document any more: what stood around it is gone."""
    try:
        statement = read_xades(data, issued=None)
    except EvidenceError as error:
        raise ListError("unreadable" if error.fault is Fault.UNREADABLE else "signature") from error
    root = next((part for part in statement.elements if part.tag == f"{_TSL}TrustServiceStatusList"), None)
    if root is None:
        raise ListError("signature")
    return statement, root


def _read(sha256: str, statement: Statement, root: Any) -> TrustedList:
    scheme = root.find(f"{_TSL}SchemeInformation")
    kind = _TYPES.get(_text(scheme, "TSLType"))
    territory = _text(scheme, "SchemeTerritory")
    if kind is None or _TERRITORY.match(territory) is None:
        raise ListError("kind")
    made_with = statement.certificate.dump()
    signer = x509.load_der_x509_certificate(made_with)
    text = etree.tostring(root, encoding="unicode")
    national = kind is ListKind.NATIONAL
    return TrustedList(
        sha256=sha256,
        kind=kind,
        territory=territory,
        sequence=int(_text(scheme, "TSLSequenceNumber")),
        issued=_moment(_text(scheme, "ListIssueDateTime")),
        next_update=_moment(_text(scheme, "NextUpdate/{*}dateTime")),
        signer=signer.subject.rfc4514_string(),
        signer_sha256=hashlib.sha256(made_with).hexdigest(),
        signer_from=signer.not_valid_before_utc,
        signer_until=signer.not_valid_after_utc,
        pointers={} if national else _pointers(text),
        services=_services(text) if national else (),
        known=_known(root) if national else (),
    )


def _text(scheme: Any, name: str) -> str:
    found = scheme.find(f"{_TSL}{name}")
    if found is None or not found.text:
        raise ListError("kind")  # a closed list has no next update; nothing is to be had from it either
    return str(found.text).strip()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ListError("kind")
    return moment


def _pointers(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for reference in parse_lotl_unsafe(text).references:
        digests = (hashlib.sha256(one.dump()).hexdigest() for one in reference.tlso_certs)
        found.setdefault(reference.territory, set()).update(digests)
    return {territory: tuple(sorted(digests)) for territory, digests in found.items()}


def _services(text: str) -> tuple[ListedService, ...]:
    """The granted ones. What pyHanko can't make out (an unknown critical extension) it leaves out: not qualified."""
    found = (one for one in read_qualified_service_definitions(text) if isinstance(one, CAServiceInformation))
    return tuple(_service(one) for one in found)


def _service(found: CAServiceInformation) -> ListedService:
    base = found.base_info
    return ListedService(
        name=base.service_name,
        authorities=tuple(sorted({authority_digest(one) for one in base.provider_certs})),
        since=base.valid_from,
        until=base.valid_until,
        kinds=tuple(sorted(kind.value for kind in base.additional_info_certificate_type)),
        qualifying=tuple(
            Qualifying(
                qualifiers=tuple(sorted(one.value for one in each.qualifiers)), criteria=_criteria(each.criteria_list)
            )
            for each in sorted(found.qualifications, key=repr)
        ),
    )


def _criteria(found: CriteriaList) -> Criteria:
    each = sorted(found.criteria, key=repr)
    known = (PolicySetCriterion, KeyUsageCriterion, CertSubjectDNCriterion, CriteriaList)
    if not all(isinstance(one, known) for one in each):
        raise ListError("kind")
    usages = (one.settings for one in each if isinstance(one, KeyUsageCriterion))
    return Criteria(
        combine=found.combine_as.value,
        policies=tuple(tuple(sorted(o.required_policy_oids)) for o in each if isinstance(o, PolicySetCriterion)),
        usages=tuple(
            KeyUsage(
                required=_sorted(usage.key_usage),
                forbidden=_sorted(usage.key_usage_forbidden),
                extended=_sorted(usage.extd_key_usage),
            )
            for usage in usages
        ),
        subject=tuple(_sorted(o.required_rdn_part_oids) for o in each if isinstance(o, CertSubjectDNCriterion)),
        inner=tuple(_criteria(one) for one in each if isinstance(one, CriteriaList)),
    )


def _sorted(words: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(sorted(words or ()))


def _known(root: Any) -> tuple[str, ...]:
    """Authorities of services for qualified certificates of any status, their history included."""
    found: set[str] = set()
    for element in root.iter(f"{_TSL}ServiceTypeIdentifier"):
        if (element.text or "").strip() == CA_QC_URI:
            found.update(_authorities(element.getparent()))
    return tuple(sorted(found))


def _authorities(service: Any) -> Iterable[str]:
    for element in service.iterfind(f"{_TSL}ServiceDigitalIdentity/{_TSL}DigitalId/{_TSL}X509Certificate"):
        yield authority_digest(asn1_x509.Certificate.load(b64decode("".join((element.text or "").split()))))
