"""What a vendor may leave for its customers to fill in (`vendors[].open`): checked with the file's own lines."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from agreements.agreement import SigningRoute
from agreements.catalogue import load_catalogue
from agreements.open_values import OPEN_ROUTES, may_be_open
from onboarding.settings.faults import KeyPath, Problem


def check_open_values(data: object) -> Iterator[Problem]:
    """Every entry that the catalogue does not know or does not leave open, and lists that no route has room for."""
    if not isinstance(data, dict) or not isinstance(data.get("vendors"), list):
        return
    for index, vendor in enumerate(data["vendors"]):
        chosen = vendor.get("open") if isinstance(vendor, dict) else None
        if isinstance(chosen, list) and chosen:
            yield from _check_route(("vendors", index, "open"), vendor)
            for position, field_id in enumerate(chosen):
                yield from _check_entry(("vendors", index, "open", position), field_id)


def _check_route(where: KeyPath, vendor: Mapping[str, Any]) -> Iterator[Problem]:
    if str(vendor.get("signing", SigningRoute.SERVICE)) not in OPEN_ROUTES:
        yield Problem(where=where, code="setting_open_on_service")


def _check_entry(where: KeyPath, field_id: object) -> Iterator[Problem]:
    if not isinstance(field_id, str):
        return  # the form says what is wrong with it
    catalogue = load_catalogue()
    field = catalogue.find_field(field_id)
    if field is None:
        openable = [known.id for known in catalogue.fields if may_be_open(catalogue, known)]
        near = get_close_matches(field_id, openable, n=1)
        detail = {"value": field_id, "near": near[0]} if near else {"value": field_id}
        yield Problem(
            where=where, code="setting_unknown_field_near" if near else "setting_unknown_field", detail=detail
        )
    elif not may_be_open(catalogue, field):
        yield Problem(where=where, code="setting_not_left_open", detail={"value": field_id})
