"""From receipt to verdict to forward. Each step is durable before the next begins, and every step can be done twice.

1. take      a source's bytes go to the originals, then one transaction writes the receipt
             (`sources.py`, `mail_intake.py`); mails and archives are taken apart                  (`opening.py`)
2. match     everything that points at a case is weighed: the document first, then what is around it   (`clues.py`)
3. inspect   a sandbox child reads text and signatures
4. decide    a pure policy over everything known: approved, needs_review, rejected
5. record    one transaction: judgement, case, event, outgoing message, receipt; a return takes back what asks for it
6. finish    the source is moved to its done place                                                   (`sources.py`)
7. deliver   the message leaves, outside any transaction                                             (`delivery.py`)

What was stored but not judged when the process died is judged at the next start; a judgement is made once per content.
"""

import logging
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from agreements.agreement import Agreement
from agreements.case import AgreementState, Case, move_agreement
from agreements.decision import Decision, Verdict, decide
from agreements.errors import AvtaleError, TemporaryError, as_told
from agreements.findings import (
    CAS_EXAMPLE_TERMS,
    INT_ENGINE_ERROR,
    INT_NO_CASE,
    INT_RESOURCE_LIMIT,
    INT_UNREADABLE_PDF,
    SIG_LIST_STALE,
    SIG_TOO_MANY,
    Finding,
    Severity,
)
from agreements.orgnumber import OrgNumber
from agreements.reconciling import Reconciled
from agreements.returns import ReturnContext, judge_return
from agreements.signature_report import Shape
from agreements.signers import ExpectedSigners
from intake.classify import HEAD_BYTES, classify
from intake.ledger import AlreadyJudgedError, get_receipt, mark_judged, receipts_to_judge
from intake.matching import OF_DOCUMENT, Clue, Evidence, Match, clues_of_text, prefix_digests, weigh
from intake.receipts import Outcome, Receipt, ReceiptState
from onboarding.authority import kept_rights, read_rights
from onboarding.clues import clues_around, clues_of_marks, find_delivery, vendors_of
from onboarding.forward_files import Check
from onboarding.forwarding import Approval, Prepared, prepare_forward
from onboarding.guard import identity_findings, identity_holds
from onboarding.inspection import Inspection, inspect_document
from onboarding.opening import holds_documents, open_delivery
from onboarding.purposes import ASKS_TO_SIGN
from onboarding.receiving import keep_apart
from onboarding.record import EventKind
from onboarding.return_values import return_values
from onboarding.standing import RETURN_ARRIVED
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent, append_event
from onboarding.store.issued import find_agreement, find_by_bytes, issued_sizes
from onboarding.store.judgements import (
    JudgementStatus,
    NewJudgement,
    Ruling,
    decide_judgement,
    find_judgement_of,
    save_judgement,
)
from onboarding.workspace import Workspace
from outbox.messages import Connection, withdraw_all

logger = logging.getLogger(__name__)

_NOT_JUDGED = frozenset(code.code for code in (INT_ENGINE_ERROR, INT_RESOURCE_LIMIT, SIG_TOO_MANY))

SUPERSEDED = "superseded"
"""Why a judgement was closed without a person: the whole file came after its first part."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a document is held to be: a version of a case's agreement, as both stand now."""

    case: Case
    agreement: Agreement


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A document's outcome, ready to be recorded."""

    receipt: Receipt
    outcome: Outcome
    judgement: NewJudgement | None = None
    claim: Claim | None = None
    evidence: Evidence | None = None
    """Why it is held to be that agreement."""
    forward: Prepared | None = None


@dataclass(frozen=True, kw_only=True)
class JudgingPass:
    """What one pass over the documents that were due came to."""

    done: int
    failed: tuple[AvtaleError, ...]
    """What kept the others from being judged; they stay due."""


