"""The configuration summary as JSON, YAML, CSV, HTML and PDF.

JSON and YAML hold the canonical structure; the others speak to people.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from typing import Any

import yaml

from agreements.canonical import JsonValue
from agreements.catalogue import FieldType, load_catalogue
from agreements.language import Language
from agreements.summary import ConfigurationEntry, ConfigurationSummary, OpenItem, OpenReason, as_json
from agreements.values import format_date
from renderers.agreement_view import group_checksum, plain, value_text
from renderers.printing import print_pdf
from renderers.templates import Words, fill, read_template, words

_STYLESHEETS = ("page.css", "summary.css")
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")  # what spreadsheets run (OWASP, CSV injection)
_BREAKS = re.compile(r"(?<=[./])(?=[a-z])")


class SummaryFormat(StrEnum):
    """`--format` of `config export`; the value is the file's extension too."""

    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    HTML = "html"
    PDF = "pdf"


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One value as people read it. `names`: API names that stand where a value does. Names come in parts."""

    label: str
    value: str
    api: list[str]
    names: tuple[list[str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one party sets up; switches that are off are named in one line."""

    title: str
    lines: tuple[_Line, ...]
    not_ordered: tuple[str, ...]


def render_summary(summary: ConfigurationSummary, language: Language, form: SummaryFormat) -> bytes:
    """The summary in one format, UTF-8 where it is text. Raises ConfigurationError `render_failed` (PDF)."""
    return _RENDERERS[form](summary, language)


def _render_json(summary: ConfigurationSummary, language: Language) -> bytes:
    return (json.dumps(as_json(summary), ensure_ascii=False, indent=2) + "\n").encode()


def _render_yaml(summary: ConfigurationSummary, language: Language) -> bytes:
    return yaml.safe_dump(as_json(summary), allow_unicode=True, sort_keys=False, width=120).encode()


def _render_csv(summary: ConfigurationSummary, language: Language) -> bytes:
    """Semicolons and a byte order mark: what a spreadsheet set to Norwegian opens as a table, letters right."""
    out = StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    say = words(language)
    writer.writerow(say(f"summary.csv.{column}") for column in _COLUMNS)
    for row in _csv_rows(summary, language, say):
        writer.writerow(_harmless(row.get(column, "")) for column in _COLUMNS)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _render_html(summary: ConfigurationSummary, language: Language) -> bytes:
    style = "\n".join(read_template(name) for name in (*_STYLESHEETS, "screen.css"))
    return fill("summary.html", language, style=style, **_view(summary, language)).encode()


def _render_pdf(summary: ConfigurationSummary, language: Language) -> bytes:
    return print_pdf(fill("summary.html", language, style=None, **_view(summary, language)), *_STYLESHEETS)


_RENDERERS: dict[SummaryFormat, Callable[[ConfigurationSummary, Language], bytes]] = {
    SummaryFormat.JSON: _render_json,
    SummaryFormat.YAML: _render_yaml,
    SummaryFormat.CSV: _render_csv,
    SummaryFormat.HTML: _render_html,
    SummaryFormat.PDF: _render_pdf,
}


# --- for people -------------------------------------------------------------------------------------------------------


def _view(summary: ConfigurationSummary, language: Language) -> dict[str, Any]:
    say, subject = words(language), summary.subject
    return {
        "title": say("summary.document_title", number=subject.case_number),
        "subject": subject,
        "customer": plain(subject.customer.name),
        "vendor": plain(subject.vendor.name),
        "system": plain(subject.vendor.system_name),
        "approval": _approval(summary, language, say),
        "checksum": "" if subject.signed_sha256 is None else group_checksum(subject.signed_sha256),
        "open_items": [_open_view(item, language, say) for item in summary.open_items],
        "parts": [
            _part(say("summary.digipost"), summary.digipost, language),
            _part(say("summary.vendor"), summary.vendor, language),
        ],
        "customer_part": _part(say("summary.customer"), summary.customer, language),
        "tasks": _tasks(summary, say),
    }


def _approval(summary: ConfigurationSummary, language: Language, say: Words) -> str:
    approval = summary.subject.approval
    if approval is None:
        return say("summary.not_approved")
    key = "summary.approved_manual" if approval.manual else "summary.approved_automatic"
    return say(key, by=plain(approval.by), date=format_date(approval.at.date(), language))


