"""One signature: its bytes, its message, its signer, and what happened after it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pyhanko.sign.ades.report import AdESStatus

from agreements.findings import (
    SIG_CHAIN,
    SIG_CHANGED_AFTER,
    SIG_CRYPTO_FAILURE,
    SIG_DEMO_CERTIFICATE,
    SIG_FORMAT_FAILURE,
    SIG_HASH_FAILURE,
    SIG_INDETERMINATE,
    SIG_KEY_USAGE,
    SIG_NEW_FIELD,
    SIG_OUT_OF_BOUNDS,
    SIG_REVOCATION_UNKNOWN,
    SIG_REVOKED,
    SIG_TIMESTAMP,
    SIG_TOO_MANY,
    SIG_UNSUPPORTED,
    SIG_UNTRUSTED,
    SIG_VALUE_CHANGED_AFTER,
    SIG_WEAK_ALGORITHM,
    Finding,
    Severity,
)
from agreements.signature_report import (
    ChangesAfter,
    Indication,
    Revocation,
    RevocationPolicy,
    SignatureResult,
    SignerIdentity,
)
from signatures.chain import ChainFault
from signatures.cms import Cms, CmsError, Integrity, check_integrity, parse_pdf_date, read_cms, stamped_time
from signatures.digests import Digests
from signatures.document import Document, TooManyError
from signatures.engine import Belief, Engine
from signatures.enumerate import CADES, LEGACY_SHA1, FoundSignature
from signatures.identity import kind_of, read_identity
from signatures.kinds import Change, ChangeKind
from signatures.marker import is_marked
from signatures.trust import Trust

_NO_CHAIN: Final = ("NO_CERTIFICATE_CHAIN_FOUND", "CERTIFICATE_CHAIN_GENERAL_FAILURE")
"""The second also of a path of names alone, to a namesake of an authority, say."""
_LEVELS: Final = tuple(ChangesAfter)
_NOBODY: Final = SignerIdentity(name=None)


@dataclass(frozen=True, kw_only=True)
class Context:
    """What judging one signature needs to know of everything else."""

    digests: Digests
    trust: Trust
    at: datetime
    document: Document
    engine: Engine
    later: tuple[Change, ...]
    """What the revisions after this signature changed."""
    all_signatures: tuple[FoundSignature, ...]
    has_store: bool
    """The document carries long-term material."""
    was_issued: bool
    """The issued document is at hand, so that a field nobody issued can be told from one of ours."""

    def archive(self, found: FoundSignature) -> tuple[FoundSignature, ...]:
        """The document time-stamps that stand after this signature."""
        stamps = (other for other in self.all_signatures if other.is_timestamp)
        return tuple(stamp for stamp in stamps if stamp.revision > found.revision)


@dataclass(frozen=True, kw_only=True)
class _State:
    """What is known so far of one signature."""

    indication: Indication
    sub_indication: str | None
    integrity: Integrity
    covers: bool
    cms: Cms | None = None
    belief: Belief | None = None
    findings: tuple[Finding, ...] = ()


async def judge_one(found: FoundSignature, context: Context) -> tuple[SignatureResult, tuple[Finding, ...]]:
    """Judge one signature. Never raises: what the libraries choke on is a finding on this signature alone."""
    changed = _change_findings(found, context)
    refused = any(finding.severity is Severity.REJECT for finding in changed)
    try:
        state = await _judge(found, context)
        result = _result(found, context, state, refused=refused)
    except TooManyError as error:
        state = _failed(Indication.INDETERMINATE, "GENERIC", SIG_TOO_MANY(what=error.what, limit=error.limit))
        result = _result(found, context, state, refused=refused)
    except Exception as error:  # noqa: BLE001 - the engine is called on hostile input
        unread = SIG_UNSUPPORTED(field=found.field, detail=type(error).__name__)
        state = _failed(Indication.INDETERMINATE, "GENERIC", unread)
        result = _result(found, context, state, refused=refused)
    return result, (*state.findings, *_demo(found, context), *changed)


async def _judge(found: FoundSignature, context: Context) -> _State:
    covers = found.covers(context.document, context.digests.pdf)
    fault = found.fault or (None if covers else "revision-not-covered")
    if not found.supported:
        return _unsupported(found, context, covers=covers)
    if fault is not None:
        finding = SIG_FORMAT_FAILURE(field=found.field, fault=fault)
        return _failed(Indication.TOTAL_FAILED, "FORMAT_FAILURE", finding)
    try:
        cms = read_cms(found.contents or b"")
    except CmsError as error:
        unread = SIG_UNSUPPORTED(field=found.field, detail=str(error))
        return _failed(Indication.TOTAL_FAILED, "FORMAT_FAILURE", unread, covers=covers)
    integrity = check_integrity(context.digests, found, cms)
    if not integrity.intact:
        return _broken(found, cms, integrity)
    if found.is_timestamp:
        return await _judge_timestamp(found, context, cms)
    return await _judge_signer(found, context, cms)


def _unsupported(found: FoundSignature, context: Context, *, covers: bool) -> _State:
    """A kind we can't believe in. Of the one legacy kind that can be computed it is still said whether it is intact."""
    detail = (found.sub_filter or "no SubFilter").lstrip("/")[:40]
    state = _failed(
        Indication.INDETERMINATE, "GENERIC", SIG_UNSUPPORTED(field=found.field, detail=detail), covers=covers
    )
    if found.sub_filter != LEGACY_SHA1 or not covers:
        return state
    try:
        cms = read_cms(found.contents or b"")
    except CmsError:
        return state
    return replace(state, cms=cms, integrity=check_integrity(context.digests, found, cms))


