"""Who may sign for an organisation, by what the registers say, and whether those who shall sign may.

Pure. The registers give combinations: any one of them binds, all the persons in it together (Fullmakttjenesten,
`signeringsKombinasjon.kombinasjon[].personRolleKombinasjon[]`; facts/domain.md §4). Three answers: `confirmed` where a
whole combination is matched by name and birth date, `refuted` where the register has a rule for machines and no
combination can be matched, `unclear` for everything else, which is a person's to settle. Nothing unclear is approved.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from agreements.parties import Signer, SigningBasis
from agreements.signers import name_key


class AuthorityVerdict(StrEnum):
    """Words: `authority.verdict.<verdict>`."""

    CONFIRMED = "confirmed"
    UNCLEAR = "unclear"
    REFUTED = "refuted"


class AuthorityReason(StrEnum):
    """Why. Words: `authority.reason.<reason>`."""

    COMBINATION = "combination"
    """A whole combination is matched."""
    NO_COMBINATION = "no_combination"
    STORED_POWER = "stored_power"
    """A power of attorney that the operator has stored settles it."""
    NO_BIRTH_DATE = "no_birth_date"
    """A name fits, and nothing tells whether it is the same person."""
    NO_RULE = "no_rule"
    """The register has no rule for machines: free text, or none at all."""
    UNAVAILABLE = "unavailable"
    """The register did not answer, or not in a form we know."""
    NOT_ASKED = "not_asked"
    """Look-ups are switched off."""
    NO_SIGNERS = "no_signers"


class Stop(StrEnum):
    """Why nothing is agreed with an organisation at all. Words: `authority.stop.<stop>`."""

    BANKRUPT = "bankrupt"
    LIQUIDATION = "liquidation"
    DELETED = "deleted"
    SUB_UNIT = "sub_unit"
    """A sub-unit (underenhet) is no party: its main unit is."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class RegisteredPerson:
    """A person in a combination."""

    name: str
    birth_date: date | None


@dataclass(frozen=True, kw_only=True)
class Combination:
    """Persons who bind the organisation together."""

    persons: tuple[RegisteredPerson, ...]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What the register says of one right: signature, or prokura."""

    combinations: tuple[Combination, ...] = ()
    for_machines: bool = False
    """The register says that its combinations are the whole rule (status OK, OK and RF)."""
    text: str = ""
    """As it stands in the register, for a person to read."""


@dataclass(frozen=True, kw_only=True)
class SigningAuthority:
    """Both rights of an organisation."""

    signature: Rule
    prokura: Rule

    def rules_for(self, basis: SigningBasis) -> tuple[Rule, ...]:
        """Whoever may sign may do so whatever is said of prokura; a power of attorney stands in no register."""
        if basis is SigningBasis.POWER_OF_ATTORNEY:
            return ()
        return (self.signature,) if basis is SigningBasis.SIGNATURE_RIGHT else (self.signature, self.prokura)


@dataclass(frozen=True, kw_only=True)
class AuthorityJudgement:
    """Whether those who shall sign may, and why."""

    verdict: AuthorityVerdict
    reason: AuthorityReason


def judge_authority(authority: SigningAuthority | None, signers: tuple[Signer, ...]) -> AuthorityJudgement:
    """Whether the signers together bind the organisation. None: the register gave nothing that could be read."""
    if not signers:
        return _unclear(AuthorityReason.NO_SIGNERS)
    if authority is None:
        return _unclear(AuthorityReason.UNAVAILABLE)
    rules = {id(rule): rule for signer in signers for rule in authority.rules_for(signer.basis)}.values()
    combinations = [one for rule in rules for one in rule.combinations if one.persons]
    fits = [_fit(one, signers) for one in combinations]
    if _Fit.SURE in fits:
        return AuthorityJudgement(verdict=AuthorityVerdict.CONFIRMED, reason=AuthorityReason.COMBINATION)
    if _Fit.MAYBE in fits:
        return _unclear(AuthorityReason.NO_BIRTH_DATE)
    complete = bool(combinations) and all(rule.for_machines for rule in rules)
    if not complete or any(signer.basis is SigningBasis.POWER_OF_ATTORNEY for signer in signers):
        return _unclear(AuthorityReason.NO_RULE)
    return AuthorityJudgement(verdict=AuthorityVerdict.REFUTED, reason=AuthorityReason.NO_COMBINATION)


class _Fit(StrEnum):
    SURE = "sure"
    MAYBE = "maybe"
    NO = "no"


def _fit(combination: Combination, signers: tuple[Signer, ...]) -> _Fit:
    """Each person in it must be a signer of its own: one who signs twice is no two persons."""
    free, weakest = list(signers), _Fit.SURE
    for person in combination.persons:
        fits = {signer.name: _same_person(person, signer) for signer in free}
        best = next((fit for fit in (_Fit.SURE, _Fit.MAYBE) if fit in fits.values()), None)
        if best is None:
            return _Fit.NO
        taken = next(name for name, fit in fits.items() if fit is best)
        free = [signer for signer in free if signer.name != taken]
        weakest = best if best is _Fit.MAYBE else weakest
    return weakest


def _same_person(person: RegisteredPerson, signer: Signer) -> _Fit:
    """The same names, or one with middle names that the other lacks; sure only with the same birth date."""
    theirs, ours = set(name_key(person.name).split()), set(name_key(signer.name).split())
    named = len(theirs & ours) >= 2 and (theirs <= ours or ours <= theirs)
    if not named or (None not in (person.birth_date, signer.birth_date) and person.birth_date != signer.birth_date):
        return _Fit.NO
    return _Fit.SURE if person.birth_date is not None and person.birth_date == signer.birth_date else _Fit.MAYBE


def _unclear(reason: AuthorityReason) -> AuthorityJudgement:
    return AuthorityJudgement(verdict=AuthorityVerdict.UNCLEAR, reason=reason)
