"""The room's one question: what does this PDF's signatures prove, and is it what we issued?

The plan: (1) the bytes are guarded before any parser; (2) the file is opened, strictly if it can be; (3) its
signatures are found by us; (4) each later revision is compared with the one before; (5) each signature's digest and
value are checked; (6) the engine is asked whether the signer may be believed; (7) the document is compared with the
issued one. Everything becomes findings and indications; nothing about a document's content is ever an exception.

A file that can't be read as a PDF is `TOTAL-FAILED`/`FORMAT_FAILURE`, an encrypted one and one that breaks a bound too:
there is nothing that could be held against the signer, but nothing that proves anything either.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from agreements.findings import (
    INT_EMPTY,
    INT_ENCRYPTED,
    INT_ENGINE_ERROR,
    INT_NOT_PDF,
    INT_UNREADABLE_PDF,
    SIG_AMBIGUOUS,
    SIG_APPENDED_STREAM,
    SIG_BLANK_TAIL,
    SIG_DEMO_CERTIFICATE,
    SIG_FORMAT_FAILURE,
    SIG_HIDDEN,
    SIG_ISSUER_SEAL,
    SIG_LENIENT,
    SIG_LIST_STALE,
    SIG_NO_ANCHORS,
    SIG_NONE,
    SIG_TOO_MANY,
    SIG_TRAILING_BYTES,
    Finding,
)
from agreements.likeness import Likeness
from agreements.pages import Pages
from agreements.signature_report import (
    EvidencedSigner,
    Indication,
    Provenance,
    Shape,
    SignatureKind,
    SignatureReport,
    SignatureResult,
)
from signatures.appended import appended_fault
from signatures.changes import compare
from signatures.digests import Digests
from signatures.document import Document, EncryptedError, TooManyError, UnreadableError, open_document
from signatures.engine import ENGINE, Engine
from signatures.enumerate import Enumeration, enumerate_signatures
from signatures.kinds import Change
from signatures.knowledge import Knowledge, read_kept, read_store
from signatures.marker import is_marked
from signatures.one import Context, judge_one
from signatures.prescan import Prescan, prescan
from signatures.provenance import (
    NOT_COMPARED,
    Comparison,
    Texts,
    compare_appended,
    issued_revisions,
)
from signatures.qualified import qualification_findings
from signatures.rewritten import Returned, compare_rewritten
from signatures.trust import Trust
from signatures.waiting import run

_FORMAT_FAILURE: Final = "FORMAT_FAILURE"
_HASH_FAILURE: Final = "HASH_FAILURE"
_CONSTRAINTS: Final = "SIG_CONSTRAINTS_FAILURE"
_TRY_LATER: Final = "TRY_LATER"
_BLANKS: Final = b"\t\n\f\r "  # white space but NUL (ISO 32000-1, 7.2.2): it shows in no program
_STRICTNESS: Final = (Indication.TOTAL_PASSED, Indication.INDETERMINATE, Indication.TOTAL_FAILED)


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What `judge` was called with."""

    digests: Digests
    trust: Trust
    at: datetime
    issued: bytes | None
    texts: Texts

    @property
    def pdf(self) -> bytes:
        return self.digests.pdf


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What comes out, before it becomes a report."""

    indication: Indication
    sub_indication: str | None
    signatures: tuple[SignatureResult, ...] = ()
    provenance: Provenance | None = None
    findings: tuple[Finding, ...]
    service: str | None = None
    evidence: tuple[EvidencedSigner, ...] = ()


def judge(
    pdf: bytes,
    *,
    trust: Trust,
    at: datetime,
    issued: bytes | None = None,
    pages: Pages | None = None,
    issued_pages: Pages | None = None,
    likeness: Likeness | None = None,
) -> SignatureReport:
    """Judge one PDF. Never raises for what is in it.

    `at`: when it was received (zone required); the time a signer claims never counts. `issued`: the document we
    issued, byte for byte; without it provenance is not judged. `pages`, `issued_pages`: the visible text of both,
    fields included. `likeness`: how the pages of both compare, where the issued bytes do not stand first; without it a
    document that was written anew proves nothing.
    """
    if at.tzinfo is None:
        raise ValueError("a time without zone")
    given = _Given(
        digests=Digests(pdf),
        trust=trust,
        at=at,
        issued=issued,
        texts=Texts(returned=pages, issued=issued_pages, likeness=likeness),
    )
    outcome = _require_qualified(given, _judge_guarded(given))
    return SignatureReport(
        sha256=given.digests.whole(),
        size=len(pdf),
        indication=outcome.indication,
        sub_indication=outcome.sub_indication,
        signatures=outcome.signatures,
        provenance=outcome.provenance,
        findings=outcome.findings,
        service=outcome.service,
        evidence=outcome.evidence,
        trust_id=trust.id,
        judged_at=at,
        engine=ENGINE,
    )


def _require_qualified(given: _Given, outcome: _Outcome) -> _Outcome:
    """Where the configuration requires it, what is not proven to be qualified is for a person, or for later."""
    if not given.trust.require_qualified:
        return outcome
    found = qualification_findings(outcome.signatures, outcome.evidence, service=outcome.service, at=given.at)
    indication, sub = outcome.indication, outcome.sub_indication
    if found and indication is Indication.TOTAL_PASSED:
        stale = any(finding.code == SIG_LIST_STALE.code for finding in found)
        indication, sub = Indication.INDETERMINATE, _TRY_LATER if stale else _CONSTRAINTS
    return replace(outcome, indication=indication, sub_indication=sub, findings=(*outcome.findings, *found))


def _judge_guarded(given: _Given) -> _Outcome:
    """Whatever a hostile file makes the libraries raise is a finding and proves nothing."""
    try:
        return _judge(given)
    except TooManyError as error:
        return _unjudged(given, SIG_TOO_MANY(what=error.what, limit=error.limit))
    except EncryptedError:
        return _unjudged(given, INT_ENCRYPTED())
    except UnreadableError:
        return _unjudged(given, INT_UNREADABLE_PDF())
    except Exception as error:  # noqa: BLE001 - see above; MemoryError is among them
        return _unjudged(given, INT_ENGINE_ERROR(error=type(error).__name__))


def _unjudged(given: _Given, finding: Finding) -> _Outcome:
    """Nothing is said of what could not be read, not even what it resembles."""
    unknown = None if given.issued is None else Provenance(shape=Shape.UNKNOWN, issued_is_prefix=False)
    return _Outcome(
        indication=Indication.TOTAL_FAILED,
        sub_indication=_FORMAT_FAILURE,
        provenance=unknown,
        findings=(finding, *_ambiguity(given)),
    )


def _judge(given: _Given) -> _Outcome:
    if not given.pdf:
        return _unjudged(given, INT_EMPTY())
    scan = prescan(given.pdf)
    if scan.faults:
        return _unjudged(given, INT_NOT_PDF())
    if scan.exceeded:
        what, limit = scan.exceeded[0]
        return _unjudged(given, SIG_TOO_MANY(what=what, limit=limit))
    opened = _open(given, scan)
    results, findings = _judge_signatures(given, opened)
    if given.issued is not None and opened.issued is None:
        return _judge_rewritten(given, opened, results, findings)
    comparison = _compare(given, opened)
    found = (*_general(given, opened, results), *findings, *comparison.findings)
    return _conclude(results, found, comparison.provenance)


def _judge_rewritten(
    given: _Given, opened: "_Opened", results: tuple[SignatureResult, ...], findings: tuple[Finding, ...]
) -> _Outcome:
    """Another file than the one we issued: what a signing service, a viewer or a scanner made of it, or a forger."""
    assert given.issued is not None
    returned = Returned(
        document=opened.document,
        texts=given.texts,
        issued=given.issued,
        signatures=results,
        trust=given.trust,
        knowledge=opened.store,
        at=given.at,
    )
    rewritten = compare_rewritten(returned)
    general = _general(given, opened, results)
    if rewritten.shape is Shape.SCAN:
        # What was signed by hand has no signature a program could find: that it is a scan says so (PRV_SCAN).
        general = tuple(finding for finding in general if finding.code != SIG_NONE.code)
    found = (*general, *findings, *rewritten.findings)
    outcome = _conclude(rewritten.signatures, found, rewritten.provenance)
    return replace(outcome, service=rewritten.service, evidence=rewritten.evidence)


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """The file, opened, and what was found in it."""

    document: Document
    scan: Prescan
    found: Enumeration
    changes: "_Changes"
    issued: int | None
    """How many of its revisions are the issued document, proven by its bytes; None where it does not stand first."""
    store: Knowledge
    ever: Knowledge
    kept: Knowledge


def _open(given: _Given, scan: Prescan) -> _Opened:
    document = open_document(given.pdf)
    store, ever = read_store(document)
    kept = read_kept(given.trust.revocations)
    ever.add_all(kept)
    return _Opened(
        document=document,
        scan=scan,
        found=enumerate_signatures(document, scan),
        changes=_Changes(document),
        issued=None if given.issued is None else issued_revisions(document, given.pdf, given.issued),
        store=store,
        ever=ever,
        kept=kept,
    )


class _Changes:
    """What each revision changed, compared when first asked for."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[int, tuple[Change, ...]] = {}

    def between(self, first: int, last: int) -> tuple[Change, ...]:
        """The changes of the revisions `first` to `last`, both included."""
        return tuple(change for revision in range(first, last + 1) for change in self._of(revision))

    def _of(self, revision: int) -> tuple[Change, ...]:
        if revision not in self._known:
            self._known[revision] = compare(self._document, revision)
        return self._known[revision]


