"""Who has the ball in a case, and with what: a rule for each way a case can stand, and none without one.

Pure. `hand_over` is called by the store with every change of a case, so that whose turn it is, and since when, is
written in the same transaction as what made it so.
"""

from dataclasses import replace
from datetime import date, datetime

from agreements.calendar import norwegian_day
from agreements.case import AgreementState, Case, Step
from agreements.turn import Duty, Party, Turn

_S = AgreementState
_OF_AGREEMENT: dict[AgreementState, tuple[Duty, Party]] = {
    _S.DRAFT: (Duty.ISSUE, Party.VENDOR),
    _S.ISSUED: (Duty.SIGN, Party.CUSTOMER),
    _S.SENT: (Duty.SIGN, Party.CUSTOMER),
    _S.RETURNED: (Duty.REVIEW, Party.VENDOR),
    _S.APPROVED: (Duty.FORWARD, Party.VENDOR),
    _S.FORWARDED: (Duty.ACKNOWLEDGE, Party.DIGIPOST),
    _S.ACKNOWLEDGED: (Duty.DECIDE_PLAN, Party.VENDOR),
    _S.RETURNED_BY_DIGIPOST: (Duty.ISSUE, Party.VENDOR),
    _S.VOID: (Duty.ISSUE, Party.VENDOR),
}
"""In steps 1 and 2. What Digipost has is in set-up as soon as the plan is decided: until Digipost has acknowledged it,
both are waited for, and the ball is Digipost's."""
_BEYOND = frozenset({Step.SETUP, Step.VERIFICATION})


def duty_of(case: Case) -> tuple[Duty, Party] | None:
    """What must be done, and by whom; None for a case that is launched or closed, unless Digipost waits for an answer.

    What stops a case comes before where it stands.
    """
    if case.asked:
        return Duty.ANSWER_DIGIPOST, Party.VENDOR
    if not case.open:
        return None
    if case.held:
        return Duty.RESUME, Party.VENDOR
    if case.unconfirmed:
        return Duty.CONFIRM, Party.VENDOR
    if case.asking:
        return Duty.HEAR_DIGIPOST, Party.DIGIPOST
    if case.step not in _BEYOND or case.agreement_state is _S.APPROVED:  # a forward may come back, even then
        return _OF_AGREEMENT[case.agreement_state]
    if case.step is Step.SETUP and case.setup_ball is not None:
        return Duty.SET_UP, case.setup_ball
    if case.step is Step.VERIFICATION and case.setup_ball is None:
        return Duty.LAUNCH, Party.VENDOR
    return Duty.VERIFY, case.setup_ball or Party.VENDOR


def waiting_for(case: Case) -> Party | None:
    """Who has the ball; None as in `duty_of`."""
    found = duty_of(case)
    return None if found is None else found[1]


def hand_over(case: Case) -> Case:
    """The case with whose turn it is; one that goes on keeps its beginning."""
    found, before = duty_of(case), case.turn
    if found is None:
        return replace(case, turn=None)
    since = case.updated_at
    if before is not None and (before.duty, before.party) == found:
        since = before.since
    duty, party = found
    counts_from = _counts_from(case, duty, party, since)
    return replace(case, turn=Turn(duty=duty, party=party, since=since, counts_from=counts_from))


def _counts_from(case: Case, duty: Duty, party: Party, since: datetime) -> date | None:
    """Signing counts from the issue, as the letters say; set-up by its clock; all else from when the turn began."""
    if duty is Duty.SIGN and case.issued_on is not None:
        return case.issued_on
    if duty is Duty.SET_UP and party is not Party.CUSTOMER and case.clock is not None:
        return case.clock.counts_from
    return norwegian_day(since)
