"""Of which certificates a document's revocation is unknown, and where it could be asked for.

Read in the sandbox, where what is missing was found out; nothing is asked from here. Only certificates on a path to one
of our anchors are told of, so that a stranger's document names no address that anybody goes to.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]

from agreements.signature_report import Revocation, SignatureReport
from signatures.cms import CmsError, read_cms
from signatures.document import Document, open_document
from signatures.enumerate import FoundSignature, enumerate_signatures
from signatures.evidence.belief import believe_certificate
from signatures.evidence.reading import Basis, find_any_evidence
from signatures.knowledge import Knowledge, read_kept, read_store
from signatures.prescan import prescan
from signatures.sources import RevocationSource
from signatures.trust import Trust

MAX_SOURCES: Final = 8  # two signers of four certificates each; ours


def find_sources(
    pdf: bytes, report: SignatureReport, *, trust: Trust, issued: bytes | None
) -> tuple[RevocationSource, ...]:
    """What could be asked for of those whose revocation is unknown by the report on this very document.

    Certificates that had expired when it was received are left out: of those an issuer need not tell any longer
    (RFC 5280, 3.3). Never raises for what is in the document: it tells less then.
    """
    try:
        paths = list(_paths(open_document(pdf), pdf, report, _Asked(trust=trust, issued=issued)))
    except Exception:  # noqa: BLE001 - a hostile file, opened once more
        return ()
    pairs = dict.fromkeys(pair for path in paths for pair in pairwise(path))
    current = (pair for pair in pairs if _in_force(pair[1], report.judged_at))
    found = (_source(issuer, certificate) for issuer, certificate in current)
    return tuple(source for source in found if source is not None)[:MAX_SOURCES]


@dataclass(frozen=True, kw_only=True)
class _Asked:
    trust: Trust
    issued: bytes | None


def _paths(document: Document, pdf: bytes, report: SignatureReport, asked: _Asked) -> Iterator[tuple[bytes, ...]]:
    """DER from an anchor to the signer: of signatures, and of whoever signed embedded evidence."""
    store = read_store(document)[0]
    unknown = {
        one.field: one.best_signature_time or report.judged_at
        for one in report.signatures
        if one.counts and one.trusted and one.revocation is Revocation.UNKNOWN
    }
    for found in enumerate_signatures(document, prescan(pdf)).signatures:
        if found.field in unknown:
            yield _path(found, asked.trust, store, unknown[found.field])
    if report.service is not None:
        basis = Basis(trust=asked.trust, at=_sealed_at(report), knowledge=store)
        for one in find_any_evidence(document, issued=asked.issued, basis=basis):
            if one.trusted and one.revocation is Revocation.UNKNOWN:
                yield one.path


def _sealed_at(report: SignatureReport) -> datetime:
    """As evidence is judged: when the service's seal is proven to have existed."""
    seal = next((one for one in report.signatures if one.service is not None), None)
    return (seal.best_signature_time if seal is not None else None) or report.judged_at


def _path(found: FoundSignature, trust: Trust, store: Knowledge, at: datetime) -> tuple[bytes, ...]:
    try:
        cms = read_cms(found.contents or b"")
    except CmsError:
        return ()
    knowledge = Knowledge(certificates=list(store.certificates))
    knowledge.add_concerning(read_kept(trust.revocations), [cms.certificate, *cms.others])
    belief = believe_certificate(trust, cms.certificate, cms.others, knowledge, at)
    return (*belief.chain, cms.certificate.dump()) if belief.trusted else ()


def _in_force(certificate: bytes, at: datetime) -> bool:
    return bool(asn1_x509.Certificate.load(certificate).not_valid_after >= at)


def _source(issuer: bytes, certificate: bytes) -> RevocationSource | None:
    try:
        return RevocationSource.of(issuer=issuer, certificate=certificate)
    except Exception:  # noqa: BLE001 - extensions of any content; a certificate less is asked about
        return None