def _compare(given: _Given, opened: _Opened) -> Comparison:
    """Where the issued bytes stand first, or nothing was issued."""
    count, changes, last = opened.issued, opened.changes, opened.document.last
    if count is None:
        return NOT_COMPARED
    made = (signature.revision for signature in opened.found.signatures if signature.revision >= count)
    first_signature = min(made, default=last)
    before = changes.between(count, first_signature)
    return compare_appended(before, changes.between(max(count, first_signature + 1), last), given.texts)


def _judge_signatures(given: _Given, opened: _Opened) -> tuple[tuple[SignatureResult, ...], tuple[Finding, ...]]:
    document, found, store, ever = opened.document, opened.found, opened.store, opened.ever
    engine = Engine(trust=given.trust, at=given.at, document=document, store=store, ever=ever, kept=opened.kept)

    async def judge_all() -> list[tuple[SignatureResult, tuple[Finding, ...]]]:
        return [
            await judge_one(
                signature,
                Context(
                    digests=given.digests,
                    trust=given.trust,
                    at=given.at,
                    document=document,
                    engine=engine,
                    later=opened.changes.between(signature.revision + 1, document.last),
                    all_signatures=found.signatures,
                    has_store=bool(store.certificates or store.crls or store.ocsps),
                    was_issued=given.issued is not None,
                ),
            )
            for signature in found.signatures
        ]

    judged = [
        _as_issuers(*outcome) if signature.revision < (opened.issued or 0) else outcome
        for signature, outcome in zip(found.signatures, run(judge_all()), strict=True)
    ]
    demo = () if given.trust.accept_demo or not ever.marked else (SIG_DEMO_CERTIFICATE(field="DSS"),)
    findings = tuple(finding for _, own in judged for finding in own)
    return tuple(result for result, _ in judged if not _stamps_something_else(result)), (*findings, *demo)


