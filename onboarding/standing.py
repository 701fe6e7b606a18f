"""Whether a message about a case is still wanted, by how the case stands now.

Pure, and one rule for both times it is asked: in the transaction that writes a reminder, and in the one that would let
any message leave.
"""

from collections.abc import Callable, Mapping
from typing import Final

from agreements.case import AgreementState, Case
from onboarding.purposes import ASKS_TO_SIGN, Purpose

_WAITS: Final = frozenset({AgreementState.ISSUED, AgreementState.SENT})
_WITH_DIGIPOST: Final = frozenset({AgreementState.FORWARDED, AgreementState.ACKNOWLEDGED})
_RETURN_HAS_COME: Final = frozenset({AgreementState.RETURNED, AgreementState.APPROVED, *_WITH_DIGIPOST})

CASE_CLOSED: Final = "case_closed"
VERSION_REPLACED: Final = "version_replaced"
"""Voided, sent back by Digipost, or a later version was issued."""
RETURN_ARRIVED: Final = "return_arrived"
ALREADY_APPROVED: Final = "already_approved"
NOT_WITH_DIGIPOST: Final = "not_with_digipost"


def why_unwanted(purpose: str, agreement: str | None, case: Case) -> str | None:
    """Why a message about a version (`agreement`) must not leave any more, as a code; None while it is wanted."""
    if purpose not in _RULES:
        return None
    if not case.open:
        return CASE_CLOSED
    if agreement is not None and agreement != str(case.in_force):
        return VERSION_REPLACED
    return _RULES[purpose](case.agreement_state)


def waits_for_signature(case: Case) -> bool:
    """Whether the version in force is with the organisation, and nobody has put the case on hold."""
    return case.open and not case.held and case.in_force is not None and case.agreement_state in _WAITS


def _asking(state: AgreementState) -> str | None:
    if state in _RETURN_HAS_COME:
        return RETURN_ARRIVED
    return None if state in _WAITS else VERSION_REPLACED


def _turning_down(state: AgreementState) -> str | None:
    return ALREADY_APPROVED if state in _RETURN_HAS_COME - {AgreementState.RETURNED} else None


def _going_on(state: AgreementState) -> str | None:
    return None if state in _WITH_DIGIPOST else NOT_WITH_DIGIPOST


_RULES: Final[Mapping[str, Callable[[AgreementState], str | None]]] = {
    **dict.fromkeys(ASKS_TO_SIGN, _asking),
    Purpose.REJECTION: _turning_down,
    **dict.fromkeys((Purpose.NEXT_STEP, Purpose.SETUP_REMINDER), _going_on),
}
