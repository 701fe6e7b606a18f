"""Step 1: the customer asks. A case is made, its values and its signers are collected, before anything is issued.

Events carry field names, never values: the record can't be erased, a person's data must be.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from agreements.agreement import SigningRoute
from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import MAX_SIGNERS, Case, require_editable, with_hold
from agreements.casenumber import CaseNumber, parse_case_number
from agreements.catalogue import Field, Phase, Values, load_catalogue
from agreements.characters import find_unfit, tidy
from agreements.day_rules import birth_date_fault, check_days
from agreements.errors import NotFoundError, UsageError
from agreements.language import Language
from agreements.orgnumber import parse_org_number
from agreements.parties import Actor, Signer, SigningBasis
from agreements.signers import name_key
from agreements.values import Fault, ValueFault, check_values, parse_email, parse_phone, parse_value, refuse_national_id
from onboarding.files import OddFileError, open_file
from onboarding.record import EventKind
from onboarding.routes import SIGNING, parse_route
from onboarding.steps.setup import begin_setup
from onboarding.store.cases import find_case, insert_case, move_case, next_case_number
from onboarding.store.events import NewEvent
from onboarding.workspace import Workspace
from outbox.messages import Connection

_FIXED = frozenset(
    {"customer.orgnr", "customer.name", "vendor.orgnr", "vendor.name", "vendor.system_name", "vendor.broker_id"}
)
"""Set when the case is made, or by the vendor's configuration; `case set` does not touch them."""
_LANGUAGE = "agreement.language"
MAX_POWER_BYTES = 10 * 2**20
"""Largest power-of-attorney file; ours: a scan of a few pages."""


