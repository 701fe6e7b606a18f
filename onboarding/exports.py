"""Formats of `config export`: the program's own, and those of a vendor's plug-ins (docs/extensions.md, ADR 0029).

A plug-in is a function that an installed package names under the entry-point group `avtalemottak.exports`. It gets the
canonical JSON and returns a file's bytes. It runs in this process with all its rights: whoever may install packages
here may run code here.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from agreements.canonical import JsonValue
from agreements.errors import ConfigurationError, UsageError
from agreements.language import Language
from agreements.summary import ConfigurationSummary, as_json

GROUP: Final = "avtalemottak.exports"
OWN_FORMATS: Final = ("json", "yaml", "pdf", "html", "csv")
MAX_EXPORT_BYTES: Final = 25 * 2**20
"""Of one file; as the largest document that is taken in (ADR 0006)."""
MAX_SAID: Final = 200
"""Characters of a plug-in's own error message that are shown."""
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_ENDING: Final = re.compile(r"[a-z0-9]{1,10}")


@dataclass(frozen=True, kw_only=True)
class ExportFile:
    """One file of an export."""

    ending: str
    """How its name ends: `.pdf`; of a plug-in its name too, `-fjord.ini`, so that it takes no other's place."""
    data: bytes


def known_formats() -> tuple[str, ...]:
    """What `--format` may name: the program's own, then the plug-ins' in alphabetical order."""
    return (*OWN_FORMATS, *sorted({found.name for found in _plug_ins()}))


def render_export(summary: ConfigurationSummary, language: Language, form: str) -> ExportFile:
    """The summary in one format.

    Raises UsageError `export_format_unknown`, and ConfigurationError `export_plugin_failed` for a plug-in that can't be
    loaded, raises, or returns what is no file.
    """
    if form in OWN_FORMATS:
        from renderers.summary import SummaryFormat, render_summary

        return ExportFile(ending=f".{form}", data=render_summary(summary, language, SummaryFormat(form)))
    render = _load(form)
    ending = getattr(render, "ending", None)
    if not isinstance(ending, str) or not _ENDING.fullmatch(ending):
        raise _failed(form, "ending")
    return ExportFile(ending=f"-{form}.{ending}", data=_called(form, render, as_json(summary), language))


def _plug_ins() -> list[EntryPoint]:
    """The program's own names are never a plug-in's, and a name becomes part of a file's name."""
    return [one for one in entry_points(group=GROUP) if _NAME.fullmatch(one.name) and one.name not in OWN_FORMATS]


def _load(form: str) -> Callable[..., Any]:
    found = [one for one in _plug_ins() if one.name == form]
    if not found:
        raise UsageError("export_format_unknown", format=form, known=", ".join(known_formats()))
    if len({one.value for one in found}) > 1:
        raise _failed(form, "two")
    try:
        loaded = found[0].load()
    except (Exception, SystemExit) as error:  # somebody else's code
        raise _failed(form, "load", error) from error
    if not callable(loaded):
        raise _failed(form, "not_callable")
    return loaded  # type: ignore[no-any-return]  # what it returns is looked at


def _called(form: str, render: Callable[..., Any], document: Mapping[str, JsonValue], language: Language) -> bytes:
    """The file, from a copy of the document: what one plug-in does to it, no other sees."""
    try:
        data = render(json.loads(json.dumps(document)), language.value)
    except (Exception, SystemExit) as error:  # somebody else's code
        raise _failed(form, "raised", error) from error
    if not isinstance(data, bytes) or not data:
        raise _failed(form, "not_bytes")
    if len(data) > MAX_EXPORT_BYTES:
        raise _failed(form, "too_large")
    return data


def _failed(form: str, fault: str, error: BaseException | None = None) -> ConfigurationError:
    """`fault`: a word of `terms.export_fault`. What the error says is for whoever sits at the terminal, in no log."""
    said = "-" if error is None else f"{type(error).__name__}: {error}"[:MAX_SAID]
    return ConfigurationError("export_plugin_failed", format=form, export_fault=fault, error=said)