def _as_issuers(result: SignatureResult, findings: tuple[Finding, ...]) -> tuple[SignatureResult, tuple[Finding, ...]]:
    """A signature within the very bytes we issued is the issuer's own, whoever its certificate names.

    That it stands there unchanged is proven by the bytes, so it needs no anchor; what came after the issued bytes is
    judged by comparing with the issued document, and by the signatures made there. It says nothing of the return.
    """
    if not (result.intact and result.covers_document):
        return result.model_copy(update={"issuer": True}), findings
    passed = {"indication": Indication.TOTAL_PASSED, "sub_indication": None}
    own = tuple(finding for finding in findings if finding.code == SIG_DEMO_CERTIFICATE.code)
    seal = {**passed, "kind": SignatureKind.SEAL, "issuer": True}
    return result.model_copy(update=seal), (SIG_ISSUER_SEAL(field=result.field), *own)


def _stamps_something_else(result: SignatureResult) -> bool:
    """A document time-stamp whose imprint is not that of these bytes: copied from another document or revision.

    It is nobody's statement about this document, so it is not listed among those; its finding (SIG-018) stays.
    """
    return result.kind is SignatureKind.DOCUMENT_TIMESTAMP and result.sub_indication == _HASH_FAILURE


def _general(given: _Given, opened: _Opened, results: tuple[SignatureResult, ...]) -> tuple[Finding, ...]:
    """Findings about the file as a whole."""
    scan, document, found = opened.scan, opened.document, opened.found
    findings: list[Finding] = []
    if not any(result.counts for result in results):
        findings.append(SIG_NONE())
    if found.hidden:
        findings.append(SIG_HIDDEN(count=found.hidden))
    if trailing := _unaccounted(scan, document, found, given.pdf):
        blank = not given.pdf[-trailing:].strip(_BLANKS)
        findings.append((SIG_BLANK_TAIL if blank else SIG_TRAILING_BYTES)(count=trailing))
    findings += _ambiguity(given)
    if document.lenient:
        findings.append(SIG_LENIENT())
    if any(not result.issuer for result in results) and not given.trust.anchors:
        findings.append(SIG_NO_ANCHORS())
    if not given.trust.accept_demo and any(
        is_marked(der) for der in (*given.trust.anchors, *given.trust.timestamp_anchors)
    ):
        findings.append(SIG_DEMO_CERTIFICATE(field="trust"))
    return tuple(findings)


