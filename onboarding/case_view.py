"""One case as a whole: what is known, who signs, what was issued, what came back, what left, what happened."""

import json

from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.parties import Signer
from agreements.texts import has_text, text
from agreements.values import format_phone, format_value
from onboarding.answers import Answer, table
from onboarding.authority_view import kept_line
from onboarding.digipost_view import digipost_data, digipost_lines
from onboarding.record import EventKind
from onboarding.settings import user_name
from onboarding.steps.enquiry import read_case
from onboarding.store.events import Event, list_events
from onboarding.store.issued import list_agreements
from onboarding.store.judgements import list_judgements
from onboarding.turns import standing_data, standing_of, turn_sentence
from onboarding.views import (
    MESSAGE_COLUMNS,
    case_data,
    case_row,
    judgement_data,
    judgement_row,
    local_time,
    message_data,
    message_row,
    utc,
)
from onboarding.workspace import SYSTEM, Workspace
from outbox.messages import list_messages

_CASE_COLUMNS = ("case", "customer", "step", "agreement", "waiting_for", "updated")
_RETURN_COLUMNS = ("return", "agreement", "verdict", "why", "time")
_MESSAGE_COLUMNS = ("message", *MESSAGE_COLUMNS[1:])
_SHOWN = (
    "plan",
    "fields",
    "purpose",
    "agreement",
    "verdict",
    "note",
    "answer",
    "automatic",
    "party",
    "channel",
    "method",
    "result",
    "item",
    "reason",
    "reply",
    "receipt",
)
"""The particulars of an event that the timeline tells."""


def case_details(workspace: Workspace, number: str, language: Language) -> Answer:
    """Everything about a case. Raises UsageError or NotFoundError."""
    case = read_case(workspace, number)
    with workspace.store.read() as connection:
        agreements = list_agreements(connection, case.number)
        judgements = list_judgements(connection, case=case.number)
        messages = list_messages(connection, case_number=str(case.number))
        events = list_events(connection, str(case.number))
    issued: list[JsonValue] = [
        {
            "agreement": str(agreement.number),
            "sha256": agreement.sha256,
            "state": agreement.state.value,
            "template_version": agreement.template_version,
            "language": agreement.language.value,
            "issued_at": utc(agreement.issued_at),
            "issued_by": agreement.issued_by,
        }
        for agreement in agreements
    ]
    signers: list[JsonValue] = [
        {"name": signer.name, "basis": signer.basis.value, "email": signer.email, "phone": signer.phone}
        for signer in case.signers
    ]
    standing = standing_of(case, workspace.settings, workspace.clock())
    data: dict[str, JsonValue] = {
        **case_data(case),
        **standing_data(standing),
        "values": dict(case.values),
        "signers": signers,
        "agreements": issued,
        "returns": [judgement_data(judgement, language) for judgement in judgements],
        "messages": [message_data(message) for message in messages],
        "digipost": digipost_data(case, events),
    }
    parts = (
        (_CASE_COLUMNS, [case_row(case, language)]),
        (("field", "value"), _value_rows(case, language)),
        (_RETURN_COLUMNS, [judgement_row(judgement, language) for judgement in judgements]),
        (_MESSAGE_COLUMNS, [message_row(message, language) for message in messages]),
    )
    right = kept_line(workspace, case.org_number, case.signers, language)
    lines = [turn_sentence(standing, language), *([] if right is None else [right]), ""]
    lines += [line for columns, rows in parts if rows for line in (*table(columns, rows, language), "")]
    return Answer(data=data, lines=[*lines, *digipost_lines(case, events, language)])


def case_timeline(workspace: Workspace, number: str, language: Language) -> Answer:
    """The case's events, oldest first. Raises UsageError or NotFoundError."""
    case = read_case(workspace, number)
    with workspace.store.read() as connection:
        events = list_events(connection, str(case.number))
    data: list[JsonValue] = [
        {
            "seq": event.seq,
            "at": utc(event.at),
            "kind": event.kind,
            "actor": event.actor.user,
            "os_user": event.actor.os_user,
            "data": json.loads(event.data),
            "hash": event.hash,
        }
        for event in events
    ]
    rows = [
        [local_time(event.at), _kind(event, language), _who(workspace, event, language), _detail(event, language)]
        for event in events
    ]
    lines = [_beginning(workspace, case, language), "", *table(("time", "event", "user", "detail"), rows, language)]
    ending = turn_sentence(standing_of(case, workspace.settings, workspace.clock()), language)
    return Answer(data=data, lines=[*lines, "", ending])


def _beginning(workspace: Workspace, case: Case, language: Language) -> str:
    """Whose story it is."""
    vendor = workspace.settings.find_vendor(case.vendor_id)
    names = {"customer": case.customer_name, "org_number": case.org_number.grouped, "case": case.number}
    system = case.vendor_id if vendor is None else f"{vendor.system_name} ({vendor.name})"
    return text("talk.timeline.beginning", language, system=system, **names)


def _who(workspace: Workspace, event: Event, language: Language) -> str:
    """A person by name; what the program does by itself it does itself."""
    if event.actor.user == SYSTEM:
        return text("talk.timeline.program", language)
    return user_name(workspace.settings, event.actor.user)


def _value_rows(case: Case, language: Language) -> list[list[str]]:
    """What is known of the case, in the catalogue's order, then who signs, and how if the case itself says so."""
    catalogue = load_catalogue()
    known = [
        [field.label(language), format_value(catalogue, field, case.values[field.id], language)]
        for field in catalogue.fields
        if case.values.get(field.id) is not None
    ]
    signers = [[text("table.signer", language), ", ".join(_signer_parts(signer, language))] for signer in case.signers]
    how = [] if case.signing is None else [text(f"states.signing.{case.signing.value}", language)]
    return [*known, *signers, *([text("table.signing", language), route] for route in how)]


def _signer_parts(signer: Signer, language: Language) -> list[str]:
    """Name with basis, then where the person is told that there is something to sign."""
    named = f"{signer.name} ({text(f'states.basis.{signer.basis.value}', language)})"
    phone = None if signer.phone is None else format_phone(signer.phone)
    return [named, *(part for part in (signer.email, phone) if part is not None)]


def _kind(event: Event, language: Language) -> str:
    key = f"events.{event.kind}"
    return text(key, language) if has_text(key) else event.kind


def _detail(event: Event, language: Language) -> str:
    """The particulars that tell a person most; the rest stands in the JSON."""
    data = json.loads(event.data)
    shown = {name: data.get(name) for name in _SHOWN}
    shown["fields"] = _field_names(event, data.get("fields") or [], language)
    return " · ".join(_in_words(name, str(value), language) for name, value in shown.items() if value)


def _field_names(event: Event, fields: list[str], language: Language) -> str:
    """What was set, by its label; of a case that is made, everything, which tells nothing."""
    if event.kind == EventKind.CASE_CREATED:
        return ""
    catalogue = load_catalogue()
    known = ((name, catalogue.find_field(name)) for name in fields)
    return ", ".join(name if field is None else field.label(language) for name, field in known)


def _in_words(name: str, value: str, language: Language) -> str:
    """Codes as words. A reason is a code or what a person wrote."""
    keys = {
        "plan": f"states.plan.{value}",
        "purpose": f"states.purpose.{value}",
        "verdict": f"states.verdict.{value}",
        "reason": f"outbox_reasons.{value}.message",
        "answer": f"states.answer.{value}",
        "automatic": "talk.digipost.automatic",
        "receipt": "talk.timeline.receipt",
    }
    key = keys.get(name, "")
    return text(key, language, receipt=value) if has_text(key) else value
