"""`avtale authority`: who may sign for an organisation, and whether those who are named may."""

import re
from datetime import date, datetime

from agreements.calendar import norwegian_day, norwegian_moment
from agreements.canonical import JsonValue
from agreements.errors import ConfigurationError, UsageError
from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.parties import Signer, SigningBasis
from agreements.signing_authority import AuthorityVerdict, RegisteredPerson, Rule, Stop
from agreements.texts import text
from agreements.values import format_date
from onboarding.answers import Answer, table
from onboarding.authority import Rights, judge_rights, kept_rights
from onboarding.registers import LookUp, Outcome, find_look_up, look_up
from onboarding.views import utc
from onboarding.workspace import Workspace

_SIGNER = re.compile(r"(?P<name>[^;]{2,130}?)\s*(?:;\s*(?P<born>\d{4}-\d{2}-\d{2}))?")
_EXIT = {AuthorityVerdict.CONFIRMED: 0, AuthorityVerdict.UNCLEAR: 6, AuthorityVerdict.REFUTED: 5}


def parse_named_signer(typed: str) -> Signer:
    """`Kari Nordmann`, or `Kari Nordmann;1980-02-29`: prokura counts too. Raises UsageError("signer_named")."""
    found = _SIGNER.fullmatch(typed.strip())
    if found is None:
        raise UsageError("signer_named", typed=typed[:60])
    try:
        born = None if found["born"] is None else date.fromisoformat(found["born"])
    except ValueError as error:
        raise UsageError("signer_named", typed=typed[:60]) from error
    return Signer(name=found["name"], basis=SigningBasis.PROKURA, birth_date=born)


def authority_answer(
    workspace: Workspace, org_number: OrgNumber, signers: tuple[Signer, ...], language: Language, *, at: date | None
) -> Answer:
    """Exit 0 confirmed (or answered, where nobody is named), 4 no such organisation, 5 refuted or no party, 6 unclear,
    8 the register did not answer.

    `at`: by the powers of that day and the last look-up before its end, asking nobody. Raises
    ConfigurationError("registers_off") where nothing could settle it.
    """
    day = norwegian_day(workspace.clock()) if at is None else at
    asked = _asked(workspace, org_number, at)
    rights = judge_rights(workspace.settings, org_number, signers, asked, day)
    if asked is None and rights.judgement.verdict is not AuthorityVerdict.CONFIRMED:
        raise ConfigurationError("registers_off", org_number=org_number.digits)
    return Answer(
        data=_data(org_number, rights, named=bool(signers)),
        lines=_lines(org_number, rights, signers, language),
        exit_code=_exit_code(rights, named=bool(signers)),
    )


def _asked(workspace: Workspace, org_number: OrgNumber, at: date | None) -> LookUp | None:
    if at is not None:
        end: datetime = norwegian_moment(at, 23).replace(minute=59, second=59)
        return find_look_up(workspace, org_number, before=end)
    return look_up(workspace, org_number) if workspace.settings.registers.enabled else None


def _exit_code(rights: Rights, *, named: bool) -> int:
    asked = rights.looked_up
    if asked is not None and asked.stop is not None:
        return 4 if asked.stop is Stop.UNKNOWN else 5
    if rights.judgement.verdict is AuthorityVerdict.CONFIRMED:
        return 0
    if asked is not None and asked.outcome is Outcome.UNAVAILABLE:
        return 8
    if asked is not None and (asked.outcome is Outcome.CHANGED or asked.authority is None):
        return 6
    return _EXIT[rights.judgement.verdict] if named else 0


def _data(org_number: OrgNumber, rights: Rights, *, named: bool) -> JsonValue:
    asked = rights.looked_up
    authority = None if asked is None else asked.authority
    return {
        "org_number": org_number.digits,
        "name": None if asked is None else asked.name,
        "form": None if asked is None else asked.form,
        "address": None if asked is None else asked.address or None,
        "language": None if asked is None or asked.language is None else asked.language.value,
        "asked_at": None if asked is None else utc(asked.at),
        "outcome": None if asked is None else asked.outcome.value,
        "stop": None if asked is None or asked.stop is None else asked.stop.value,
        "signature": None if authority is None else _rule_data(authority.signature),
        "prokura": None if authority is None else _rule_data(authority.prokura),
        "verdict": rights.judgement.verdict.value if named else None,
        "reason": rights.judgement.reason.value if named else None,
    }


def _rule_data(rule: Rule) -> JsonValue:
    """Names and years: a birth date is nobody's who only looks."""
    return {
        "for_machines": rule.for_machines,
        "text": rule.text,
        "combinations": [[_person_data(one) for one in each.persons] for each in rule.combinations],
    }


def _person_data(person: RegisteredPerson) -> JsonValue:
    return {"name": person.name, "born": None if person.birth_date is None else person.birth_date.year}


def _lines(org_number: OrgNumber, rights: Rights, signers: tuple[Signer, ...], language: Language) -> list[str]:
    asked, lines = rights.looked_up, list[str]()
    if asked is not None:
        day = format_date(norwegian_day(asked.at), language)
        name = " ".join(filter(None, (asked.name, f"({asked.form})" if asked.form else "")))
        lines.append(text("authority.heading", language, org_number=org_number.grouped, name=name, date=day))
        lines += [asked.address] if asked.address else []
        lines.append(text(f"authority.outcome.{asked.outcome.value}", language))
    if asked is not None and asked.stop is not None:
        lines.append(text(f"authority.stop.{asked.stop.value}", language))
    if asked is not None and asked.authority is not None:
        rows = [
            *_rule_rows("signature", asked.authority.signature, language),
            *_rule_rows("prokura", asked.authority.prokura, language),
        ]
        lines += ["", *table(("basis", "who"), rows, language)]
    if signers:
        verdict = text(f"authority.verdict.{rights.judgement.verdict.value}", language)
        reason = text(f"authority.reason.{rights.judgement.reason.value}", language)
        lines += ["", text("authority.judged", language, who=", ".join(one.name for one in signers), verdict=verdict)]
        lines.append(reason)
    return lines


def _rule_rows(right: str, rule: Rule, language: Language) -> list[list[str]]:
    basis = text(f"authority.right.{right}", language)
    together = f" {text('authority.together', language)} "
    rows = [[basis, together.join(one.name for one in each.persons)] for each in rule.combinations]
    return rows + ([[basis, rule.text]] if rule.text else [])


def kept_line(
    workspace: Workspace, org_number: OrgNumber, signers: tuple[Signer, ...], language: Language
) -> str | None:
    """What is known of the right to sign, and since when, without asking anybody; None where nobody was ever asked."""
    rights = kept_rights(workspace, org_number, signers)
    if rights.looked_up is None:
        return None
    verdict = text(f"authority.verdict.{rights.judgement.verdict.value}", language)
    if rights.looked_up.stop is not None:
        verdict = text(f"authority.stop.{rights.looked_up.stop.value}", language)
    day = format_date(norwegian_day(rights.looked_up.at), language)
    return text("authority.kept", language, date=day, verdict=verdict)