def _failed(indication: Indication, sub: str, finding: Finding, *, covers: bool = False) -> _State:
    unknown = Integrity(digest=False, value=False)
    return _State(indication=indication, sub_indication=sub, integrity=unknown, covers=covers, findings=(finding,))


def _broken(found: FoundSignature, cms: Cms, integrity: Integrity) -> _State:
    """Digest or value is wrong, or the engine has a word for why it could not tell."""
    indication, sub, finding = Indication.TOTAL_FAILED, "HASH_FAILURE", SIG_HASH_FAILURE(field=found.field)
    stamp = SIG_TIMESTAMP(field=found.field) if found.is_timestamp else None
    if integrity.problem == "FORMAT_FAILURE":
        sub, finding = "FORMAT_FAILURE", SIG_FORMAT_FAILURE(field=found.field, fault="broken-cms")
    elif integrity.problem is not None:
        indication, sub = Indication.INDETERMINATE, integrity.problem
        finding = SIG_UNSUPPORTED(field=found.field, detail=sub)
    elif integrity.digest:
        sub, finding = "SIG_CRYPTO_FAILURE", SIG_CRYPTO_FAILURE(field=found.field)
    return _State(
        indication=indication,
        sub_indication=sub,
        integrity=integrity,
        covers=True,
        cms=cms,
        findings=(stamp or finding,),
    )


async def _judge_timestamp(found: FoundSignature, context: Context, cms: Cms) -> _State:
    """A document time-stamp that can't be believed adds a finding and no more."""
    intact = Integrity(digest=True, value=True)
    if not context.trust.timestamp_anchors:
        sub = "NO_CERTIFICATE_CHAIN_FOUND"
        return _State(indication=Indication.INDETERMINATE, sub_indication=sub, integrity=intact, covers=True, cms=cms)
    outcome = await context.engine.believe_timestamp(context.digests, found, cms)
    if outcome.status is AdESStatus.PASSED:
        return _State(
            indication=Indication.TOTAL_PASSED, sub_indication=None, integrity=intact, covers=True, cms=cms,
            belief=Belief(
                indication=Indication.TOTAL_PASSED, sub_indication=None, trusted=True,
                revocation=Revocation.NOT_CHECKED, best_time=stamped_time(cms) or context.at, timestamp_trusted=True,
            ),
        )  # fmt: skip
    failed = outcome.status is AdESStatus.FAILED
    return _State(
        indication=Indication.TOTAL_FAILED if failed else Indication.INDETERMINATE,
        sub_indication=str(outcome.standard_name),
        integrity=intact,
        covers=True,
        cms=cms,
        findings=(SIG_TIMESTAMP(field=found.field),),
    )


async def _judge_signer(found: FoundSignature, context: Context, cms: Cms) -> _State:
    intact = Integrity(digest=True, value=True)
    if not context.trust.anchors:
        sub = "NO_CERTIFICATE_CHAIN_FOUND"
        return _State(indication=Indication.INDETERMINATE, sub_indication=sub, integrity=intact, covers=True, cms=cms)
    belief = await context.engine.believe(context.digests, found, cms, archive=context.archive(found))
    findings = list(_belief_findings(found, context, cms, belief))
    return _State(
        indication=belief.indication, sub_indication=belief.sub_indication, integrity=intact, covers=True,
        cms=cms, belief=belief, findings=tuple(findings),
    )  # fmt: skip


def _belief_findings(found: FoundSignature, context: Context, cms: Cms, belief: Belief) -> list[Finding]:
    findings: list[Finding] = []
    if not belief.trusted:
        findings.append(_why_not(found, cms, belief))
    if (
        belief.trusted
        and belief.revocation is Revocation.UNKNOWN
        and context.trust.revocation is RevocationPolicy.REQUIRE
    ):
        findings.append(SIG_REVOCATION_UNKNOWN(field=found.field))
    if belief.timestamp_trusted is False:
        findings.append(SIG_TIMESTAMP(field=found.field))
    return findings