def judge_due(workspace: Workspace, go_on: Callable[[], bool] = lambda: True) -> JudgingPass:
    """Judge every stored document without a verdict, oldest first.

    One document's failure is logged and leaves it due; the others are judged all the same. `go_on` is asked before
    every document.
    """
    with workspace.store.read() as connection:
        due = receipts_to_judge(connection)
    done, failed = 0, list[AvtaleError]()
    for receipt in due:
        if not go_on():
            break
        try:
            judge_receipt(workspace, receipt)
            done += 1
        except Exception as error:  # noqa: BLE001 - hostile documents come by here: none holds up those behind it
            failed.append(as_told(error))
            logger.warning("document not judged yet", extra={"receipt": receipt.id, "error": type(error).__name__})
    return JudgingPass(done=done, failed=tuple(failed))


def judge_receipt(workspace: Workspace, receipt: Receipt) -> Outcome:
    """Steps 2 to 5 for one stored document, or for each document of a delivery that holds some.

    Where another run was first (`avtale intake add` beside `avtale run`; the same document in a mail of this very
    pass), its verdict counts. Raises TemporaryError if the case changed meanwhile: it stays due.
    """
    try:
        if holds_documents(workspace, receipt):
            return open_delivery(workspace, receipt, judge_receipt)
        judged = _judge(workspace, receipt)
        _record(workspace, judged)
    except AlreadyJudgedError as first:
        logger.info("document judged by another run", extra={"receipt": receipt.id})
        return first.outcome
    logger.info("document judged", extra={"receipt": receipt.id, "state": judged.outcome.state.value})
    return judged.outcome


# --- steps 2 to 4: nothing is written ---------------------------------------------------------------------------------


def _judge(workspace: Workspace, receipt: Receipt) -> Judged:
    assert receipt.sha256 is not None
    data = workspace.blobs.read(receipt.sha256)
    limit = workspace.settings.limits.pdf_bytes
    unfit = classify(data[:HEAD_BYTES], len(data), max_bytes=limit, name=receipt.display_name)
    if unfit is not None:
        return _quarantined(receipt, unfit)
    claim = _claim_by_bytes(workspace, data)
    inspection = _inspect(workspace, receipt.sha256, claim)
    match = _match(workspace, receipt, claim, inspection)
    if claim is None and match.case is not None:
        claim = _find_claim(workspace, match)
        inspection = _inspect(workspace, receipt.sha256, claim) if claim else inspection
    if claim is None:
        return _quarantined(receipt, inspection.failure or _no_case(match), match=match)
    _require_fresh_list(inspection)
    unjudged = _unjudged(inspection)
    if unjudged is not None:
        return _quarantined(receipt, unjudged, claim, match)
    return _decided(workspace, receipt, claim, inspection, match)


def _require_fresh_list(inspection: Inspection) -> None:
    """What only a fresh trusted list could tell waits for it, unless the document is refused anyway.

    Raises TemporaryError: it stays due, `status` and an alarm tell of it.
    """
    findings = () if inspection.report is None else inspection.report.findings
    stale = next((finding for finding in findings if finding.code == SIG_LIST_STALE.code), None)
    if stale is None or any(finding.severity is Severity.REJECT for finding in findings):
        return
    params = {name: stale.params[name] for name in ("territory", "date")}
    raise TemporaryError("trusted_list_stale", **params)


def _claim_by_bytes(workspace: Workspace, data: bytes) -> Claim | None:
    """The agreement whose issued bytes the document begins with: the strongest evidence there is."""
    with workspace.store.read() as connection:
        digests = prefix_digests(data, issued_sizes(connection))
        for size, sha256 in sorted(digests.items(), reverse=True):
            agreement = find_by_bytes(connection, size=size, sha256=sha256)
            case = None if agreement is None else find_case(connection, agreement.number.case)
            if agreement is not None and case is not None:
                return Claim(case=case, agreement=agreement)
    return None


