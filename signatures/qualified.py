"""Whether a certificate is qualified, by the trusted lists at hand: asked of a chain that is believed already.

The engine's own assessment (pyHanko's `QualificationAssessor`, after the EU's validation algorithm) over the services
of those lists that name an authority of the chain. Lists never make anybody trusted: whose chain leads to none of our
anchors is never asked about.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from asn1crypto import x509  # type: ignore[import-untyped]
from pyhanko.sign.validation.qualified.assess import QualificationAssessor
from pyhanko.sign.validation.qualified.tsp import (
    CA_QC_URI,
    BaseServiceInformation,
    CAServiceInformation,
    CertSubjectDNCriterion,
    CriteriaCombination,
    CriteriaList,
    Criterion,
    KeyUsageCriterion,
    PolicySetCriterion,
    QcCertType,
    Qualification,
    Qualifier,
    TSPRegistry,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.path import ValidationPath

from agreements.findings import SIG_LIST_STALE, SIG_NOT_QUALIFIED, Finding
from agreements.signature_report import EvidencedSigner, Listing, ListStatus, SignatureKind, SignatureResult
from signatures.listed import Criteria, ListedService, TrustedList, authority_digest

_TERRITORIES: Final = {"GR": "EL", "GB": "UK"}
"""Countries that lists call otherwise than certificates do (TS 119 612, 5.3.10)."""
_NO_CERTIFICATE: Final = "no_certificate"


def find_listing(lists: Sequence[TrustedList], chain: Sequence[Any], *, moment: datetime, at: datetime) -> Listing:
    """What the lists say of the last certificate of a chain (asn1crypto's, the anchor first).

    `moment`: when the signature is proven to have existed, for the status then. `at`: the time of judging, at which the
    list must be fresh. A list that names an authority of the chain speaks; if none does, that of the issuer's country.
    """
    authorities = {authority_digest(one): one for one in chain[:-1]}
    speaking = [one for one in lists if not authorities.keys().isdisjoint(one.known)]
    if not speaking:
        return _unlisted(lists, _territory(chain), at)
    for one in speaking:
        if one.is_stale(at):
            return Listing(status=ListStatus.STALE, territory=one.territory, next_update=one.next_update)
    services = [
        (service, [authorities[key] for key in service.authorities if key in authorities])
        for one in speaking
        for service in one.services
    ]
    status = _assess([_information(service, found) for service, found in services if found], chain, moment)
    return Listing(status=status, territory=speaking[0].territory, next_update=speaking[0].next_update)


def _unlisted(lists: Sequence[TrustedList], territory: str | None, at: datetime) -> Listing:
    home = next((one for one in lists if one.territory == territory), None)
    if home is None:
        return Listing(status=ListStatus.NO_LIST if lists else ListStatus.STALE, territory=territory)
    status = ListStatus.STALE if home.is_stale(at) else ListStatus.NOT_LISTED
    return Listing(status=status, territory=territory, next_update=home.next_update)


def _territory(chain: Sequence[Any]) -> str | None:
    country = chain[-1].issuer.native.get("country_name")
    if not isinstance(country, str) or len(country) != 2 or not country.isalpha():
        return None
    return _TERRITORIES.get(country.upper(), country.upper())


def _assess(services: list[CAServiceInformation], chain: Sequence[Any], moment: datetime) -> ListStatus:
    registry = TSPRegistry()
    for service in services:
        registry.register_ca(service)
    path = ValidationPath(CertTrustAnchor(chain[0]), chain[1:-1], chain[-1])
    if not list(registry.applicable_tsps_on_path(path, moment)):
        return ListStatus.WITHDRAWN
    try:
        status = QualificationAssessor(registry).check_entity_cert_qualified(path, moment).status
    except NotImplementedError:  # a certificate of several types
        return ListStatus.NOT_QUALIFIED
    fit = status.qualified and status.qc_type is not QcCertType.QC_WEB
    return ListStatus.QUALIFIED if fit else ListStatus.NOT_QUALIFIED


def _information(service: ListedService, certificates: list[Any]) -> CAServiceInformation:
    return CAServiceInformation(
        base_info=BaseServiceInformation(
            service_type=CA_QC_URI,
            service_name="-",  # the engine would log it
            valid_from=service.since,
            valid_until=service.until,
            provider_certs=tuple(certificates),
            additional_info_certificate_type=frozenset(QcCertType(kind) for kind in service.kinds),
            other_additional_info=frozenset(),
        ),
        qualifications=frozenset(
            Qualification(
                qualifiers=frozenset(Qualifier(name) for name in one.qualifiers), criteria_list=_criteria(one.criteria)
            )
            for one in service.qualifying
        ),
        expired_certs_revocation_info=None,
    )


def _criteria(criteria: Criteria) -> CriteriaList:
    return CriteriaList(combine_as=CriteriaCombination(criteria.combine), criteria=frozenset(_each(criteria)))


def _each(criteria: Criteria) -> Iterator[Criterion]:
    for policies in criteria.policies:
        yield PolicySetCriterion(frozenset(policies))
    for usage in criteria.usages:
        yield KeyUsageCriterion(
            KeyUsageConstraints(
                key_usage=frozenset(usage.required),
                key_usage_forbidden=frozenset(usage.forbidden),
                extd_key_usage=frozenset(usage.extended) or None,
                match_all_key_usages=True,  # TS 119 612, 5.5.9.2.2.1; the engine would be content with one of them
            )
        )
    for attributes in criteria.subject:
        yield CertSubjectDNCriterion(frozenset(attributes))
    for inner in criteria.inner:
        yield _criteria(inner)


def certificates_of(ders: Iterable[bytes]) -> list[Any]:
    """As the engine has them."""
    return [x509.Certificate.load(der) for der in ders]


def qualification_findings(
    signatures: Iterable[SignatureResult], evidence: Iterable[EvidencedSigner], *, service: str | None, at: datetime
) -> tuple[Finding, ...]:
    """Under `require_qualified`: who signed for a party, and is not proven to be qualified.

    Persons' signatures, an organisation's own seal, and the persons of a service's evidence. Not a service's own seal
    (`service` is its profile): it says who delivered, not who signed. What is not trusted has its own finding. `at`:
    the time of judging.
    """
    asked = [
        (one.field, one.signer.listing)
        for one in signatures
        if one.counts and one.trusted and not (service is not None and one.kind is SignatureKind.SEAL)
    ]
    asked += [(one.file, one.signer.listing) for one in evidence]
    return tuple(finding for field, listing in asked if (finding := _finding(field, listing, at)) is not None)


def _finding(field: str, listing: Listing | None, at: datetime) -> Finding | None:
    if listing is None:
        return SIG_NOT_QUALIFIED(field=field, why=_NO_CERTIFICATE)
    until = listing.next_update
    if listing.status is ListStatus.STALE or (until is not None and at >= until):
        return SIG_LIST_STALE(
            field=field, territory=listing.territory or "-", date=until.date().isoformat() if until else "-"
        )
    if listing.status is ListStatus.QUALIFIED:
        return None
    return SIG_NOT_QUALIFIED(field=field, why=listing.status.value)