def _why_not(found: FoundSignature, cms: Cms, belief: Belief) -> Finding:
    """The finding for a sub-indication of EN 319 102-1, table 4."""
    sub = belief.sub_indication or "GENERIC"
    if belief.revocation is Revocation.REVOKED or sub.startswith("REVOKED"):
        return SIG_REVOKED(field=found.field)
    if belief.chain_fault is None and sub in _NO_CHAIN:
        return SIG_UNTRUSTED(field=found.field, issuer=read_identity(cms.certificate, trusted=False).issuer or "?")
    if sub in ("OUT_OF_BOUNDS_NO_POE", "EXPIRED", "NOT_YET_VALID", "OUT_OF_BOUNDS_NOT_REVOKED"):
        return SIG_OUT_OF_BOUNDS(field=found.field)
    if sub.startswith("CRYPTO_CONSTRAINTS_FAILURE"):
        return SIG_WEAK_ALGORITHM(field=found.field, algorithm=cms.digest_name)
    if belief.chain_fault not in (None, ChainFault.UNKNOWN):
        return SIG_CHAIN(field=found.field, why=belief.chain_fault.value)
    if sub == "CHAIN_CONSTRAINTS_FAILURE":
        return SIG_KEY_USAGE(field=found.field)
    return SIG_INDETERMINATE(field=found.field, sub_indication=sub)


def _change_findings(found: FoundSignature, context: Context) -> tuple[Finding, ...]:
    """What happened after this signature and is refused;

    a signature in a field nobody issued is for a person to see.
    """
    findings: list[Finding] = []
    for change in context.later:
        if change.kind is ChangeKind.VALUE:
            findings.append(SIG_VALUE_CHANGED_AFTER(field=found.field, changed=change.where))
        elif change.kind is ChangeKind.NEW_SIGNED_FIELD and context.was_issued:
            findings.append(SIG_NEW_FIELD(field=change.where))
        elif not change.allowed:
            what = change.kind.value
            findings.append(
                SIG_CHANGED_AFTER(field=found.field, what=what, where=change.where, revision=change.revision)
            )
    return tuple(findings)


def _demo(found: FoundSignature, context: Context) -> tuple[Finding, ...]:
    marked = not context.trust.accept_demo and is_marked(found.contents or b"")
    return (SIG_DEMO_CERTIFICATE(field=found.field),) if marked else ()


def _result(found: FoundSignature, context: Context, state: _State, *, refused: bool) -> SignatureResult:
    indication, sub = state.indication, state.sub_indication
    if refused and indication is Indication.TOTAL_PASSED:
        indication, sub = Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE"
    belief, cms = state.belief, state.cms
    trusted = belief is not None and belief.trusted and not _demo(found, context)
    listing = None if belief is None else belief.listing
    changes = max((change.level for change in context.later), key=_LEVELS.index, default=ChangesAfter.NONE)
    return SignatureResult(
        field=found.field,
        kind=found.early_kind if found.is_timestamp or cms is None else kind_of(cms.certificate),
        indication=indication,
        sub_indication=sub,
        intact=state.integrity.intact,
        covers_document=state.covers,
        changes_after=changes,
        level=_level(found, context, cms),
        signer=_NOBODY if cms is None else read_identity(cms.certificate, trusted=trusted, listing=listing),
        trusted=trusted,
        revocation=belief.revocation if belief else Revocation.NOT_CHECKED,
        claimed_time=_claimed_time(found, context, cms),
        best_signature_time=belief.best_time if belief else None,
        stamped=belief is not None and belief.timestamp_trusted is True,
        signed_bytes=found.raw.end if found.raw is not None and state.covers else 0,
        chain=tuple(hashlib.sha256(der).hexdigest() for der in belief.chain) if belief is not None and trusted else (),
    )


def _claimed_time(found: FoundSignature, context: Context, cms: Cms | None) -> datetime | None:
    try:
        if cms is not None and cms.claimed_time is not None:
            return cms.claimed_time
        stated = context.document.get(found.value, "/M", context.document.last)
        return parse_pdf_date(str(stated) if stated is not None else None)
    except Exception:  # noqa: BLE001 - shown only; a broken one is left out
        return None


def _level(found: FoundSignature, context: Context, cms: Cms | None) -> str | None:
    """The PAdES level by what is there (ETSI EN 319 142-1, clause 6), not by what it is worth."""
    if found.is_timestamp or cms is None:
        return None
    if found.sub_filter != CADES:
        return "CMS"
    archived = bool(context.archive(found))
    if not (cms.has_timestamp or archived):
        return "B-B"
    if not context.has_store:
        return "B-T"
    return "B-LTA" if archived else "B-LT"
