"""`avtale retention`: what has been kept long enough is shown, and erased with a proof that stays.

Originals are erased by content: one goes when every row that has it is due, and stays while any other needs it. A rule
says of which rows; the days stand in `retention`. What is erased is listed in a manifest among the originals, whose
hash stands in the record; what people wrote about cases that are done with goes from beside it, and it stays whole.

1. found       in one look at the rows; nothing is done
2. recorded    the event, the list, the words: one transaction. What it lists is as good as gone
3. unlinked    each file, unless somebody has stored the same bytes again since. A crash leaves files that the next run
               unlinks

Residual risk: names in the rows of cases and issued agreements stay, for what was issued may not be altered; backups
are the operator's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from agreements.canonical import JsonValue, canonical_json
from agreements.case import Case, Step
from agreements.findings import INT_OWN_COPY
from agreements.parties import Actor
from agreements.times import format_utc
from intake.ledger import all_receipts, packages
from intake.receipts import FINAL_STATES, Receipt, ReceiptState
from onboarding.jobs.lock import run_lock
from onboarding.record import EventKind
from onboarding.settings.model import Retention
from onboarding.store.cases import list_cases
from onboarding.store.erased import list_unfinished, mark_erased, record_erased
from onboarding.store.events import NewEvent, append_event, case_digests
from onboarding.store.judgements import JudgementStatus, list_judgements
from onboarding.store.references import case_references, evidence_references, general_references
from onboarding.store.words import erase_words, present_words
from onboarding.workspace import Workspace
from outbox.messages import Connection

_DAYS_OF_A_YEAR: Final = 365.25


class Rule(StrEnum):
    """Why something is due. Words: `states.retention.<rule>`."""

    RAW_MAIL = "raw_mail"
    """Mail as it came; what it carried is stored by itself."""
    NOT_AGREEMENT = "not_agreement"
    COPIES = "copies"
    """Copies of our own mail, by which it is known what left."""
    REJECTED = "rejected"
    UNSIGNED = "unsigned"
    """Everything of a case that ended without a signed agreement."""
    SIGNED = "signed"
    """Everything of a case that has ended, years ago."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """An original that is due for erasure."""

    sha256: str
    rule: Rule
    since: datetime
    """When it became due by its age."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Everything that is due."""

    originals: tuple[Due, ...]
    cases: tuple[Case, ...]
    """Whose words are due, too."""
    words: tuple[str, ...]
    """Their digests."""


def find_due(workspace: Workspace) -> Found:
    """What is due now, by rule and oldest first. Nothing is changed."""
    with workspace.store.read() as connection:
        return _find(workspace, connection, workspace.settings.retention, workspace.clock())


def erase_due(workspace: Workspace, actor: Actor) -> tuple[Found, str | None]:
    """Erase everything that is due; what it was, and the proof's hash (None if nothing was due). May be repeated.

    Raises TemporaryError("already_running") while `avtale run` works: it may be storing the same bytes.
    """
    with run_lock(workspace.settings.data_dir):
        found, now = find_due(workspace), workspace.clock()
        proof = None
        if found.originals or found.words:
            listed: JsonValue = [{"sha256": one.sha256, "rule": one.rule.value} for one in found.originals]
            cases: JsonValue = [str(case.number) for case in found.cases]
            manifest: JsonValue = {"erased_at": format_utc(now), "originals": listed, "words_of": cases}
            proof = workspace.blobs.put(canonical_json(manifest).encode())
            _record(workspace, found, proof, actor, now)
        _unlink(workspace, now)
    return found, proof


def _record(workspace: Workspace, found: Found, proof: str, actor: Actor, now: datetime) -> None:
    rules = {rule.value: sum(one.rule is rule for one in found.originals) for rule in Rule}
    data: dict[str, JsonValue] = {"manifest": proof, "originals": len(found.originals), "rules": dict(rules)}
    with workspace.store.begin() as connection:
        seq = append_event(connection, NewEvent(kind=EventKind.RETENTION_ERASED, actor=actor, at=now, data=data))
        record_erased(connection, {one.sha256: one.rule.value for one in found.originals}, event_seq=seq)
        if found.words:
            told: dict[str, JsonValue] = {"words": len(found.words), "manifest": proof}
            event = NewEvent(kind=EventKind.PERSONAL_ERASED, actor=actor, at=now, data=told)
            erase_words(connection, found.words, event_seq=append_event(connection, event))


def _unlink(workspace: Workspace, now: datetime) -> None:
    """What is recorded as erased and lies on disk still, unless it has come anew since."""
    with workspace.store.read() as connection:
        unfinished = list_unfinished(connection)
    for sha256 in unfinished:
        workspace.blobs.erase(sha256, stored_before=now)
    with workspace.store.begin() as connection:
        mark_erased(connection, unfinished)