def _part(title: str, entries: tuple[ConfigurationEntry, ...], language: Language) -> _Part:
    off = [entry for entry in entries if entry.value is False]
    return _Part(
        title=title,
        lines=tuple(_line(entry, language) for entry in entries if entry.value is not False),
        not_ordered=tuple(_label(entry.field_id, language) for entry in off),
    )


def _line(entry: ConfigurationEntry, language: Language) -> _Line:
    names: tuple[list[str], ...] = ()
    if isinstance(entry.value, list) and load_catalogue().field(entry.field_id).item_pattern:
        names = tuple(_breakable(str(item)) for item in entry.value)
    return _Line(
        label=_label(entry.field_id, language),
        value=_value_text(entry.field_id, entry.value, language),
        api=_breakable(_api(entry)),
        names=names,
    )


def _api(entry: ConfigurationEntry) -> str:
    """The API name, with the code that goes there where people read another word: `authentication-level: PASSWORD`."""
    if entry.api and load_catalogue().field(entry.field_id).type is FieldType.ENUM:
        return f"{entry.api}: {entry.value}"
    return entry.api or ""


def _open_view(item: OpenItem, language: Language, say: Words) -> dict[str, object]:
    return {
        "label": _label(item.field_id, language),
        "api": _breakable(item.api or ""),
        "owner": say(f"summary.owners.{item.owner.value}"),
        "due": say("summary.due_unknown") if item.due is None else format_date(item.due, language),
        "note": say("summary.sender_id_is_org_number") if item.reason is OpenReason.IS_ORG_NUMBER else "",
    }


def customer_task_lines(summary: ConfigurationSummary, language: Language) -> list[str]:
    """What the customer does itself, a sentence for each task."""
    return _tasks(summary, words(language))


def _tasks(summary: ConfigurationSummary, say: Words) -> list[str]:
    return [
        say(f"summary.tasks.{task.key.value}", **{name: plain(value) for name, value in task.params.items()})
        for task in summary.customer_tasks
    ]


def _label(field_id: str, language: Language) -> str:
    return load_catalogue().field(field_id).label(language)


def _value_text(field_id: str, value: JsonValue, language: Language) -> str:
    catalogue = load_catalogue()
    return value_text(catalogue, catalogue.field(field_id), value, language)


def _breakable(name: str) -> list[str]:
    """An API name in the parts it may be broken into, after full stops and slashes only, so that it stays readable."""
    return _BREAKS.split(name) if name else []


# --- for spreadsheets -------------------------------------------------------------------------------------------------

_COLUMNS = ("party", "field", "label", "value", "code", "api", "owner", "source", "status", "due")


def _csv_rows(summary: ConfigurationSummary, language: Language, say: Words) -> Iterator[dict[str, str]]:
    parts = (("digipost", summary.digipost), ("vendor", summary.vendor), ("customer", summary.customer))
    for party, entries in parts:
        for entry in entries:
            yield {"party": say(f"summary.owners.{party}"), **_csv_entry(entry, language, say)}
    for item in summary.open_items:
        yield _csv_open_item(item, language, say)
    customer = say("summary.owners.customer")
    for task, sentence in zip(summary.customer_tasks, _tasks(summary, say), strict=True):
        status = say("summary.status.todo")
        yield {"party": customer, "field": task.key.value, "value": sentence, "owner": customer, "status": status}


def _csv_entry(entry: ConfigurationEntry, language: Language, say: Words) -> dict[str, str]:
    return {
        "field": entry.field_id,
        "label": _label(entry.field_id, language),
        "value": _value_text(entry.field_id, entry.value, language),
        "code": entry.value if isinstance(entry.value, str) else json.dumps(entry.value, ensure_ascii=False),
        "api": entry.api or "",
        "owner": say(f"summary.owners.{entry.owner.value}"),
        "source": say(f"summary.sources.{entry.source.value}"),
        "status": say("summary.status.set"),
    }


def _csv_open_item(item: OpenItem, language: Language, say: Words) -> dict[str, str]:
    owner = say(f"summary.owners.{item.owner.value}")
    return {
        "party": owner,
        "field": item.field_id,
        "label": _label(item.field_id, language),
        "value": say("summary.sender_id_is_org_number") if item.reason is OpenReason.IS_ORG_NUMBER else "",
        "api": item.api or "",
        "owner": owner,
        "status": say("summary.status.open"),
        "due": "" if item.due is None else item.due.isoformat(),
    }


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet program takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
