"""The configuration summary (konfigurasjonsoversikt, step 4): what Digipost, the vendor and the customer must set up.

Built from what was agreed and what has been set up since, by the catalogue. Free of language: labels are added where it
is rendered. No personal identity data: birth dates are no configuration and are left out.

`SenderId` (Digipost's number for the sender) is not the organisation number. A sender id that equals a party's
organisation number is never shown as one: it stays an open item that says so (facts/domain.md §2: the most frequent
confusion).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from agreements.canonical import JsonValue, sha256_of
from agreements.catalogue import Catalogue, Field, FieldType, Owner, Phase, Values, load_catalogue
from agreements.configuration import Change, Deviation, Difference, Setting
from agreements.machine_readable import shown_value
from agreements.parameters import Parameters, Source
from agreements.parties import Customer, Vendor
from agreements.times import format_utc
from agreements.turn import Party
from agreements.verification import Method, required_methods

SCHEMA = "avtale/config/v1"
_FEATURE = "no.digipost.feature."
_BATCH_FEATURE = "no.digipost.feature.batch.masseutsendelse"
_FEATURES = "setup.expected_features"
TERMINATION = "termination"
"""The catalogue's `agreement.kind` of an agreement that ends: what it lists is taken down, not set up."""
CERTIFICATE_PARTS = ("subject", "issuer", "serial", "not_after", "sha256")
"""All that is said of a certificate (facts/domain.md §7(b))."""
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
    """It stands in the signed agreement."""
    SETUP = "setup"
    """Somebody set it, with a reason."""
    DERIVED = "derived"
    """It follows from the others."""


class OpenReason(StrEnum):
    """Why something is still open."""

    MISSING = "missing"
    IS_ORG_NUMBER = "sender_id_is_org_number"
    UNREAD = "unread"
    """The customer filled it in, and nobody has read it yet."""


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
    proof: Source | None = None
    """Where in the signed document it stands; None for what does not, or before anything signed was read."""
    setting: Setting | None = None
    """Who set it; None for what nobody set. With `source` AGREEMENT: who read it off the signed document."""


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """A value that is needed and lacking.

    `due` is None until the agreement is approved, and while the customer has the ball.
    """

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
class Agreed:
    """What the signed agreement says, and with what."""

    values: Values
    """The issued values, and those the customer filled in that were read: by the program, or by a person."""
    proofs: Parameters = field(default_factory=Parameters)
    """Where they stand in the signed document; empty before one was read."""
    unread: tuple[str, ...] = ()
    """Fields the customer was to fill in, of which nobody knows what stands there."""


@dataclass(frozen=True, kw_only=True)
class SetUp:
    """What has come since, and what follows from the installation."""

    settings: tuple[Setting, ...] = ()
    """The last one of each field."""
    derived: Values = field(default_factory=dict)
    """Values that the installation gives where nobody has set any: the base URL of its environment."""
    difference: Difference | None = None
    """In comparison with the agreement approved before; None for the organisation's first."""


@dataclass(frozen=True, kw_only=True)
class ConfigurationSummary:
    """Everything, ready to be rendered."""

    subject: SummarySubject
    kind: str
    """The catalogue's `agreement.kind`: new, change, termination."""
    deviations: tuple[Deviation, ...]
    """Stand first on every rendering."""
    difference: Difference | None
    digipost: tuple[ConfigurationEntry, ...]
    vendor: tuple[ConfigurationEntry, ...]
    customer: tuple[ConfigurationEntry, ...]
    open_items: tuple[OpenItem, ...]
    customer_tasks: tuple[CustomerTask, ...]
    verification: tuple[Method, ...]
    """The methods of step 5 that the ordered services call for."""
    configuration_sha256: str
    """Of what an attestation is about: every value in force that `affects_verification`."""


