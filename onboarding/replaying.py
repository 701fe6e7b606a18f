"""`avtale replay`: stored returns judged again by the rules of today, and the verdicts that differ.

For after an upgrade, or new trust: each return as at the moment it was judged, with its case as it was then, an
agreement that waits for its return. Nothing is written, nobody is asked, and no decision is taken back by it: a person
reads what differs, and decides what to do.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from agreements.agreement import IssuedState
from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import AgreementState, Case, Step
from agreements.decision import Decision
from agreements.errors import AvtaleError, as_told
from agreements.findings import Finding
from agreements.language import Language
from agreements.texts import text
from intake.ledger import receipts_of
from onboarding.answers import Answer, error_entries, table
from onboarding.pipeline import Claim, judge_again
from onboarding.record import EventKind
from onboarding.store.cases import find_case
from onboarding.store.events import Event, list_events
from onboarding.store.issued import find_agreement, list_agreements
from onboarding.store.judgements import Judgement, list_judgements
from onboarding.workspace import Workspace
from outbox.messages import Connection


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """One return, then and now."""

    judgement: Judgement
    now: Decision | None
    """None where nothing can be said of it now."""
    gained: tuple[str, ...]
    """Codes of findings that are new."""
    lost: tuple[str, ...]
    error: AvtaleError | None = None
    """Why it could not be judged again."""

    @property
    def differs(self) -> bool:
        """The verdict is another one, or there is none any more."""
        return self.now is None or self.now.verdict is not self.judgement.decision.verdict


def replay(workspace: Workspace, *, since: date | None) -> Iterator[Replayed]:
    """Each stored return that was judged on or after a day, oldest first. One that can't be judged tells why."""
    with workspace.store.read() as connection:
        judgements = sorted(list_judgements(connection), key=lambda one: one.id)
    for judgement in judgements:
        if since is None or norwegian_day(judgement.judged_at) >= since:
            replayed = _replay(workspace, judgement)
            if replayed is not None:
                yield replayed


def replay_answer(replayed: list[Replayed], language: Language) -> Answer:
    """The verdicts that differ; exit code of the worst error."""
    different = [one for one in replayed if one.differs]
    errors = [one.error for one in different if one.error is not None]
    rows = [_row(one, language) for one in different]
    said = text("talk.replayed", language, count=len(replayed), different=len(different))
    return Answer(
        data=[_data(one) for one in different],
        lines=[*(table(("id", "agreement", "then", "now", "gained", "lost"), rows, language) if rows else []), said],
        exit_code=max((error.exit_code for error in errors), default=0),
        errors=[entry for error in errors for entry in error_entries(error, language)],
    )


def _replay(workspace: Workspace, judgement: Judgement) -> Replayed | None:
    """None for what was held to be no agreement of ours, and for what the ledger has no receipt of."""
    if judgement.agreement is None:
        return None
    with workspace.store.read() as connection:
        agreement = find_agreement(connection, judgement.agreement)
        case = find_case(connection, judgement.agreement.case)
        receipts = receipts_of(connection, judgement.sha256)
        then = _version_then(connection, judgement)
        events = list_events(connection, str(judgement.agreement.case))
    if agreement is None or case is None or not receipts:
        return None
    claim = Claim(case=_as_it_was(case, then), agreement=replace(agreement, state=_state_then(events, judgement)))
    before = {finding.code for finding in judgement.decision.findings}
    try:
        found = judge_again(workspace.at(judgement.judged_at), receipts[0], claim)
    except Exception as error:  # noqa: BLE001 - one return's fault keeps no other from being judged
        return Replayed(judgement=judgement, now=None, gained=(), lost=(), error=as_told(error))
    if isinstance(found, Finding):
        return Replayed(judgement=judgement, now=None, gained=(found.code,), lost=())
    after = {finding.code for finding in found.findings}
    return Replayed(
        judgement=judgement, now=found, gained=tuple(sorted(after - before)), lost=tuple(sorted(before - after))
    )


def _version_then(connection: Connection, judgement: Judgement) -> int:
    """The version that was in force when a return was judged: the last one issued until then."""
    assert judgement.agreement is not None
    issued = list_agreements(connection, judgement.agreement.case)
    return max((one.number.version for one in issued if one.issued_at <= judgement.judged_at), default=0)


def _state_then(events: tuple[Event, ...], judgement: Judgement) -> IssuedState:
    """Whether the version was void when its return was judged, by the record."""
    voided = (event for event in events if event.kind == EventKind.AGREEMENT_VOIDED and event.at <= judgement.judged_at)
    of_version = any(json.loads(event.data).get("agreement") == str(judgement.agreement) for event in voided)
    return IssuedState.VOID if of_version else IssuedState.ISSUED


def _as_it_was(case: Case, version: int) -> Case:
    """The case when its return had not come: what it has come to since is no finding on the return."""
    return replace(
        case,
        step=Step.AGREEMENT,
        held=False,
        unconfirmed=False,
        agreement_version=version,
        agreement_state=AgreementState.SENT,
    )


def _data(one: Replayed) -> JsonValue:
    return {
        "id": one.judgement.id,
        "agreement": str(one.judgement.agreement),
        "sha256": one.judgement.sha256,
        "then": one.judgement.decision.verdict.value,
        "now": None if one.now is None else one.now.verdict.value,
        "gained": list(one.gained),
        "lost": list(one.lost),
    }


def _row(one: Replayed, language: Language) -> list[str]:
    now = "–" if one.now is None else text(f"states.verdict.{one.now.verdict.value}", language)
    return [
        str(one.judgement.id),
        str(one.judgement.agreement),
        text(f"states.verdict.{one.judgement.decision.verdict.value}", language),
        now,
        ", ".join(one.gained),
        ", ".join(one.lost),
    ]
