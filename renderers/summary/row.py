"""The summary as one row for a list of many cases: the same columns for every case, in every language."""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Final

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.characters import spelled_out
from agreements.language import Language
from agreements.summary import ConfigurationSummary, public_value, who_sets_up
from agreements.values import format_address
from renderers.summary.environment import flat_text

_ABOUT: Final = (
    "deviations",
    "case",
    "agreement",
    "kind",
    "approved_at",
    "approved_by",
    "signed_sha256",
    "open_items",
    "changes",
    "verification",
    "vendor.id",
    "vendor.name",
    "vendor.system_name",
)
_FORMULAS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # OWASP, CSV injection


def render_csv(summary: ConfigurationSummary, language: Language) -> bytes:
    """A header and one row. Semicolons and a byte order mark: what a spreadsheet set to Norwegian opens as a table."""
    row = _about(summary)
    for entry in (*summary.digipost, *summary.vendor, *summary.customer):
        row[entry.field_id] = _text(entry.field_id, entry.value)
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns())
    writer.writerow(_harmless(row.get(name, "")) for name in columns())
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def columns() -> tuple[str, ...]:
    """The header: deviations, what the row is about, then each field that somebody sets up, by its id."""
    return (*_ABOUT, *(one.id for one in load_catalogue().fields if who_sets_up(one.id)))


def _about(summary: ConfigurationSummary) -> dict[str, str]:
    subject, approval = summary.subject, summary.subject.approval
    changes = summary.difference.changes if summary.difference else ()
    due = {item.field_id: item.due.isoformat() if item.due else "" for item in summary.open_items}
    return {
        "deviations": _listed(_changed(one.field_id, one.signed, one.setting.value) for one in summary.deviations),
        "case": subject.case_number,
        "agreement": subject.agreement_number or "",
        "kind": summary.kind,
        "approved_at": "" if approval is None else approval.at.date().isoformat(),
        "approved_by": "" if approval is None else approval.by,
        "signed_sha256": subject.signed_sha256 or "",
        "open_items": _listed(f"{field_id} {day}".strip() for field_id, day in due.items()),
        "changes": _listed(_changed(one.field_id, one.before, one.after) for one in changes),
        "verification": _listed(method.value for method in summary.verification),
        "vendor.id": subject.vendor.id,
        "vendor.name": subject.vendor.name,
        "vendor.system_name": subject.vendor.system_name,
    }


def _listed(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _changed(field_id: str, before: JsonValue, after: JsonValue) -> str:
    return f"{field_id}: {_text(field_id, before)} -> {_text(field_id, after)}"


def _text(field_id: str, value: JsonValue) -> str:
    value = public_value(field_id, value)
    if not isinstance(value, Mapping):
        return flat_text(value)
    if "postal_code" in value:
        return format_address(value)
    return _listed(f"{name}={flat_text(part)}" for name, part in value.items())


def _harmless(cell: str) -> str:
    """One line that no spreadsheet program takes for a formula, with spaces in front or without."""
    shown = spelled_out(cell)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULAS) else shown