def _find_claim(workspace: Workspace, match: Match) -> Claim | None:
    """The agreement that the evidence names; where it names the case alone, the version in force."""
    with workspace.store.read() as connection:
        case = None if match.case is None else find_case(connection, match.case)
        number = match.agreement or (case.in_force if case is not None else None)
        agreement = None if number is None else find_agreement(connection, number)
    return None if agreement is None or case is None else Claim(case=case, agreement=agreement)


def _inspect(workspace: Workspace, sha256: str, claim: Claim | None) -> Inspection:
    """What the child finds; once more, where revocation data was missing for a return of ours and was fetched."""
    inspection = _look_at(workspace, sha256, claim)
    if inspection.sources and workspace.fetcher.fetch(inspection.sources, workspace.clock()):
        inspection = _look_at(workspace, sha256, claim)
    return inspection


def _look_at(workspace: Workspace, sha256: str, claim: Claim | None) -> Inspection:
    with ExitStack() as stack:
        document = _opened(stack, workspace, sha256)
        issued, field_map = (None, None) if claim is None else _opened_issue(stack, workspace, claim.agreement)
        return inspect_document(
            workspace.sandbox,
            document,
            issued=issued,
            field_map=field_map,
            trust=workspace.trust,
            at=workspace.clock(),
            sources=claim is not None and bool(workspace.settings.trust.fetch_hosts),
        )


def _opened_issue(stack: ExitStack, workspace: Workspace, agreement: Agreement) -> tuple[int | None, int | None]:
    """The issued bytes, and the field map where there is one: older versions have none, adopted ones neither."""
    if agreement.adopted:
        return None, None
    issued, mapped = _opened(stack, workspace, agreement.sha256), agreement.field_map_sha256
    return issued, None if mapped is None else _opened(stack, workspace, mapped)


def _opened(stack: ExitStack, workspace: Workspace, sha256: str) -> int:
    descriptor = workspace.blobs.open(sha256)
    stack.callback(os.close, descriptor)
    return descriptor


def _match(workspace: Workspace, receipt: Receipt, claim: Claim | None, inspection: Inspection) -> Match:
    clues: list[Clue] = []
    if claim is not None:
        number = claim.agreement.number
        clues.append(Clue(evidence=Evidence.ISSUED_BYTES, case=number.case, version=number.version))
    clues += clues_of_marks(workspace, inspection.marks)
    clues += clues_of_text(" ".join(inspection.numbers))
    clues += clues_around(workspace, receipt, map(OrgNumber, inspection.organisations))
    return weigh(clues, delivered_by=receipt.vendor_id, vendors=vendors_of(workspace, clues))


def _unjudged(inspection: Inspection) -> Finding | None:
    """Why nothing is known of the document's signatures, which nobody may approve then; None if it was judged."""
    if inspection.failure is not None or inspection.report is None:
        return inspection.failure or INT_UNREADABLE_PDF()
    return next((finding for finding in inspection.report.findings if finding.code in _NOT_JUDGED), None)


def _no_case(match: Match) -> Finding:
    return match.vendor_finding or (match.findings[0] if match.findings else INT_NO_CASE())


def _quarantined(receipt: Receipt, reason: Finding, claim: Claim | None = None, match: Match | None = None) -> Judged:
    outcome = Outcome(
        state=ReceiptState.QUARANTINED,
        reason=reason,
        case_number=str(claim.case.number) if claim else None,
        agreement=str(claim.agreement.number) if claim else None,
        clues=match.clues if match else (),
    )
    return Judged(receipt=receipt, outcome=outcome)


def judge_again(workspace: Workspace, receipt: Receipt, claim: Claim) -> Decision | Finding:
    """What the rules of today say of a stored return, with the case as `claim` has it. Nothing is written or asked for.

    The decision, or why nothing can be said of the signatures. Raises TemporaryError for a trusted list out of date.
    """
    assert receipt.sha256 is not None
    inspection = _look_at(workspace, receipt.sha256, claim)
    unjudged = _unjudged(inspection)
    if unjudged is not None:
        return unjudged
    _require_fresh_list(inspection)
    match = _match(workspace, receipt, claim, inspection)
    return _decide(workspace, receipt, claim, inspection, match, expected=expected_signers(workspace, claim))[0]


