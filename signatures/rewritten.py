"""Is a document that was written anew the one we issued, and what does the service prove that did it?

The issued bytes do not stand first: a signing service's file (shapes B and C), a scan (D), or another document. The
plan: (1) without text it is a picture; (2) a line that was issued and is not there makes it another document; (3) the
service is known by its seal; (4) its evidence is read and judged; (5) what its pages show beyond the issued ones and
beyond what is the service's own is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from agreements.findings import (
    PRV_ACTIVE_CONTENT,
    PRV_NOT_COMPARED,
    PRV_REWRITTEN,
    PRV_SCAN,
    PRV_TEXT_DIFFERS,
    Finding,
)
from agreements.pages import missing_lines
from agreements.signature_report import EvidencedSigner, Provenance, Shape, SignatureResult
from signatures.areas import page_findings
from signatures.carrier import Carried, Service, find_service, judge_carried, mark_service, unknown_services
from signatures.document import Document, PdfValue
from signatures.evidence.embedded import embedded_files
from signatures.evidence.reading import Basis, Evidence, find_any_evidence, is_named, read_evidence
from signatures.knowledge import Knowledge
from signatures.profiles import SealProfile
from signatures.provenance import Texts
from signatures.trust import Trust

MAX_QUOTED: Final = 80  # characters of a line that a finding quotes
_ACTIVE = {"/OpenAction": "action", "/AA": "action", "/AF": "attachment"}
_ACTIVE_NAMES = {"/JavaScript": "script", "/EmbeddedFiles": "attachment"}


@dataclass(frozen=True, kw_only=True)
class Returned:
    """The document, and what it is judged by."""

    document: Document
    texts: Texts
    issued: bytes
    signatures: tuple[SignatureResult, ...]
    trust: Trust
    knowledge: Knowledge
    """Certificates and revocation data of the document's own store."""
    at: datetime

    def basis(self, at: datetime) -> Basis:
        """What evidence is judged by that is proven to have existed at a moment."""
        return Basis(trust=self.trust, at=at, knowledge=self.knowledge)


@dataclass(frozen=True, kw_only=True)
class Rewritten:
    """What was found out."""

    shape: Shape
    findings: tuple[Finding, ...]
    signatures: tuple[SignatureResult, ...]
    """As they were, the service's seal known as such."""
    service: str | None = None
    evidence: tuple[EvidencedSigner, ...] = ()

    @property
    def provenance(self) -> Provenance:
        """As the report has it."""
        return Provenance(shape=self.shape, issued_is_prefix=False)


def compare_rewritten(returned: Returned) -> Rewritten:
    """Judge it. Raises what the libraries raise on hostile files."""
    early = _without_text(returned.texts)
    if early is not None:
        shape, finding = early
        findings = (finding, *_active(returned.document, None))
        return Rewritten(shape=shape, findings=findings, signatures=returned.signatures)
    service = find_service(returned.signatures, returned.trust.profiles)
    signatures = mark_service(returned.signatures, service)
    carried = _unknown(returned, signatures) if service is None else _known(returned, service)
    shape, findings = carried.shape, (*carried.findings, *_active(returned.document, service))
    changed = _changed_text(returned.texts)
    if changed is not None:
        shape, findings = Shape.OTHER, (changed, *(one for one in findings if one.code != PRV_REWRITTEN.code))
    return Rewritten(
        shape=shape,
        findings=findings,
        signatures=signatures,
        service=None if service is None else service.profile.name,
        evidence=carried.signers,
    )


def _without_text(texts: Texts) -> tuple[Shape, Finding] | None:
    if texts.returned is None or texts.issued is None:
        return Shape.UNKNOWN, PRV_NOT_COMPARED()
    return None if texts.returned.has_text else (Shape.SCAN, PRV_SCAN())


def _changed_text(texts: Texts) -> Finding | None:
    """Issued lines that are nowhere in it."""
    assert texts.returned is not None and texts.issued is not None  # noqa: PT018 - `_without_text` was asked
    missing = missing_lines(texts.issued, texts.returned)
    if not missing and texts.issued.has_text:
        return None
    page, line = missing[0] if missing else (1, "")
    return PRV_TEXT_DIFFERS(count=len(missing), page=page, line=line[:MAX_QUOTED])


def _unknown(returned: Returned, signatures: tuple[SignatureResult, ...]) -> Carried:
    """No profile knows its seal: evidence of our document shows what kind of file it is, and counts for nothing."""
    evidence = find_any_evidence(returned.document, issued=returned.issued, basis=returned.basis(returned.at))
    shape = Shape.CARRIER if any(one.names_issued and one.fault is None for one in evidence) else Shape.REWRITTEN
    return Carried(shape=shape, findings=(PRV_REWRITTEN(), *unknown_services(signatures), *_pages(returned, None, ())))


def _known(returned: Returned, service: Service) -> Carried:
    evidence = _evidence(returned, service)
    names = [one.name or "" for one in evidence]
    return judge_carried(service, evidence, returned.trust, pages=_pages(returned, service.profile, names))


def _evidence(returned: Returned, service: Service) -> tuple[Evidence, ...]:
    """What the service embedded; it was there when its seal was made, so that is the time it is judged at."""
    rule = service.profile.evidence
    if rule is None:
        return ()
    basis = returned.basis(service.seal.best_signature_time or returned.at)
    return read_evidence(returned.document, rule=rule, issued=returned.issued, basis=basis)


def _pages(returned: Returned, profile: SealProfile | None, names: Sequence[str]) -> tuple[Finding, ...]:
    texts = returned.texts
    if texts.likeness is None or texts.returned is None:
        return (PRV_NOT_COMPARED(),)
    return page_findings(texts.likeness, profile, texts.returned, names)


def _active(document: Document, service: Service | None) -> tuple[Finding, ...]:
    """Scripts, actions and attachments that are not the service's evidence: for a person to see."""
    last = document.last
    root = document.root(last)
    names: PdfValue = document.get(root, "/Names", last)
    found = {word for key, word in _ACTIVE.items() if document.get(root, key, last) is not None}
    found |= {word for key, word in _ACTIVE_NAMES.items() if document.get(names, key, last) is not None}
    if "attachment" in found and service is not None and _are_evidence(document, service.profile):
        found.discard("attachment")
    return (PRV_ACTIVE_CONTENT(what=", ".join(sorted(found))),) if found else ()


def _are_evidence(document: Document, profile: SealProfile) -> bool:
    """Every attachment is one that the profile names."""
    patterns = () if profile.evidence is None else (*profile.evidence.files, *profile.evidence.others)
    files = embedded_files(document)
    return all(is_named(file, patterns) for file in files)