def build_summary(
    catalogue: Catalogue, subject: SummarySubject, agreed: Agreed, set_up: SetUp, *, due: date | None
) -> ConfigurationSummary:
    """The summary of what was agreed, and set up since. `due`: the last day for what is open, if there is one."""
    in_force = values_in_force(agreed, set_up)
    values = {**in_force, _FEATURES: list(expected_features(catalogue, in_force))}
    reasons = _open_reasons(catalogue, subject, values, agreed.unread)
    entries = _Entries(catalogue, agreed, set_up, {name: one for name, one in values.items() if name not in reasons})
    kind = str(values.get("agreement.kind", "new"))
    ends = kind == TERMINATION
    return ConfigurationSummary(
        subject=subject,
        kind=kind,
        deviations=find_deviations(catalogue, agreed.values, set_up.settings),
        difference=set_up.difference,
        digipost=entries.of(Party.DIGIPOST),
        vendor=entries.of(Party.VENDOR),
        customer=entries.of(Party.CUSTOMER),
        open_items=tuple(_open_item(catalogue.field(field_id), due, reason) for field_id, reason in reasons.items()),
        customer_tasks=() if ends else tuple(_tasks(catalogue, subject, values)),
        verification=() if ends else required_methods(values),
        configuration_sha256=sha256_of(
            {one.id: values[one.id] for one in catalogue.fields if one.affects_verification and one.id in values}
        ),
    )


def values_in_force(agreed: Agreed, set_up: SetUp) -> dict[str, JsonValue]:
    """Settings come before what was signed, and that before what the installation gives."""
    settings = {one.field_id: one.value for one in set_up.settings if one.value is not None}
    return {**set_up.derived, **agreed.values, **settings}


def api_name(entry: ConfigurationEntry) -> str:
    """The name at Digipost, with the code that goes there where people read another word: `authentication-level:
    PASSWORD`. Empty where there is none.
    """
    if entry.api and load_catalogue().field(entry.field_id).type is FieldType.ENUM:
        return f"{entry.api}: {entry.value}"
    return entry.api or ""


def find_deviations(catalogue: Catalogue, signed: Values, settings: Iterable[Setting]) -> tuple[Deviation, ...]:
    """The settings that say otherwise than the signed agreement, in the catalogue's order."""
    by_field = {setting.field_id: setting for setting in settings if setting.value is not None}
    return tuple(
        Deviation(field_id=one.id, signed=signed[one.id], setting=by_field[one.id])
        for one in catalogue.of_phase(Phase.AGREEMENT)
        if one.id in by_field and one.id in signed and signed[one.id] != by_field[one.id].value
    )


def find_changes(catalogue: Catalogue, before: Values, after: Values) -> tuple[Change, ...]:
    """What differs between two agreements, less what each agreement has of its own (`agreement.*`)."""
    compared = (one.id for one in catalogue.of_phase(Phase.AGREEMENT) if not one.id.startswith("agreement."))
    return tuple(
        Change(field_id=name, before=before.get(name), after=after.get(name))
        for name in compared
        if before.get(name) != after.get(name)
    )


def expected_features(catalogue: Catalogue, values: Values) -> list[str]:
    """The sender rights Digipost grants for the ordered services, in the catalogue's order (facts/domain.md §2)."""
    ordered = (one for one in catalogue.fields if values.get(one.id) is True and catalogue.is_asked(one, values))
    features = [one.api for one in ordered if one.api is not None and one.api.startswith(_FEATURE)]
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
        "deviations": [_deviation_json(one) for one in summary.deviations],
        "case": subject.case_number,
        "agreement": subject.agreement_number,
        "kind": summary.kind,
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
        "configuration_sha256": summary.configuration_sha256,
        "verification": [method.value for method in summary.verification],
        "difference": _difference_json(summary.difference),
        "customer_tasks": [{"task": task.key.value, "params": dict(task.params)} for task in summary.customer_tasks],
    }


def _open_reasons(
    catalogue: Catalogue, subject: SummarySubject, values: Values, unread: Iterable[str]
) -> dict[str, OpenReason]:
    org_numbers = {subject.customer.org_number.digits, subject.vendor.org_number.digits}
    reasons = {name: OpenReason.UNREAD for name in unread if values.get(name) in (None, "", [])}
    needed = values.get("agreement.kind") != TERMINATION
    for one in catalogue.of_phase(Phase.SETUP):
        value = values.get(one.id)
        if one.id == "setup.sender_id" and str(value) in org_numbers:
            reasons[one.id] = OpenReason.IS_ORG_NUMBER
        elif needed and one.required and catalogue.is_asked(one, values) and value in (None, "", []):
            reasons[one.id] = OpenReason.MISSING
    return reasons


