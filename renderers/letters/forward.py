"""The letter that forwards an approved agreement to Digipost (facts/domain.md §7 d): at most twenty lines of text.

Contacts at work stand in it, and nothing of the signers. Three words are kept apart: *signaturkontroll* is what the
machine found, *godkjenning* who decided, *verifisering* what comes in step 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from agreements.case import LaunchPlan
from agreements.catalogue import Catalogue, Field, Values, load_catalogue
from agreements.findings import PRV_SCAN, Finding, Severity
from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.parties import Customer, Vendor
from agreements.plan import reasons_for_plan
from agreements.signers import SigningRight
from agreements.summary import expected_features
from agreements.values import format_date, format_value
from renderers.letters.heading import Correspondence, inline, write
from renderers.templates import Words, flat_words, words

_SERVICES = "service."
_PLANNING = ("customer.sender_name", "service.channel", "launch.first_send_date", "launch.monthly_volume")
_CONTACTS = ("contact.contract", "contact.business", "contact.technical", "admin")
_KIND = "agreement.kind"
_TERMINATION, _CHANGE = "termination", "change"
MAX_FINDINGS: Final = 5
"""Told by name in the line of verdict; ours: the rest are counted, and stand in the signature report."""


@dataclass(frozen=True, kw_only=True)
class ForwardLetter:
    """An approved agreement on its way to Digipost."""

    case_number: str
    agreement_number: str
    values: Values
    """The values of the issued agreement, and those that were filled in."""
    vendor: Vendor
    plan: LaunchPlan
    """Step 3's decision as it stands."""
    document_sha256: str
    """SHA-256 of the signed PDF that is attached."""
    findings: tuple[Finding, ...]
    """What the signature check found; those that a person had to look at are told."""
    right: SigningRight
    approved_by: tuple[str, ...]
    """The names of those who approved; read only if `manual`, for otherwise avtalemottak approved by itself."""
    approved_on: date
    manual: bool
    audit_head: str
    """The latest hash of the event log's chain before the approval: ties this mail to the record as it was."""
    adopted: bool = False
    """It was not issued by us: a person took it in."""
    subject_prefix: str = ""
    """Marks mail that is not for real (test, demo)."""


def render_forward(letter: ForwardLetter, language: Language) -> tuple[str, str]:
    """Subject (one line) and body of the letter to Digipost.

    The case number stands in brackets in the subject, so that an answer finds its case.
    """
    catalogue, say = load_catalogue(), words(language)
    texts = {
        field_id: inline(format_value(catalogue, catalogue.field(field_id), value, language))
        for field_id, value in letter.values.items()
        if catalogue.find_field(field_id)
    }
    ends = letter.values.get(_KIND) == _TERMINATION
    return write(
        "forward.txt",
        _about(letter),
        language,
        subject="forward.subject",
        letter=letter,
        vendor_number=letter.vendor.org_number.grouped,
        kind=_lower(texts.get(_KIND, "")),
        services=_services(catalogue, letter.values, language),
        planning=[] if ends else list(_planning(catalogue, texts, language)),
        plan="" if ends else _plan(catalogue, letter, say),
        set_up=list(_set_up(catalogue, letter, say)),
        contacts=_contacts(catalogue, texts, language),
        verdict=_verdict(letter, language, say),
        ends=ends,
    )


def finding_in_words(finding: Finding, language: Language) -> str:
    """A finding in a few words that name nobody; its code where there are none."""
    key = f"forward.finding.{finding.code}"
    return words(language)(key) if key in flat_words(language) else finding.code


def _about(letter: ForwardLetter) -> Correspondence:
    org_number, name = letter.values["customer.orgnr"], letter.values["customer.name"]
    return Correspondence(
        case_number=letter.case_number,
        customer=Customer(org_number=OrgNumber(str(org_number)), name=str(name)),
        vendor=letter.vendor,
        subject_prefix=letter.subject_prefix,
    )