@dataclass(frozen=True, kw_only=True)
class Enquiry:
    """What is known when a customer asks. `values` are canonical, by catalogue id."""

    vendor_id: str
    org_number: str
    customer_name: str
    values: Mapping[str, JsonValue]
    signing: SigningRoute | None = None
    """None: as the vendor's organisations usually sign."""
    signers: tuple[Signer, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a person typed as `field=value`, parsed: canonical values by catalogue id, and what is no value."""

    values: Mapping[str, JsonValue]
    signing: SigningRoute | None
    """Only if `names` has it."""
    names: tuple[str, ...]
    """Everything that was typed, in order of the alphabet."""


def create_case(workspace: Workspace, enquiry: Enquiry, actor: Actor) -> Case:
    """Make a case with a new number.

    Raises OrgNumberError, NotFoundError (vendor), UsageError: `case_exists`, `values_refused` with every fault.
    """
    vendor = workspace.vendor(enquiry.vendor_id)
    org_number = parse_org_number(enquiry.org_number, allow_synthetic=workspace.settings.allow_synthetic)
    own = {"customer.orgnr": org_number.digits, "customer.name": tidy(enquiry.customer_name)}
    values: dict[str, JsonValue] = {_LANGUAGE: workspace.settings.language.value, **enquiry.values, **own}
    now = workspace.clock()
    _refuse_faults(values, vendor.service_profile, given=values, today=norwegian_day(now))
    _check_signers(enquiry.signers, today=norwegian_day(now))
    with workspace.store.begin() as connection:
        case = Case(
            number=next_case_number(connection, now.year),
            vendor_id=vendor.id,
            org_number=org_number,
            customer_name=own["customer.name"],
            language=_language(values),
            values=values,
            signers=enquiry.signers,
            signing=enquiry.signing,
            created_at=now,
            updated_at=now,
        )
        data: dict[str, JsonValue] = {"fields": sorted(values), "signers": len(enquiry.signers)}
        event = NewEvent(kind=EventKind.CASE_CREATED, actor=actor, at=now, data=data)
        return insert_case(connection, case, event=event)


def read_case(workspace: Workspace, number: str) -> Case:
    """The case with this number. Raises UsageError (no case number) or NotFoundError."""
    parsed = parse_case_number(number)
    with workspace.store.read() as connection:
        return _found(connection, parsed)


def set_values(workspace: Workspace, number: CaseNumber, typed: Mapping[str, str], actor: Actor) -> Case:
    """Set values before issue, as a person typed them. Raises GateError once issued, UsageError with every fault."""
    changes = parse_typed(typed, allow_synthetic=workspace.settings.allow_synthetic)

    def change(case: Case) -> Case:
        values = {**case.values, **changes.values}
        profile = workspace.vendor(case.vendor_id).service_profile
        _refuse_faults(values, profile, given=changes.values, today=norwegian_day(workspace.clock()))
        signing = changes.signing if SIGNING in changes.names else case.signing
        return replace(case, values=values, language=_language(values), signing=signing)

    data: dict[str, JsonValue] = {"fields": list(changes.names)}
    return _change(workspace, number, change, kind=EventKind.CASE_VALUES_SET, actor=actor, data=data)


def parse_signer(name: str, basis: str, *, birth_date: date | None, email: str, phone: str) -> Signer:
    """A signer as a person typed it; an empty address or number is none.

    Raises UsageError: `signer_name`, `values_refused` with every fault.
    """
    found: dict[str, str | None] = {}
    faults: list[Fault] = []
    for part, typed, parse in (("email", email, parse_email), ("phone", phone, parse_phone)):
        try:
            found[part] = parse(typed)
        except ValueFault as error:
            faults.append(Fault(field_id=f"signer.{part}", code=error.code, params=error.params))
    faults += _named(name)
    if faults:
        raise UsageError("values_refused", count=len(faults), faults=tuple(faults))
    return Signer(name=tidy(name), basis=SigningBasis(basis), birth_date=birth_date, **found)


def declare_signer(workspace: Workspace, number: CaseNumber, signer: Signer, power: Path | None, actor: Actor) -> Case:
    """Say who signs, before issue; the same name again replaces what was said, in its place in the signing order.

    A second one signs jointly.

    `power`: a power of attorney, kept among the originals and named by its hash in the record.
    Raises GateError once issued, UsageError: `signer_name`, `values_refused`, `too_many_signers`, `power_size`;
    NotFoundError for a file that is not there, or is none.
    """
    _check_signer(signer, today=norwegian_day(workspace.clock()))
    evidence = None if power is None else _store_power(workspace, power)

    def change(case: Case) -> Case:
        by_name = {name_key(known.name): known for known in case.signers} | {name_key(signer.name): signer}
        if len(by_name) > MAX_SIGNERS:
            raise UsageError("too_many_signers", limit=MAX_SIGNERS)
        return replace(case, signers=tuple(by_name.values()))

    data: dict[str, JsonValue] = {"basis": signer.basis.value, "power_sha256": evidence}
    return _change(workspace, number, change, kind=EventKind.CASE_SIGNER_DECLARED, actor=actor, data=data)


def add_note(workspace: Workspace, number: CaseNumber, note: str, actor: Actor) -> Case:
    """Write a note into the case's record. Notes can't be erased: no personal data in them."""
    return _change(
        workspace, number, lambda case: case, kind=EventKind.CASE_NOTE, actor=actor, data={"note": note}, editable=False
    )


def hold_case(workspace: Workspace, number: CaseNumber, *, held: bool, reason: str, actor: Actor) -> Case:
    """Put a case on hold, or take it up again. Raises GateError if it is closed."""
    now = workspace.clock()
    kind = EventKind.CASE_HELD if held else EventKind.CASE_RESUMED
    event = NewEvent(kind=kind, actor=actor, at=now, data={"reason": reason})
    with workspace.store.begin() as connection:
        moved = move_case(connection, with_hold(_found(connection, number), held=held, now=now), event=event)
        return begin_setup(connection, moved, actor=actor, now=now)


def parse_typed(typed: Mapping[str, str], *, allow_synthetic: bool) -> Typed:
    """What a person typed, by catalogue id or `signing`. Raises UsageError with every fault at once."""
    values: dict[str, JsonValue] = {}
    signing: SigningRoute | None = None
    faults: list[Fault] = []
    for name, text in typed.items():
        try:
            if name == SIGNING:
                signing = parse_route(text)
            else:
                values[name] = _typed_value(name, text, allow_synthetic=allow_synthetic)
        except ValueFault as error:
            faults.append(Fault(field_id=name, code=error.code, params=error.params))
    if faults:
        raise UsageError("values_refused", count=len(faults), faults=tuple(faults))
    return Typed(values=values, signing=signing, names=tuple(sorted(typed)))


def _typed_value(name: str, text: str, *, allow_synthetic: bool) -> JsonValue:
    value = parse_value(_settable(name), text, allow_synthetic=allow_synthetic)
    if value is None and name == _LANGUAGE:  # a case is never without
        raise ValueFault("missing")
    return value


def _language(values: Mapping[str, JsonValue]) -> Language:
    return Language(str(values[_LANGUAGE]))  # checked by the catalogue already


def _settable(field_id: str) -> Field:
    """The field. Raises ValueFault for those set another way: by `case new`, `case signer`, Digipost, the pipeline."""
    field = load_catalogue().find_field(field_id)
    if field is None:
        raise ValueFault("unknown_field")
    if field.id in _FIXED:
        raise ValueFault("fixed_at_start")
    if field.id.startswith("signer"):
        raise ValueFault("set_by_case_signer")
    if field.phase is not Phase.AGREEMENT or field.filled_by == "pipeline":
        raise ValueFault("not_on_agreement")
    return field


def _refuse_faults(values: Values, profile: Values, *, given: Values, today: date) -> None:
    """The rules look at the whole: what the profile orders decides what a value may be.

    Of days only what was `given` now: one that has passed since it was given is told of when the agreement is issued.
    """
    faults = (*check_values(load_catalogue(), {**profile, **values}), *check_days(given, today=today))
    if faults:
        raise UsageError("values_refused", count=len(faults), faults=faults)


def _check_signers(signers: tuple[Signer, ...], *, today: date) -> None:
    for signer in signers:
        _check_signer(signer, today=today)
    if len({name_key(signer.name) for signer in signers}) != len(signers):
        raise UsageError("signer_twice")


def _check_signer(signer: Signer, *, today: date) -> None:
    faults = _named(signer.name)
    if signer.birth_date is not None:
        found = birth_date_fault("signer.birth_date", signer.birth_date, today=today)
        faults += () if found is None else (found,)
    if faults:
        raise UsageError("values_refused", count=len(faults), faults=faults)
    if not name_key(signer.name) or len(signer.name) > 130:  # as long as the catalogue's names
        raise UsageError("signer_name")


def _named(name: str) -> tuple[Fault, ...]:
    return tuple(Fault(field_id="signer.name", code=one.code, params=one.params) for one in name_faults(name))


def name_faults(name: str) -> tuple[ValueFault, ...]:
    """What makes a typed name no name: letters that can't be printed, an identity number."""
    name = tidy(name)
    if (unfit := find_unfit(name)) is not None:
        return (ValueFault(unfit.code, **unfit.params),)
    try:
        refuse_national_id(name)
    except ValueFault as error:
        return (error,)
    return ()


def _store_power(workspace: Workspace, power: Path) -> str:
    try:
        with open_file(power) as stream:
            data = stream.read(MAX_POWER_BYTES + 1)
    except OddFileError as error:
        raise NotFoundError("not_a_file", path=str(power)) from error
    except OSError as error:
        raise NotFoundError("file_not_found", path=str(power)) from error
    if not 0 < len(data) <= MAX_POWER_BYTES:
        raise UsageError("power_size", limit=MAX_POWER_BYTES)
    return workspace.blobs.put(data)


def _change(
    workspace: Workspace,
    number: CaseNumber,
    change: Callable[[Case], Case],
    *,
    kind: EventKind,
    actor: Actor,
    data: dict[str, JsonValue],
    editable: bool = True,
) -> Case:
    """Read, change and write a case with its event, in one transaction."""
    now = workspace.clock()
    with workspace.store.begin() as connection:
        case = _found(connection, number)
        if editable:
            require_editable(case)
        event = NewEvent(kind=kind, actor=actor, at=now, data=data)
        return move_case(connection, replace(change(case), updated_at=now), event=event)


def _found(connection: Connection, number: CaseNumber) -> Case:
    case = find_case(connection, number)
    if case is None:
        raise NotFoundError("case_not_found", case=str(number))
    return case
