"""What the return of a signing service proves (shape B), and what one that was only written anew does (shape C).

A seal says that a service delivered the file. Who signed what stands in the evidence the service embeds, and that
counts only if (a) its own signature verifies under an authority of the profile, (b) the issued document, or its
SHA-256, stands inside what it signs, (c) the pages are as issued, less the service's own, (d) the service made sure who
signed, and (e) they are the expected signers, which `agreements.signers` judges. Without a profile nothing of it
counts: the seal may be fine, who signed is unverified.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from agreements.findings import (
    EVD_ALWAYS_REVIEW,
    EVD_BROKEN,
    EVD_IDENTIFICATION,
    EVD_NAMES_NOTHING,
    EVD_NO_TIME,
    EVD_NONE,
    EVD_OTHER_DOCUMENT,
    EVD_PROVEN,
    EVD_UNCONFIRMED,
    EVD_UNKNOWN_SERVICE,
    EVD_UNREADABLE,
    EVD_UNTRUSTED,
    PRV_REWRITTEN,
    PRV_SERVICE_REWRITES,
    SIG_DEMO_CERTIFICATE,
    SIG_REVOCATION_UNKNOWN,
    SIG_REVOKED,
    Finding,
)
from agreements.signature_report import (
    EvidencedSigner,
    Revocation,
    RevocationPolicy,
    Shape,
    SignatureResult,
    SignerIdentity,
)
from agreements.signers import name_key
from signatures.evidence.belief import Distrust
from signatures.evidence.reading import Evidence
from signatures.evidence.statement import Fault
from signatures.profiles import SealProfile
from signatures.trust import Trust


@dataclass(frozen=True, kw_only=True)
class Service:
    """The signing service that sealed a return."""

    profile: SealProfile
    seal: SignatureResult


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What came out."""

    shape: Shape
    findings: tuple[Finding, ...]
    signers: tuple[EvidencedSigner, ...] = ()


UNKNOWN: Final = "-"
"""Where a seal names no organisation."""


def find_service(results: Iterable[SignatureResult], profiles: Iterable[SealProfile]) -> Service | None:
    """The profile that a trusted seal belongs to: the outermost seal with a profile.

    A certificate of the right name under another authority is not the service's.
    """
    known = tuple(profiles)
    for result in reversed(tuple(results)):
        if result.counts and result.trusted and result.intact and result.covers_document:
            profile = next((one for one in known if _is_seal_of(result, one)), None)
            if profile is not None:
                return Service(profile=profile, seal=result)
    return None


def _is_seal_of(result: SignatureResult, profile: SealProfile) -> bool:
    rule, signer = profile.seal, result.signer
    return (
        not set(rule.issuers).isdisjoint(result.chain)
        and signer.org_name == rule.organisation
        and (rule.org_number is None or signer.org_number == rule.org_number)
    )


def mark_service(results: tuple[SignatureResult, ...], service: Service | None) -> tuple[SignatureResult, ...]:
    """The results, with the service's seal known as such."""
    if service is None:
        return results
    name = service.profile.name
    return tuple(one.model_copy(update={"service": name}) if one == service.seal else one for one in results)


def unknown_services(results: Iterable[SignatureResult]) -> tuple[Finding, ...]:
    """Seals of organisations that no profile knows, on a file that was written anew."""
    sealed = (one for one in results if one.counts and one.trusted and one.signer.org_name is not None)
    return tuple(
        EVD_UNKNOWN_SERVICE(field=one.field, organisation=one.signer.org_name or UNKNOWN)
        for one in sealed
        if one.service is None
    )


def judge_carried(
    service: Service, evidence: tuple[Evidence, ...], trust: Trust, *, pages: tuple[Finding, ...]
) -> Carried:
    """A return sealed by a known service. `pages`: what differs on its pages, less the service's own."""
    about = tuple(finding for one in evidence for finding in _about(one, trust))
    of_service = tuple(_about_service(service, found=bool(evidence)))
    signers = _signers(service.profile, evidence, trust)
    ours = any(one.names_issued and one.fault is None for one in evidence)
    rewritten = () if ours else (_about_rewritten(service.profile, pages),)
    title = service.profile.title
    proven = tuple(
        EVD_PROVEN(service=title, signer=one.signer.name or UNKNOWN, method=one.identification)
        for one in signers
        if one.proven
    )
    return Carried(
        shape=Shape.CARRIER if ours else Shape.REWRITTEN,
        findings=(*of_service, *about, *rewritten, *pages, *proven),
        signers=signers,
    )


