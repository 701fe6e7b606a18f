"""The vendors' service profiles: catalogue values that are the same for all of a vendor's customers."""

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from agreements.canonical import JsonValue
from agreements.catalogue import Field, FieldType, load_catalogue
from agreements.characters import tidy
from agreements.values import Fault, ValueFault, check_values, parse_value, with_defaults
from onboarding.settings.faults import Problem
from onboarding.settings.model import Settings

_NOT_PREFILLED: Final = frozenset({"pipeline", "digipost"})
_OWN_TO_EACH_CUSTOMER: Final = ("customer.orgnr", "customer.name", "signer")
_DIGITS: Final = frozenset({FieldType.ORGNR, FieldType.PHONE})  # YAML reads them as numbers when they are not quoted
_SAID_ELSEWHERE: Final = frozenset(
    {
        *("vendor.orgnr", "vendor.name", "vendor.system_name", "vendor.broker_id"),  # the vendor's own keys
        *("agreement.language", "agreement.terms_version"),  # `language:` or the enquiry, `terms:`
    }
)


def check_profiles(data: object) -> Iterator[Problem]:
    """Every value of a service profile that the catalogue does not know or does not allow.

    Looks at the file's own data, so that these faults are told together with all others.
    """
    if not isinstance(data, dict) or not isinstance(data.get("vendors"), list):
        return
    allow_synthetic = data.get("environment") != "production"
    for index, vendor in enumerate(data["vendors"]):
        profile = vendor.get("service_profile") if isinstance(vendor, dict) else None
        if isinstance(profile, dict):
            for fault in _faults(profile, allow_synthetic=allow_synthetic):
                where = ("vendors", index, "service_profile", *fault.where)
                yield Problem(where=where, code=fault.code, detail=fault.detail)


def with_canonical_profiles(settings: Settings) -> Settings:
    """The same settings with canonical values in the profiles (checked before)."""
    vendors = tuple(
        vendor.model_copy(
            update={"service_profile": _canonical(vendor.service_profile, allow_synthetic=settings.allow_synthetic)[0]}
        )
        for vendor in settings.vendors
    )
    return settings.model_copy(update={"vendors": vendors})


def _faults(profile: Mapping[str, Any], *, allow_synthetic: bool) -> Iterator[Problem]:
    values, faults = _canonical(profile, allow_synthetic=allow_synthetic)
    yield from faults
    for fault in check_values(load_catalogue(), with_defaults(load_catalogue(), values)):
        if fault.field_id in values:
            yield _refused(fault)


def _canonical(profile: Mapping[str, Any], *, allow_synthetic: bool) -> tuple[dict[str, JsonValue], list[Problem]]:
    values: dict[str, JsonValue] = {}
    faults: list[Problem] = []
    for field_id, written in profile.items():
        field = load_catalogue().find_field(field_id)
        if field is None:
            faults.append(_unknown(field_id))
        elif not _may_be_prefilled(field):
            faults.append(Problem(where=(field_id,), code="setting_not_prefilled"))
        elif written is not None:  # `null` says nothing (nor does ""), and must not hide the catalogue's default
            try:
                value = _value(field, written, allow_synthetic=allow_synthetic)
            except ValueFault as fault:
                faults.append(_refused(Fault(field_id=field_id, code=fault.code, params=fault.params)))
            else:
                values |= {} if value is None else {field_id: value}
    return values, faults


def _refused(fault: Fault) -> Problem:
    """What the catalogue says of a value: `fault` has its own text, under `faults.`."""
    return Problem(where=(fault.field_id,), code="setting_value", detail={"fault": fault})


def _unknown(field_id: str) -> Problem:
    near = get_close_matches(field_id, [field.id for field in load_catalogue().fields], n=1)
    if near:
        return Problem(where=(field_id,), code="setting_unknown_key_near", detail={"near": near[0]})
    return Problem(where=(field_id,), code="setting_unknown_key")


def _may_be_prefilled(field: Field) -> bool:
    """Not what the pipeline or Digipost fills, what is each customer's own, or what stands at the vendor already."""
    own = field.id.startswith(_OWN_TO_EACH_CUSTOMER)
    return not own and field.id not in _SAID_ELSEWHERE and field.filled_by not in _NOT_PREFILLED


def _value(field: Field, written: Any, *, allow_synthetic: bool) -> JsonValue:
    """YAML's own types as they are; text as a person types it on the command line."""
    if isinstance(written, date):
        return written.isoformat()
    if field.type in _DIGITS and isinstance(written, int) and not isinstance(written, bool):
        written = str(written)
    if isinstance(written, str):
        return parse_value(field, written, allow_synthetic=allow_synthetic)
    return _tidied(written)


def _tidied(written: Any) -> JsonValue:
    """Groups and lists with their texts as they are kept."""
    if isinstance(written, str):
        return tidy(written)
    if isinstance(written, Mapping):
        return {str(key): _tidied(value) for key, value in written.items()}
    tidied: JsonValue = [_tidied(item) for item in written] if isinstance(written, list | tuple) else written
    return tidied
