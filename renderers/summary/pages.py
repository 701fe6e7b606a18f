"""The summary for people, HTML and PDF: what stands otherwise than signed first, then who sets up what, and where in
the agreement each value stands.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from agreements.calendar import norwegian_day
from agreements.catalogue import load_catalogue
from agreements.characters import spelled_out
from agreements.configuration import Change, Deviation
from agreements.language import Language
from agreements.summary import TERMINATION, ConfigurationEntry, ConfigurationSummary, OpenItem, api_name
from agreements.values import format_date
from renderers.agreement_view import group_checksum
from renderers.printing import print_pdf
from renderers.summary.tasks import task_sentence
from renderers.summary.values import due_text, label_of, open_note, owner_text, set_by, value_lines, where
from renderers.templates import Words, fill, read_template, words

_STYLESHEETS: Final = ("page.css", "summary.css")
_BREAKS: Final = re.compile(r"(?<=[./])(?=[a-z])")
_CHANGE: Final = "change"
Name = list[str]
"""An API name in the parts it may be broken into."""


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One value as people read it. `names`: API names that stand where a value does."""

    label: str
    value: tuple[str, ...]
    api: Name
    where: str
    names: tuple[Name, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one party sets up; switches that are off are named in one line."""

    title: str
    lines: tuple[_Line, ...]
    not_ordered: tuple[str, ...]


def render_html(summary: ConfigurationSummary, language: Language) -> bytes:
    """A page that stands alone in a browser."""
    style = "\n".join(read_template(name) for name in (*_STYLESHEETS, "screen.css"))
    return fill("summary.html", language, style=style, **_view(summary, language)).encode()


def render_pdf(summary: ConfigurationSummary, language: Language) -> bytes:
    """The same on paper. Raises ConfigurationError `render_failed`."""
    return print_pdf(fill("summary.html", language, style=None, **_view(summary, language)), *_STYLESHEETS)


def customer_task_lines(summary: ConfigurationSummary, language: Language) -> list[str]:
    """What the customer does itself, a sentence for each task."""
    return [task_sentence(task, language, spelled_out) for task in summary.customer_tasks]


def _view(summary: ConfigurationSummary, language: Language) -> dict[str, Any]:
    say, subject = words(language), summary.subject
    return {
        "title": say("summary.document_title", number=subject.case_number),
        "subject": subject,
        "kind": load_catalogue().value_label("agreement.kind", summary.kind, language),
        "customer": spelled_out(subject.customer.name),
        "vendor": spelled_out(subject.vendor.name),
        "system": spelled_out(subject.vendor.system_name),
        "approval": _approval(summary, language, say),
        "checksum": "" if subject.signed_sha256 is None else group_checksum(subject.signed_sha256),
        "notice": _notice(summary, say),
        "deviations": [_deviation(one, language) for one in summary.deviations],
        "difference": _difference(summary, language),
        "ends": summary.kind == TERMINATION,
        "open_items": [_open_view(item, language, say) for item in summary.open_items],
        "parts": _parts(summary, language, say),
        "tasks": customer_task_lines(summary, language),
        "methods": [f"{one.value}: {say(f'verification.methods.{one.value}')}" for one in summary.verification],
    }


def _approval(summary: ConfigurationSummary, language: Language, say: Words) -> str:
    approval = summary.subject.approval
    if approval is None:
        return say("summary.not_approved")
    key = "summary.approved_manual" if approval.manual else "summary.approved_automatic"
    return say(key, by=spelled_out(approval.by), date=format_date(approval.at.date(), language))


def _notice(summary: ConfigurationSummary, say: Words) -> str:
    """What is to be known before anything else of an agreement that is no new one."""
    if summary.kind == TERMINATION:
        return say("summary.termination")
    if summary.kind == _CHANGE and summary.difference is None:
        return say("summary.change_without_earlier")
    return ""


def _deviation(one: Deviation, language: Language) -> dict[str, object]:
    return {
        "label": label_of(one.field_id, language),
        "signed": value_lines(one.field_id, one.signed, language),
        "value": value_lines(one.field_id, one.setting.value, language),
        "set": words(language)("summary.where.set", **set_by(one.setting, language)),
    }


def _difference(summary: ConfigurationSummary, language: Language) -> dict[str, object] | None:
    difference = summary.difference
    if difference is None:
        return None
    return {
        "agreement": difference.agreement,
        "date": format_date(norwegian_day(difference.approved_at), language),
        "changes": [_change(one, language) for one in difference.changes],
    }


def _change(one: Change, language: Language) -> dict[str, object]:
    return {
        "label": label_of(one.field_id, language),
        "before": value_lines(one.field_id, one.before, language),
        "after": value_lines(one.field_id, one.after, language),
    }


def _open_view(item: OpenItem, language: Language, say: Words) -> dict[str, object]:
    return {
        "label": label_of(item.field_id, language),
        "api": _breakable(item.api or ""),
        "owner": owner_text(item.owner.value, say),
        "due": due_text(item, language, say),
        "note": open_note(item, say),
    }


def _parts(summary: ConfigurationSummary, language: Language, say: Words) -> list[_Part]:
    """Digipost's, the vendor's and the customer's."""
    headings = "summary.ends" if summary.kind == TERMINATION else "summary.sets_up"
    return [
        _part(say(f"{headings}.digipost"), summary.digipost, language),
        _part(say(f"{headings}.vendor"), summary.vendor, language),
        _part(say(f"{headings}.customer"), summary.customer, language),
    ]


def _part(title: str, entries: tuple[ConfigurationEntry, ...], language: Language) -> _Part:
    off = [entry for entry in entries if entry.value is False and entry.setting is None]
    return _Part(
        title=title,
        lines=tuple(_line(entry, language) for entry in entries if entry not in off),
        not_ordered=tuple(_named(entry, language) for entry in off),
    )


def _named(entry: ConfigurationEntry, language: Language) -> str:
    """A switch that is off, with the place where the agreement says so."""
    label = label_of(entry.field_id, language)
    return label if entry.proof is None else f"{label} ({where(entry, language)})"


def _line(entry: ConfigurationEntry, language: Language) -> _Line:
    names: tuple[Name, ...] = ()
    if isinstance(entry.value, list) and load_catalogue().field(entry.field_id).item_pattern:
        names = tuple(_breakable(spelled_out(str(item))) for item in entry.value)
    return _Line(
        label=label_of(entry.field_id, language),
        value=value_lines(entry.field_id, entry.value, language),
        api=_breakable(spelled_out(api_name(entry))),
        where=where(entry, language),
        names=names,
    )


def _breakable(name: str) -> Name:
    """After full stops and slashes only, so that the name stays readable."""
    return _BREAKS.split(name) if name else []
