"""The configuration summary (konfigurasjonsoversikt, step 4): what Digipost, the vendor and the customer must set up.

Built from what was agreed and what has been set up since, by the catalogue. Free of language: labels are added where it
is rendered. No personal identity data: birth dates are no configuration and are left out.

`SenderId` (Digipost's number for the sender) is not the organisation number. A sender id that equals a party's
organisation number is never shown as one: it stays an open item that says so (facts/domain.md §2: the most frequent
confusion).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from agreements.calendar import add_working_days
from agreements.canonical import JsonValue
from agreements.case import Party
from agreements.catalogue import Catalogue, Field, Owner, Phase, Values
from agreements.errors import UsageError
from agreements.parties import Customer, Vendor
from agreements.times import format_utc

SCHEMA = "avtale/config/v1"
_FEATURE = "no.digipost.feature."
_BATCH_FEATURE = "no.digipost.feature.batch.masseutsendelse"
_BOTH = (Party.DIGIPOST, Party.VENDOR)
_WHO: Mapping[str, tuple[Party, ...]] = {
    "customer.": (Party.DIGIPOST,),
    "customer.orgnr": _BOTH,
    "customer.part_id": _BOTH,
    "admin.name": (Party.DIGIPOST,),
    "admin.email": (Party.DIGIPOST,),
    "vendor.may_": (Party.DIGIPOST,),
    "vendor.useragreements": (Party.DIGIPOST,),
    "vendor.broker_id": _BOTH,
    "vendor.partner_id": (Party.VENDOR,),
    "service.": _BOTH,
    "defaults.": (Party.VENDOR,),
    "print.": (Party.VENDOR,),
    "invoice.": (Party.DIGIPOST,),
    "invoice.reference": _BOTH,
    "dpi.": _BOTH,
    "launch.monthly_volume": (Party.DIGIPOST,),
    "launch.first_send_date": _BOTH,
    "setup.": (Party.VENDOR,),
    "setup.sender_id": _BOTH,
    "setup.sender_organization": _BOTH,
    "setup.batch_auto_approve": (Party.DIGIPOST,),
    "setup.expected_features": (Party.DIGIPOST,),
    "setup.logo": (Party.CUSTOMER,),
}
"""Who needs the value of a field to do their part; the longest beginning of the id decides. Fields that nobody sets up
(contacts, signatures, the agreement's own data) are not named. Source: facts/domain.md §1 and §2."""


class EntrySource(StrEnum):
    """Where a value comes from."""

    AGREEMENT = "agreement"
    SETUP = "setup"


class OpenReason(StrEnum):
    """Why something is still open."""

    MISSING = "missing"
    IS_ORG_NUMBER = "sender_id_is_org_number"


class TaskKey(StrEnum):
    """What the customer must do; the words are the renderer's."""

    LOG_IN = "log_in"
    CHECK_ACCOUNT = "check_account"
    GIVE_SENDER_ID = "give_sender_id"
    BATCH_KEY = "batch_key"
    RETURN_ADDRESS = "return_address"
    EHF = "ehf"


@dataclass(frozen=True, kw_only=True)
class SummaryApproval:
    """Who approved the agreement and when. `manual`: a person decided, not the machine."""

    by: str
    at: datetime
    """With time zone; its own calendar day is the day that deadlines count from."""
    manual: bool


@dataclass(frozen=True, kw_only=True)
class SummarySubject:
    """Whose configuration it is, and on what it rests."""

    case_number: str
    agreement_number: str | None
    customer: Customer
    vendor: Vendor
    signed_sha256: str | None
    """SHA-256 of the signed PDF; None while none is approved."""
    approval: SummaryApproval | None


@dataclass(frozen=True, kw_only=True)
class ConfigurationEntry:
    """One value to set up."""

    field_id: str
    value: JsonValue
    api: str | None
    """The exact name at Digipost, where there is one."""
    owner: Owner
    source: EntrySource


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """A value that is needed and lacking. `due` is None until the agreement is approved."""

    field_id: str
    api: str | None
    owner: Owner
    due: date | None
    reason: OpenReason


@dataclass(frozen=True, kw_only=True)
class CustomerTask:
    """Something the customer does itself; `params` fill the places in its text."""

    key: TaskKey
    params: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ConfigurationSummary:
    """Everything, ready to be rendered."""

    subject: SummarySubject
    digipost: tuple[ConfigurationEntry, ...]
    vendor: tuple[ConfigurationEntry, ...]
    customer: tuple[ConfigurationEntry, ...]
    open_items: tuple[OpenItem, ...]
    customer_tasks: tuple[CustomerTask, ...]


def build_summary(
    catalogue: Catalogue, subject: SummarySubject, *, agreed: Values, setup: Values, deadline_days: int
) -> ConfigurationSummary:
    """The summary of what was agreed (`agreed`: the issued agreement's values) and set up since (`setup`: by field id).

    `deadline_days`: working days from the approval until open items are due. Raises UsageError `not_a_setup_field`.
    """
    values = _values(catalogue, agreed, setup)
    reasons = _open_reasons(catalogue, subject, values)
    due = None if subject.approval is None else add_working_days(subject.approval.at.date(), deadline_days)
    shown = {field_id: value for field_id, value in values.items() if field_id not in reasons}
    return ConfigurationSummary(
        subject=subject,
        digipost=tuple(_entries(catalogue, shown, Party.DIGIPOST)),
        vendor=tuple(_entries(catalogue, shown, Party.VENDOR)),
        customer=tuple(_entries(catalogue, shown, Party.CUSTOMER)),
        open_items=tuple(_open_item(catalogue.field(field_id), due, reason) for field_id, reason in reasons.items()),
        customer_tasks=tuple(_tasks(catalogue, subject, values)),
    )


def expected_features(catalogue: Catalogue, values: Values) -> list[str]:
    """The sender rights Digipost grants for the ordered services, in the catalogue's order (facts/domain.md §2)."""
    ordered = (
        field for field in catalogue.fields if values.get(field.id) is True and catalogue.is_asked(field, values)
    )
    features = [field.api for field in ordered if field.api is not None and field.api.startswith(_FEATURE)]
    return [*features, _BATCH_FEATURE] if values.get("service.channel") == "batch_sftp" else features


def who_sets_up(field_id: str) -> tuple[Party, ...]:
    """Whose part of the summary a field belongs in; empty for fields that are no configuration."""
    beginnings = [beginning for beginning in _WHO if field_id.startswith(beginning)]
    return _WHO[max(beginnings, key=len)] if beginnings else ()


def as_json(summary: ConfigurationSummary) -> dict[str, JsonValue]:
    """The canonical structure, schema `avtale/config/v1`: what the JSON and YAML renderings hold."""
    subject = summary.subject
    return {
        "schema": SCHEMA,
        "case": subject.case_number,
        "agreement": subject.agreement_number,
        "signed_sha256": subject.signed_sha256,
        "approval": _approval_json(subject.approval),
        "customer": {"org_number": subject.customer.org_number.digits, "name": subject.customer.name},
        "vendor": {
            "id": subject.vendor.id,
            "org_number": subject.vendor.org_number.digits,
            "name": subject.vendor.name,
            "system_name": subject.vendor.system_name,
            "broker_id": subject.vendor.broker_id,
        },
        "set_up": {
            "digipost": [_entry_json(entry) for entry in summary.digipost],
            "vendor": [_entry_json(entry) for entry in summary.vendor],
            "customer": [_entry_json(entry) for entry in summary.customer],
        },
        "open_items": [_open_json(item) for item in summary.open_items],
        "customer_tasks": [{"task": task.key.value, "params": dict(task.params)} for task in summary.customer_tasks],
    }


def _values(catalogue: Catalogue, agreed: Values, setup: Values) -> dict[str, JsonValue]:
    for field_id in setup:
        field = catalogue.find_field(field_id)
        if field is None or field.phase is not Phase.SETUP:
            raise UsageError("not_a_setup_field", field=field_id)
    values = {**agreed, **setup}
    return {**values, "setup.expected_features": list(expected_features(catalogue, values))}


def _open_reasons(catalogue: Catalogue, subject: SummarySubject, values: Values) -> dict[str, OpenReason]:
    org_numbers = {subject.customer.org_number.digits, subject.vendor.org_number.digits}
    reasons: dict[str, OpenReason] = {}
    for field in catalogue.of_phase(Phase.SETUP):
        value = values.get(field.id)
        if field.id == "setup.sender_id" and str(value) in org_numbers:
            reasons[field.id] = OpenReason.IS_ORG_NUMBER
        elif field.required and catalogue.is_asked(field, values) and value in (None, "", []):
            reasons[field.id] = OpenReason.MISSING
    return reasons


def _open_item(field: Field, due: date | None, reason: OpenReason) -> OpenItem:
    return OpenItem(field_id=field.id, api=field.api, owner=field.owner, due=due, reason=reason)


def _entries(catalogue: Catalogue, values: Values, party: Party) -> Iterator[ConfigurationEntry]:
    for field in catalogue.fields:
        value = values.get(field.id)
        if value in (None, "", []) or party not in who_sets_up(field.id) or not catalogue.is_asked(field, values):
            continue
        source = EntrySource.SETUP if field.phase is Phase.SETUP else EntrySource.AGREEMENT
        yield ConfigurationEntry(field_id=field.id, value=value, api=field.api, owner=field.owner, source=source)


def _tasks(catalogue: Catalogue, subject: SummarySubject, values: Values) -> Iterator[CustomerTask]:
    """What the administrator does at digipost.no, as far as it concerns this customer (facts/domain.md §1)."""
    yield CustomerTask(key=TaskKey.LOG_IN, params={"admin": str(values.get("admin.name", ""))})
    yield CustomerTask(key=TaskKey.CHECK_ACCOUNT, params={})
    yield CustomerTask(key=TaskKey.GIVE_SENDER_ID, params={"vendor": subject.vendor.name})
    if catalogue.conditions["batch_sftp"].holds(values):
        yield CustomerTask(key=TaskKey.BATCH_KEY, params={"vendor": subject.vendor.name})
    if catalogue.conditions["print"].holds(values):
        yield CustomerTask(key=TaskKey.RETURN_ADDRESS, params={})
    if catalogue.conditions["ehf"].holds(values):
        yield CustomerTask(key=TaskKey.EHF, params={"endpoint": str(values.get("invoice.endpoint", ""))})


def _approval_json(approval: SummaryApproval | None) -> JsonValue:
    if approval is None:
        return None
    return {"verdict": "approved", "by": approval.by, "at": format_utc(approval.at), "manual": approval.manual}


def _entry_json(entry: ConfigurationEntry) -> JsonValue:
    return {
        "field": entry.field_id,
        "value": entry.value,
        "api": entry.api,
        "owner": entry.owner.value,
        "source": entry.source.value,
    }


def _open_json(item: OpenItem) -> JsonValue:
    return {
        "field": item.field_id,
        "api": item.api,
        "owner": item.owner.value,
        "due": None if item.due is None else item.due.isoformat(),
        "reason": item.reason.value,
    }
