"""The vendor's values under Digipost's own names, nested as Digipost's API nests them (api_v8.xsd, HEAD 17ce83d)."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from agreements.canonical import JsonValue
from agreements.summary import ConfigurationEntry, ConfigurationSummary, OpenItem, public_value, who_sets_up
from agreements.turn import Party

ApiTree: TypeAlias = "dict[str, ApiTree | OpenItem | JsonValue]"
"""API name -> what stands there; an open item where the value is lacking."""

_RIGHT: Final = "no.digipost.feature."
"""Names of rights are no places for values: they are listed under `sender-information/supported-features`."""
_FEATURES: Final = "setup.expected_features"
_CONNECTION: Final = ("setup.", "vendor.")
"""What connects the systems stands first."""
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "setup.sender_organization": ("sender-organization", "organization-id"),
    "print.return_address": ("print-details", "return-address", "norwegian-address"),
}
"""Where the schema has a level that the catalogue's `api` does not name."""


def api_tree(summary: ConfigurationSummary) -> ApiTree:
    """What the vendor programs with, open values too. The expected rights are Digipost's to give, and the vendor's to
    look up.
    """
    rights = (entry for entry in summary.digipost if entry.field_id == _FEATURES)
    lacking = (item for item in summary.open_items if Party.VENDOR in who_sets_up(item.field_id))
    every: tuple[ConfigurationEntry | OpenItem, ...] = (*lacking, *summary.vendor, *rights)
    named = [one for one in every if one.api and not one.api.startswith(_RIGHT)]
    tree: ApiTree = {}
    for one in sorted(named, key=lambda one: not one.field_id.startswith(_CONNECTION)):
        _put(tree, _PLACES.get(one.field_id) or tuple((one.api or "").split("/")), one)
    return tree


def _put(tree: ApiTree, path: tuple[str, ...], one: ConfigurationEntry | OpenItem) -> None:
    *above, name = path
    for part in above:
        below = tree.setdefault(part, {})
        assert isinstance(below, dict)  # a test holds that no name of the catalogue's is the beginning of another
        tree = below
    tree[name] = one if isinstance(one, OpenItem) else _in_api(public_value(one.field_id, one.value))


def _in_api(value: JsonValue) -> "ApiTree | JsonValue":
    """An address by the schema's names for its parts (type `norwegian-address`)."""
    if not isinstance(value, Mapping) or "postal_code" not in value:
        return value
    lines = value.get("lines")
    numbered = enumerate(lines if isinstance(lines, list) else (), start=1)
    return {
        **{f"addressline{number}": line for number, line in numbered},
        "zip-code": value["postal_code"],
        "city": value.get("city"),
    }