def _decide(
    workspace: Workspace,
    receipt: Receipt,
    claim: Claim,
    inspection: Inspection,
    match: Match,
    *,
    expected: ExpectedSigners,
) -> tuple[Decision, Reconciled]:
    """The decision, and what the return's values came to."""
    assert inspection.report is not None
    values = return_values(workspace, claim.agreement, inspection)
    context = ReturnContext(
        case=claim.case,
        agreement=claim.agreement,
        delivered_by=receipt.vendor_id,
        expected=expected,
        values=values,
    )
    judged = judge_return(inspection.report, context, None)
    notes = _notes(workspace, claim, inspection)
    around = _of_delivery(workspace, receipt)
    return decide((*judged.decision.findings, *match.findings, *notes, *around)), values


def _decided(workspace: Workspace, receipt: Receipt, claim: Claim, inspection: Inspection, match: Match) -> Judged:
    assert inspection.report is not None
    expected = expected_signers(workspace, claim, ask=True)
    decision, values = _decide(workspace, receipt, claim, inspection, match, expected=expected)
    first = claim.case.in_force == claim.agreement.number and claim.case.agreement_state in APPROVABLE
    judgement = NewJudgement(
        sha256=inspection.report.sha256,
        case=claim.case.number,
        version=claim.agreement.number.version,
        decision=decision,
        report=inspection.report,
        status=_status(decision, first=first),
        judged_at=workspace.clock(),
        parameters=values.parameters,
    )
    outcome = Outcome(
        state=ReceiptState.RECEIVED,
        case_number=str(claim.case.number),
        agreement=str(claim.agreement.number),
        clues=match.clues,
    )
    return Judged(
        receipt=receipt,
        outcome=outcome,
        judgement=judgement,
        claim=claim,
        evidence=match.evidence,
        forward=_forward(workspace, claim, judgement, expected)
        if judgement.status is JudgementStatus.APPROVED
        else None,
    )


def _forward(workspace: Workspace, claim: Claim, judgement: NewJudgement, expected: ExpectedSigners) -> Prepared:
    """The message to Digipost about what the program approves by itself."""
    approval = Approval(
        by=("avtalemottak",),
        at=judgement.judged_at,
        manual=False,
        check=Check(report=judgement.report, decision=judgement.decision, expected=expected),
        parameters=judgement.parameters,
    )
    return prepare_forward(
        workspace,
        claim.case,
        claim.agreement,
        document=judgement.sha256,
        approval=approval,
        holds=identity_holds(judgement.decision),
    )


APPROVABLE = frozenset({AgreementState.ISSUED, AgreementState.SENT, AgreementState.RETURNED})


def _status(decision: Decision, *, first: bool) -> JudgementStatus:
    """Everything but an approval waits for a person, rejections too: somebody must tell the customer."""
    if decision.verdict is not Verdict.APPROVED:
        return JudgementStatus.OPEN
    return JudgementStatus.APPROVED if first else JudgementStatus.CLOSED


def _notes(workspace: Workspace, claim: Claim, inspection: Inspection) -> tuple[Finding, ...]:
    """What is worth telling and changes nothing."""
    notes: tuple[Finding, ...] = (CAS_EXAMPLE_TERMS(),) if claim.agreement.example_terms else ()
    return (*notes, *identity_findings(inspection.identity))


def _of_delivery(workspace: Workspace, receipt: Receipt) -> tuple[Finding, ...]:
    """What was found wrong with the mail or archive the document came in: it bears on each document."""
    with workspace.store.read() as connection:
        delivery = find_delivery(connection, receipt)
    return () if delivery is None else delivery[1].findings