def _ambiguity(given: _Given) -> tuple[Finding, ...]:
    """Whether what was appended to the issued bytes can be read in two ways; looked at before and beside any parser."""
    if not given.issued or not given.pdf.startswith(given.issued):
        return ()
    fault = appended_fault(given.pdf, given.issued)
    if fault == "xref-stream":
        return (SIG_APPENDED_STREAM(),)
    return () if fault is None else (SIG_AMBIGUOUS(fault=fault),)


def _unaccounted(scan: Prescan, document: Document, found: Enumeration, pdf: bytes) -> int:
    """Bytes at the end that belong to no revision: after the last marker, or after the last revision's signature.

    After the last cross-reference section the file ends once: a second end would hide what lies between the two.
    """
    section = document.reader.xrefs.get_xref_container_info(document.last)
    tail = pdf[section.end_location :]
    if tail.count(b"%%EOF") > 1:
        return len(tail) - tail.index(b"%%EOF") - len(b"%%EOF")
    ends = [item.raw.end for item in found.signatures if item.raw is not None and item.revision == document.last]
    if not ends or max(ends) >= len(pdf):
        return scan.trailing_bytes
    rest = pdf[max(ends) :]
    return 0 if rest in (b"\n", b"\r", b"\r\n") else len(rest)


def _conclude(
    results: tuple[SignatureResult, ...], findings: tuple[Finding, ...], provenance: Provenance | None
) -> _Outcome:
    """The worst over the return's signatures and seals; faults of the file fail it whatever its signatures say."""
    people = [result for result in results if result.counts]
    worst = max(people, key=lambda result: _STRICTNESS.index(result.indication), default=None)
    indication = worst.indication if worst else Indication.NO_SIGNATURE
    sub = worst.sub_indication if worst else None
    broken = {SIG_TRAILING_BYTES.code, SIG_FORMAT_FAILURE.code, SIG_AMBIGUOUS.code, SIG_APPENDED_STREAM.code}
    if people and any(finding.code in broken for finding in findings) and indication is not Indication.TOTAL_FAILED:
        indication, sub = Indication.TOTAL_FAILED, _FORMAT_FAILURE
    return _Outcome(
        indication=indication, sub_indication=sub, signatures=results, provenance=provenance, findings=findings
    )