def _about_service(service: Service, *, found: bool) -> Iterator[Finding]:
    """What the profile asks of every return."""
    profile = service.profile
    if profile.evidence is not None and not found:
        yield EVD_NONE(service=profile.title)
    if profile.timestamp == "required" and not service.seal.stamped:
        yield EVD_NO_TIME(service=profile.title)
    if profile.confirmed is None:
        yield EVD_UNCONFIRMED(service=profile.title)
    if profile.carrier == "review":
        yield EVD_ALWAYS_REVIEW(service=profile.title)


def _about(evidence: Evidence, trust: Trust) -> Iterator[Finding]:
    """One file of evidence: whatever of it does not hold."""
    file = evidence.file
    if evidence.fault is not None:
        broken = evidence.fault is Fault.BROKEN
        yield (EVD_BROKEN if broken else EVD_UNREADABLE)(file=file, fault=evidence.fault.value)
        return
    if evidence.names_other:  # beside ours, too: evidence of several documents is of none in particular
        yield EVD_OTHER_DOCUMENT(file=file)
    elif not evidence.names_issued:
        yield EVD_NAMES_NOTHING(file=file)
    if evidence.marked and not trust.accept_demo:
        yield SIG_DEMO_CERTIFICATE(field=file)
    yield from _about_certificate(evidence, trust)
    if not evidence.identification.proves_a_person:
        yield EVD_IDENTIFICATION(signer=evidence.name or UNKNOWN, method=evidence.identification.value)


def _about_certificate(evidence: Evidence, trust: Trust) -> Iterator[Finding]:
    if evidence.distrust is Distrust.REVOKED or evidence.revocation is Revocation.REVOKED:
        yield SIG_REVOKED(field=evidence.file)
    elif evidence.distrust is not None:
        yield EVD_UNTRUSTED(file=evidence.file, why=evidence.distrust.value)
    elif evidence.revocation is Revocation.UNKNOWN and trust.revocation is RevocationPolicy.REQUIRE:
        yield SIG_REVOCATION_UNKNOWN(field=evidence.file)


def _about_rewritten(profile: SealProfile, pages: tuple[Finding, ...]) -> Finding:
    """No evidence is of our document: the pages are all there is."""
    allowed = profile.rewritten == "approve" and profile.confirmed is not None and not pages
    return PRV_SERVICE_REWRITES(service=profile.title) if allowed else PRV_REWRITTEN()


def _signers(profile: SealProfile, evidence: tuple[Evidence, ...], trust: Trust) -> tuple[EvidencedSigner, ...]:
    """Who has signed by each file of evidence. The same statement twice is one."""
    made: dict[tuple[object, ...], EvidencedSigner] = {}
    for one in evidence:
        if one.fault is None:
            who = _identity(profile, one)
            same = (name_key(who.name or ""), who.birth_date, who.certificate_sha256, one.claimed_time)
            made.setdefault(same, _signer(one, who, trust))
    return tuple(made.values())


def _identity(profile: SealProfile, evidence: Evidence) -> SignerIdentity:
    """Of the certificate where it is the signer's own; else nothing but what the service says."""
    own = profile.evidence is not None and profile.evidence.signer is None
    stated = {"name": evidence.name, "birth_date": evidence.birth_date}
    return evidence.identity.model_copy(update=stated) if own else SignerIdentity.model_validate(stated)


def _signer(evidence: Evidence, who: SignerIdentity, trust: Trust) -> EvidencedSigner:
    return EvidencedSigner(
        file=evidence.file,
        signer=who,
        identification=evidence.identification.value,
        proven=evidence.names_issued and next(_about(evidence, trust), None) is None,
        signed_at=evidence.claimed_time,
    )