def expected_signers(workspace: Workspace, claim: Claim, *, ask: bool = False) -> ExpectedSigners:
    """Who must have signed: those named on the issued version, not whoever the case names now.

    `ask`: the registers now, not by what was kept; outside any transaction.
    """
    of, signers = claim.case.org_number, claim.agreement.signers
    rights = read_rights(workspace, of, signers) if ask else kept_rights(workspace, of, signers)
    return ExpectedSigners(
        org_number=claim.case.org_number,
        signers=claim.agreement.signers,
        policy=workspace.settings.signer_policy,
        confirmed=rights.confirmed,
        objections=rights.objections,
    )


# --- step 5: one transaction ------------------------------------------------------------------------------------------


def _record(workspace: Workspace, judged: Judged) -> None:
    """Write everything that follows from the decision, or nothing."""
    now = workspace.clock()
    assert judged.receipt.sha256 is not None
    with workspace.store.begin() as connection:
        for decided in mark_judged(connection, judged.receipt.sha256, judged.outcome, now=now):
            keep_apart(connection, decided)
        if judged.judgement is None or judged.claim is None:
            return
        if save_judgement(connection, judged.judgement) is None:
            return
        _close_superseded(connection, workspace, judged, now)
        decision = judged.judgement.decision
        event = NewEvent(
            kind=EventKind.AGREEMENT_APPROVED if judged.forward else EventKind.RETURN_JUDGED,
            actor=workspace.system,
            at=now,
            case_number=str(judged.claim.case.number),
            data={
                "receipt": judged.receipt.id,
                "sha256": judged.receipt.sha256,
                "agreement": str(judged.claim.agreement.number),
                "evidence": None if judged.evidence is None else judged.evidence.value,
                "verdict": decision.verdict.value,
                "findings": [finding.code for finding in decision.findings],
                "mail": None if judged.forward is None else judged.forward.message.sha256,
            },
        )
        moved = _moved_case(judged, now)
        if moved is None:
            append_event(connection, event)
        else:
            move_case(connection, moved, event=event)
            withdraw_all(
                connection, case_number=str(moved.number), purposes=ASKS_TO_SIGN, reason=RETURN_ARRIVED, now=now
            )
        if judged.forward is not None:
            judged.forward.write(connection, actor=workspace.system, now=now)


def _close_superseded(connection: Connection, workspace: Workspace, judged: Judged, now: datetime) -> None:
    """A hasty judgement of the first part of this very file waits for nobody any more."""
    earlier = None if judged.receipt.supersedes is None else get_receipt(connection, judged.receipt.supersedes)
    judgement = None if earlier is None or earlier.sha256 is None else find_judgement_of(connection, earlier.sha256)
    same = judgement is not None and judged.judgement is not None and judgement.case == judged.judgement.case
    if judgement is not None and same and judgement.status is JudgementStatus.OPEN:
        ruling = Ruling(by=workspace.system, at=now, reason=SUPERSEDED)
        decide_judgement(connection, judgement.id, JudgementStatus.CLOSED, ruling)


def _moved_case(judged: Judged, now: datetime) -> Case | None:
    """The case after this return: approved, or returned and waiting for the vendor;

    None if the return changes nothing.
    """
    assert judged.claim is not None
    case, agreement = judged.claim.case, judged.claim.agreement
    if judged.forward is not None:
        return move_agreement(case, AgreementState.APPROVED, now=now)
    if _is_return(judged) and case.in_force == agreement.number and case.agreement_state in APPROVABLE:
        return move_agreement(case, AgreementState.RETURNED, now=now)
    return None


def _is_return(judged: Judged) -> bool:
    """Whether it is the agreement, however it was signed or altered; what only names it must not stop reminders.

    A number in a subject proves nothing of what follows it, nor does one in the text of quite another document.
    """
    report = None if judged.judgement is None else judged.judgement.report
    shape = report.provenance.shape if report is not None and report.provenance is not None else None
    by_number_alone = judged.evidence is Evidence.NUMBER_IN_TEXT and shape is Shape.OTHER
    return judged.evidence in OF_DOCUMENT and not by_number_alone