def _services(catalogue: Catalogue, values: Values, language: Language) -> list[str]:
    return [field.label(language) for field in catalogue.fields if _is_ordered(catalogue, field, values)]


def _is_ordered(catalogue: Catalogue, field: Field, values: Values) -> bool:
    return field.id.startswith(_SERVICES) and values.get(field.id) is True and catalogue.is_asked(field, values)


def _contacts(catalogue: Catalogue, texts: dict[str, str], language: Language) -> list[tuple[str, str]]:
    contacts: list[tuple[str, str]] = []
    for role in _CONTACTS:
        parts = [texts[field_id] for part in ("name", "email", "phone") if texts.get(field_id := f"{role}.{part}")]
        if parts:
            contacts.append((catalogue.field(f"{role}.name").label(language), ", ".join(parts)))
    return contacts


def _planning(catalogue: Catalogue, texts: dict[str, str], language: Language) -> Iterator[str]:
    for field_id in _PLANNING:
        if texts.get(field_id):
            yield f"{catalogue.field(field_id).label(language)}: {texts[field_id]}"


def _plan(catalogue: Catalogue, letter: ForwardLetter, say: Words) -> str:
    """The decision; while there is none, what speaks for a plan."""
    decided = say("forward.plan", decided=_lower(say(f"plan.decided.{letter.plan.value}")))
    if letter.plan is not LaunchPlan.OPEN:
        return decided
    reasons = [_lower(say(f"plan.reason.{reason.value}")) for reason in reasons_for_plan(catalogue, letter.values)]
    told = say("forward.plan_reasons", reasons=", ".join(reasons)) if reasons else say("forward.plan_no_reasons")
    return f"{decided} {told}"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _set_up(catalogue: Catalogue, letter: ForwardLetter, say: Words) -> Iterator[str]:
    """What Digipost is asked to do: it depends on whether something begins, changes or ends."""
    kind, broker_id = letter.values.get(_KIND), str(letter.vendor.broker_id)
    if kind == _TERMINATION:
        yield say("forward.revoke", broker_id=broker_id)
        yield say("forward.account")
        return
    yield say("forward.change" if kind == _CHANGE else "forward.sender_id")
    yield say("forward.broker", broker_id=broker_id)
    features = expected_features(catalogue, letter.values)
    if features:
        yield say("forward.features", features=", ".join(features))


def _verdict(letter: ForwardLetter, language: Language, say: Words) -> str:
    """One line: what the check found, the right to sign, who approved."""
    on = format_date(letter.approved_on, language)
    approved = say("forward.approved.automatic", date=on)
    if letter.manual:
        approved = say("forward.approved.manual", by=", ".join(map(inline, letter.approved_by)), date=on)
    return " ".join((_check(letter, language, say), say(f"forward.right.{letter.right.value}"), approved))


def _check(letter: ForwardLetter, language: Language, say: Words) -> str:
    """What a person had to look at; of a scan nothing could be checked, and what else there was is told beside."""
    weighed = [finding for finding in letter.findings if finding.severity is not Severity.INFO]
    others = [finding for finding in weighed if finding.code != PRV_SCAN.code]
    scan = len(others) < len(weighed)
    if not others:
        return say("forward.check.scan" if scan else "forward.check.none")
    key = "forward.check.scan_findings" if scan else "forward.check.findings"
    return say(key, count=len(others), findings=_in_words(others, language, say))


def _in_words(findings: list[Finding], language: Language, say: Words) -> str:
    """Each code once with its words, the first of them; the rest counted."""
    told = list(dict.fromkeys(_with_code(finding, language) for finding in findings))
    shown = told[:MAX_FINDINGS]
    if len(told) > MAX_FINDINGS:
        shown.append(say("forward.check.more", count=len(told) - MAX_FINDINGS))
    return "; ".join(shown)


def _with_code(finding: Finding, language: Language) -> str:
    said = finding_in_words(finding, language)
    return said if said == finding.code else f"{finding.code} {said}"