# --- what is due ------------------------------------------------------------------------------------------------------


def _find(workspace: Workspace, connection: Connection, rules: Retention, now: datetime) -> Found:
    cases = list_cases(connection)
    ended = [(case, rule) for case in cases if (rule := _rule_of(connection, case, rules, now)) is not None]
    gone = {str(case.number) for case, _ in ended}
    due = [*_of_receipts(connection, rules, now), *_of_returns(connection, rules, now)]
    for case, rule in ended:
        due += [
            Due(sha256=sha256, rule=rule, since=case.updated_at) for sha256 in case_references(connection, case.number)
        ]
    kept = _kept(connection, cases, gone, rules, now)
    by_content = {one.sha256: one for one in reversed(due) if one.sha256 not in kept}
    there = (one for one in by_content.values() if workspace.blobs.holds(one.sha256))
    words = {
        str(case.number): present_words(connection, case_digests(connection, str(case.number))) for case, _ in ended
    }
    return Found(
        originals=tuple(sorted(there, key=lambda one: (one.rule, one.since, one.sha256))),
        cases=tuple(case for case, _ in ended if words[str(case.number)]),
        words=tuple(sorted(digest for of_case in words.values() for digest in of_case)),
    )


def _rule_of(connection: Connection, case: Case, rules: Retention, now: datetime) -> Rule | None:
    """The rule by which everything of an ended case is due; None for one that is open, launched or younger."""
    if case.step is not Step.CLOSED:
        return None
    signed = any(list_judgements(connection, case=case.number, status=JudgementStatus.APPROVED))
    days = rules.signed_years_after_end * _DAYS_OF_A_YEAR if signed else float(rules.unsigned_days)
    if case.updated_at > now - timedelta(days=days):
        return None
    return Rule.SIGNED if signed else Rule.UNSIGNED


def _of_receipts(connection: Connection, rules: Retention, now: datetime) -> Iterator[Due]:
    opened = packages(connection)
    for receipt in all_receipts(connection):
        rule = _rule_of_receipt(receipt, opened)
        if rule is not None and receipt.sha256 is not None and _is_old(receipt, rule, rules, now):
            yield Due(sha256=receipt.sha256, rule=rule, since=receipt.decided_at or receipt.seen_at)


def _of_returns(connection: Connection, rules: Retention, now: datetime) -> Iterator[Due]:
    oldest = now - timedelta(days=rules.rejected_days)
    for judgement in list_judgements(connection, status=JudgementStatus.REJECTED):
        if judgement.approved_at <= oldest:
            yield Due(sha256=judgement.sha256, rule=Rule.REJECTED, since=judgement.approved_at)


def _rule_of_receipt(receipt: Receipt, opened: frozenset[int]) -> Rule | None:
    """`opened`: the receipts that others were taken out of."""
    if receipt.state is ReceiptState.NOT_AGREEMENT:
        own = receipt.reason is not None and receipt.reason.code == INT_OWN_COPY.code
        return Rule.COPIES if own else Rule.NOT_AGREEMENT
    return Rule.RAW_MAIL if receipt.id in opened and receipt.state is ReceiptState.RECEIVED else None


def _is_old(receipt: Receipt, rule: Rule, rules: Retention, now: datetime) -> bool:
    """Decided, dealt with at its source, and long enough ago."""
    days = {
        Rule.RAW_MAIL: rules.mail_days,
        Rule.NOT_AGREEMENT: rules.not_agreement_days,
        Rule.COPIES: rules.copies_days,
    }[rule]
    done = receipt.state in FINAL_STATES and receipt.finished_at is not None and receipt.decided_at is not None
    return done and receipt.decided_at is not None and receipt.decided_at <= now - timedelta(days=days)


def _kept(
    connection: Connection, cases: tuple[Case, ...], gone: set[str], rules: Retention, now: datetime
) -> frozenset[str]:
    """Every content that some row needs which is not due."""
    kept = set(general_references(connection))
    for case in cases:
        if str(case.number) not in gone:
            kept |= case_references(connection, case.number)
    rejected = {one.sha256 for one in _of_returns(connection, rules, now)}
    kept -= rejected - evidence_references(connection)
    opened = packages(connection)
    for receipt in all_receipts(connection):
        if receipt.sha256 is not None and _needs(receipt, opened, rules, now) and receipt.sha256 not in rejected:
            kept.add(receipt.sha256)
    return frozenset(kept)


def _needs(receipt: Receipt, opened: frozenset[int], rules: Retention, now: datetime) -> bool:
    """Whether a receipt by itself keeps its content: it is not decided, in quarantine, or not old enough."""
    rule = _rule_of_receipt(receipt, opened)
    if rule is not None:
        return not _is_old(receipt, rule, rules, now)
    return receipt.state is not ReceiptState.RECEIVED
