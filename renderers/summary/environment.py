"""The vendor's values as lines for an `.env` file that a shell can read: one line each, whatever the value."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from agreements.canonical import JsonValue
from agreements.characters import spelled_out
from agreements.language import Language
from agreements.summary import ConfigurationSummary, public_value, who_sets_up
from agreements.turn import Party
from renderers.summary.values import label_of, lacking_text

_PREFIX: Final = "DIGIPOST_"
_LEFT_OUT: Final = "setup."


def environment_lines(summary: ConfigurationSummary, language: Language) -> list[str]:
    """`DIGIPOST_SENDER_ID=1234567`; for a value that is lacking a comment that says who fills it in.

    Quoted for the shell where needed; yes and no are `true` and `false`, lists have commas. An address or a
    certificate has a variable for each part.
    """
    lines = [
        f"# {variable(item.field_id)}, {label_of(item.field_id, language)}: {lacking_text(item, language)}"
        for item in summary.open_items
        if Party.VENDOR in who_sets_up(item.field_id)
    ]
    for entry in summary.vendor:
        value = public_value(entry.field_id, entry.value)
        lines += [f"{name}={shlex.quote(text)}" for name, text in _named(variable(entry.field_id), value)]
    return lines


def variable(field_id: str) -> str:
    """The variable of a field: `DIGIPOST_` and its id in capitals, less `setup.` in front."""
    return _PREFIX + field_id.removeprefix(_LEFT_OUT).replace(".", "_").upper()


def flat_text(value: JsonValue) -> str:
    """A value on one line, as programs write it: `true`, `1234567`, `24,72`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(flat_text(part) for part in value)
    return "" if value is None else spelled_out(str(value))


def _named(name: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    """Every variable of one value."""
    if isinstance(value, Mapping):
        for part, inner in value.items():
            yield from _named(f"{name}_{part.upper()}", inner)
    elif name.endswith("_LINES") and isinstance(value, Sequence) and not isinstance(value, str):
        for number, line in enumerate(value, start=1):
            yield f"{name.removesuffix('S')}_{number}", flat_text(line)
    else:
        yield name, flat_text(value)
