"""Whether those who shall sign may: by the registers, and by the powers of attorney that the operator has stored.

A stored power (`authorities:`) settles what the registers leave unclear or say no to, for it is a document that a
person has read; nothing settles an organisation that is bankrupt, deleted or no party.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from agreements.calendar import norwegian_day
from agreements.errors import GateError
from agreements.findings import WHO_ORGANISATION_STOPPED, WHO_RIGHT_REFUTED, Finding
from agreements.orgnumber import OrgNumber
from agreements.parties import Signer
from agreements.signers import name_key
from agreements.signing_authority import (
    AuthorityJudgement,
    AuthorityReason,
    AuthorityVerdict,
    Stop,
    judge_authority,
)
from onboarding.registers import LookUp, find_look_up, look_up
from onboarding.settings import Settings
from onboarding.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What is known of the right to sign."""

    judgement: AuthorityJudgement
    confirmed: frozenset[str]
    """`name_key`s of those whose right is confirmed."""
    looked_up: LookUp | None
    """None where nobody was asked."""

    @property
    def objections(self) -> tuple[Finding, ...]:
        """What a person must look at, whoever signed."""
        found: tuple[Finding, ...] = ()
        if self.looked_up is not None and self.looked_up.stop is not None:
            found += (WHO_ORGANISATION_STOPPED(stop=self.looked_up.stop.value, date=_day(self.looked_up)),)
        if self.looked_up is not None and self.judgement.verdict is AuthorityVerdict.REFUTED:
            found += (WHO_RIGHT_REFUTED(date=_day(self.looked_up)),)
        return found


def read_rights(workspace: Workspace, org_number: OrgNumber, signers: tuple[Signer, ...]) -> Rights:
    """Ask the registers now, if they are switched on. Belongs in no transaction; never raises for what they do."""
    asked = look_up(workspace, org_number) if workspace.settings.registers.enabled else None
    return judge_rights(workspace.settings, org_number, signers, asked, norwegian_day(workspace.clock()))


def kept_rights(workspace: Workspace, org_number: OrgNumber, signers: tuple[Signer, ...]) -> Rights:
    """By the last look-up that was kept: a person who decides sees what the judgement was made of."""
    now = workspace.clock()
    asked = find_look_up(workspace, org_number, before=now) if workspace.settings.registers.enabled else None
    return judge_rights(workspace.settings, org_number, signers, asked, norwegian_day(now))


def judge_rights(
    settings: Settings, org_number: OrgNumber, signers: tuple[Signer, ...], asked: LookUp | None, on: date
) -> Rights:
    """By a look-up and the stored powers of a day."""
    stored = confirmed_signers(settings, org_number, on)
    judged = AuthorityJudgement(verdict=AuthorityVerdict.UNCLEAR, reason=AuthorityReason.NOT_ASKED)
    if asked is not None:
        judged = judge_authority(asked.authority, signers)
    if signers and all(name_key(signer.name) in stored for signer in signers):
        judged = AuthorityJudgement(verdict=AuthorityVerdict.CONFIRMED, reason=AuthorityReason.STORED_POWER)
    by_register = judged.verdict is AuthorityVerdict.CONFIRMED
    keys = frozenset(name_key(signer.name) for signer in signers) if by_register else frozenset[str]()
    return Rights(judgement=judged, confirmed=stored | keys, looked_up=asked)


_STOPS: Final[Mapping[Stop, str]] = {
    Stop.BANKRUPT: "organisation_bankrupt",
    Stop.LIQUIDATION: "organisation_liquidation",
    Stop.DELETED: "organisation_deleted",
    Stop.SUB_UNIT: "organisation_sub_unit",
    Stop.UNKNOWN: "organisation_unknown",
}
"""The gate that each one closes. Text: `gates.<code>`."""


def require_right_to_sign(workspace: Workspace, org_number: OrgNumber, signers: tuple[Signer, ...], case: str) -> None:
    """Before issuing: nothing is made for an organisation that is no party, or for those who may not sign.

    What is unclear is a person's to settle when the agreement comes back. Raises GateError.
    """
    if not workspace.settings.registers.enabled:
        return
    rights = read_rights(workspace, org_number, signers)
    unmet: tuple[str, ...] = ()
    if rights.looked_up is not None and rights.looked_up.stop is not None:
        unmet += (_STOPS[rights.looked_up.stop],)
    if rights.judgement.verdict is AuthorityVerdict.REFUTED:
        unmet += ("signers_refuted",)
    if unmet:
        raise GateError("case_not_issuable", unmet=unmet, case=case)


def confirmed_signers(settings: Settings, org_number: OrgNumber, on: date) -> frozenset[str]:
    """The name keys of those with a stored power for this organisation that had not expired on that day."""
    return frozenset(
        name_key(authority.name)
        for authority in settings.authorities
        if authority.org_number == org_number and (authority.expires is None or authority.expires >= on)
    )


def _day(asked: LookUp) -> str:
    return norwegian_day(asked.at).isoformat()
