"""Keys that are part of the configuration's form while their work is not built yet.

A setting that is read and then does nothing is a promise broken in silence. So each of these may only stand at the
value that does nothing; anything else is refused. When the work is built, its line here goes.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from onboarding.settings.document import Document
from onboarding.settings.faults import Fault, spell

NOT_IN_USE: Mapping[str, tuple[object, ...]] = MappingProxyType(
    {
        "retention.unsigned_days": (90,),
        "retention.signed_years_after_end": (5,),
    }
)
"""Dotted key -> the values it may have. The first one is what to write."""


def refuse_unused(document: Document) -> Iterator[Fault]:
    """A fault for every key of the table that is written with another value than it may have."""
    for dotted, allowed in NOT_IN_USE.items():
        path = tuple(dotted.split("."))
        written, value = _look_up(document.data, path)
        if written and not any(_same(value, choice) for choice in allowed):
            line = document.line_of(path)
            yield Fault(line=line, key=spell(path), code="setting_not_in_use", detail={"allowed": _yaml(allowed[0])})


def without_unused(data: object) -> object:
    """The data less these keys, so that one mistake is one fault."""
    return _without(data, tuple(tuple(dotted.split(".")) for dotted in NOT_IN_USE))


def _look_up(data: object, path: tuple[str, ...]) -> tuple[bool, object]:
    for key in path:
        if not isinstance(data, Mapping) or key not in data:
            return False, None
        data = data[key]
    return True, data


def _without(data: object, paths: tuple[tuple[str, ...], ...]) -> object:
    if not isinstance(data, Mapping):
        return data
    gone = {path[0] for path in paths if len(path) == 1}
    deeper = {key: tuple(path[1:] for path in paths if path[0] == key and len(path) > 1) for key in data}
    return {key: _without(value, deeper[key]) for key, value in data.items() if key not in gone}


def _same(value: object, choice: object) -> bool:
    """Equal, and of one kind: `0` is not `false`."""
    return type(value) is type(choice) and value == choice


def _yaml(value: object) -> str:
    """The value as it is written in the file."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f'"{value}"' if isinstance(value, str) else str(value).replace("'", "")
