"""What a command answers: data for programs, lines for people, and an exit code.

The same answer is printed either way.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.errors import AvtaleError, GateError
from agreements.language import Language
from agreements.texts import capitalised, has_text, text
from agreements.values import Fault

SCHEMA = "avtale/v1"
INTERRUPTED = 130
"""The exit code of a program that was stopped from the keyboard (128 + SIGINT)."""
_NO_KEY = ", ``"
"""What a fault of a whole file would have instead of the key it stands under."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A command's result."""

    data: JsonValue
    lines: Sequence[str] = ()
    exit_code: int = 0
    errors: Sequence[Mapping[str, str]] = field(default=())
    """What stands in the way, for an answer that is not ok (`doctor`, `launch check`)."""

    def as_json(self) -> str:
        """One line of JSON, as in `cli.md`."""
        document = {"schema": SCHEMA, "ok": self.exit_code == 0, "data": self.data, "errors": list(self.errors)}
        return json.dumps(document, ensure_ascii=False)


def answer_of_many(
    data: Sequence[JsonValue],
    lines: Sequence[str],
    errors: Sequence[AvtaleError],
    language: Language,
    *,
    stopped: bool,
) -> Answer:
    """The answer of a command that did the same for several things: its exit code is the worst of the errors'."""
    worst = max((error.exit_code for error in errors), default=0)
    return Answer(
        data=list(data),
        lines=lines,
        exit_code=INTERRUPTED if stopped else worst,
        errors=[entry for error in errors for entry in error_entries(error, language)],
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], language: Language) -> list[str]:
    """A plain table: headings (keys under `table.`), then the rows; one line that says so where there are none."""
    titles = [text(f"table.{heading}", language) for heading in headings]
    body = [[one_line(cell) for cell in row] for row in rows]
    if not body:
        return [text("table.nothing", language)]
    widths = [max(len(line[column]) for line in [titles, *body]) for column in range(len(titles))]
    lines = [titles, ["-" * width for width in widths], *body]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def one_line(cell: str) -> str:
    """Received names may hold anything: no line breaks, no terminal escapes."""
    return "".join(character if character.isprintable() else "\ufffd" for character in cell.replace("\u00a0", " "))


def error_entries(error: AvtaleError, language: Language) -> list[dict[str, str]]:
    """The error and its parts as `{code, message, hint}`: unmet gates, missing values and faults each get an entry."""
    entries = [_entry(error.code, error.params, language)]
    if isinstance(error, GateError):
        entries += [{"code": gate, "message": text(f"gates.{gate}", language), "hint": ""} for gate in error.unmet]
    entries += [_part(part, language) for part in _parts(error)]
    return entries


def _parts(error: AvtaleError) -> tuple[object, ...]:
    faults = error.params.get("faults", ())
    return faults if isinstance(faults, tuple) else ()


def fault_entry(fault: Fault, language: Language) -> dict[str, str]:
    """A faulty value: the field's label, then what is wrong with it."""
    wrong = text(f"faults.{fault.code}", language, **fault.params)
    label = _label(fault.field_id, language)
    message = text("faults.named", language, label=label, fault=wrong) if label else capitalised(wrong)
    return {"code": f"value_{fault.code}", "message": message, "hint": fault.field_id}


def _label(field_id: str, language: Language) -> str:
    """A field's label, or that of a column that the catalogue does not have; else the id. Empty for a whole row."""
    field = load_catalogue().find_field(field_id)
    if field is not None:
        return field.label(language)
    return text(f"columns.{field_id}", language) if has_text(f"columns.{field_id}") else field_id


def _part(part: object, language: Language) -> dict[str, str]:
    if isinstance(part, Fault):
        return fault_entry(part, language)
    return _entry(getattr(part, "code", "internal"), _spelled(getattr(part, "params", {}), language), language)


def _spelled(params: Mapping[str, object], language: Language) -> dict[str, object]:
    """What the catalogue says of a value, as words, where it is part of another fault (a line of the configuration)."""
    return {
        name: text(f"faults.{value.code}", language, **value.params) if isinstance(value, Fault) else value
        for name, value in params.items()
    }


def error_lines(error: AvtaleError, language: Language) -> list[str]:
    """The error for a person: what happened, its parts, what to do."""
    first, *parts = error_entries(error, language)
    lines = [first["message"], *(f"  - {_part_line(part)}" for part in parts)]
    return [*lines, first["hint"]] if first["hint"] else lines


def _part_line(part: Mapping[str, str]) -> str:
    return f"{part['message']} ({part['hint']})" if part["hint"] else part["message"]


def _entry(code: str, params: Mapping[str, object], language: Language) -> dict[str, str]:
    if not has_text(f"errors.{code}.message"):  # a code without a text is a fault of ours, but never hides the error
        return {"code": code, "message": f"{code} {dict(params)}", "hint": ""}
    message = text(f"errors.{code}.message", language, **params)
    return {
        "code": code,
        "message": message.replace(_NO_KEY, "") if params.get("key") == "" else message,
        "hint": text(f"errors.{code}.hint", language, **params),
    }