def _open_item(one: Field, due: date | None, reason: OpenReason) -> OpenItem:
    owner = Owner.VENDOR if reason is OpenReason.UNREAD else one.owner  # who reads what the customer has written
    return OpenItem(field_id=one.id, api=one.api, owner=owner, due=due, reason=reason)


class _Entries:
    """The values with where each comes from, party by party."""

    def __init__(self, catalogue: Catalogue, agreed: Agreed, set_up: SetUp, shown: Values) -> None:
        self._catalogue = catalogue
        self._agreed = agreed
        self._settings = {one.field_id: one for one in set_up.settings if one.value is not None}
        self._shown = shown

    def of(self, party: Party) -> tuple[ConfigurationEntry, ...]:
        return tuple(
            self._entry(one, self._shown[one.id])
            for one in self._catalogue.fields
            if self._shown.get(one.id) not in (None, "", [])
            and party in who_sets_up(one.id)
            and self._catalogue.is_asked(one, self._shown)
        )

    def _entry(self, one: Field, value: JsonValue) -> ConfigurationEntry:
        setting = self._settings.get(one.id)
        source = self._source(one, setting)
        proof = self._agreed.proofs.find(one.id) if source is EntrySource.AGREEMENT else None
        return ConfigurationEntry(
            field_id=one.id,
            value=value,
            api=one.api,
            owner=one.owner,
            source=source,
            proof=None if proof is None else proof.source,
            setting=setting,
        )

    def _source(self, one: Field, setting: Setting | None) -> EntrySource:
        """What a person read off the signed document stands in the agreement, whoever typed it."""
        if setting is None:
            signed = one.phase is Phase.AGREEMENT and one.id in self._agreed.values
            return EntrySource.AGREEMENT if signed else EntrySource.DERIVED  # a default of the set-up is not signed
        read_off = one.owner is Owner.CUSTOMER and self._agreed.values.get(one.id) == setting.value
        return EntrySource.AGREEMENT if read_off else EntrySource.SETUP


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
        "value": public_value(entry.field_id, entry.value),
        "api": entry.api,
        "owner": entry.owner.value,
        "source": entry.source.value,
        "proof": None if entry.proof is None else entry.proof.model_dump(mode="json"),
        "set": None if entry.setting is None else _setting_json(entry.setting),
    }


def _setting_json(setting: Setting) -> dict[str, JsonValue]:
    return {"by": setting.by, "at": format_utc(setting.at), "reason": setting.reason}


def _deviation_json(deviation: Deviation) -> JsonValue:
    setting = deviation.setting
    return {
        "field": deviation.field_id,
        "signed": public_value(deviation.field_id, deviation.signed),
        "value": public_value(deviation.field_id, setting.value),
        "set": _setting_json(setting),
    }


def _difference_json(difference: Difference | None) -> JsonValue:
    if difference is None:
        return None
    return {
        "agreement": difference.agreement,
        "approved_at": format_utc(difference.approved_at),
        "changes": [
            {
                "field": one.field_id,
                "before": public_value(one.field_id, one.before),
                "after": public_value(one.field_id, one.after),
            }
            for one in difference.changes
        ],
    }


def public_value(field_id: str, value: JsonValue) -> JsonValue:
    """A value as it may leave: of a birth date the year alone, of a certificate nothing but its reference."""
    one = load_catalogue().field(field_id)
    if one.type is FieldType.CERTIFICATE and isinstance(value, Mapping):
        return {name: value[name] for name in CERTIFICATE_PARTS if name in value}
    return shown_value(one, value)


def _open_json(item: OpenItem) -> JsonValue:
    return {
        "field": item.field_id,
        "api": item.api,
        "owner": item.owner.value,
        "due": None if item.due is None else item.due.isoformat(),
        "reason": item.reason.value,
    }
