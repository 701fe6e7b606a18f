"""The numbers that a vendor's stylesheet may use: finite, and of a size that a page has a use for.

The library counts on with any number: infinite ones and those of hundreds of digits end in an error of its arithmetic,
or in a layout that never ends.
"""

from typing import Any, Final

_MILLIMETRES: Final = {"mm": 1.0, "cm": 10.0, "q": 0.25, "in": 25.4, "pt": 25.4 / 72, "pc": 25.4 / 6, "px": 25.4 / 96}
"""In a unit (CSS Values and Units 4, 6.2)."""
_MAX_MILLIMETRES: Final = 300.0  # a little more than an A4 page is high
_ANGLES: Final = frozenset({"deg", "grad", "rad", "turn"})  # of a hue
_FONT_POINTS: Final = (8.0, 72.0)  # the smallest type that is signed for (`visibility.MIN_POINTS`), and a large title
_FONT_TIMES: Final = (0.5, 4.0)  # of the size around it
_LINE_HEIGHT: Final = (1.0, 5.0)  # times the type size; below 1, a line stands on the one above
_MAX_TIMES: Final = 20.0
_MAX_PERCENT: Final = 300.0
_MAX_NUMBER: Final = 1000.0  # a weight of type is a number up to 1000 (CSS Fonts 4, 2.2)
_MAY_BE_NEGATIVE: Final = "letter-spacing"  # large headings look better set close; letters on letters are found


def refused_number(kind: str, token: Any) -> str:
    """What may stand in the place of this number, as people write it; empty if it may stand.

    `kind`: the property it is given for. `token`: a number, percentage or dimension as tinycss2 reads it.
    """
    lowest, highest, unit = _bounds(kind, token)
    value = float(token.value)
    if token.type == "dimension" and unit in {"mm", "pt"}:
        value *= _MILLIMETRES[token.lower_unit] / _MILLIMETRES[unit]
    fits = lowest <= value <= highest and not (kind == "line-height" and token.type != "number")
    return "" if fits else f"{lowest:g}–{highest:g}{f' {unit}' if unit else ''}"


def _bounds(kind: str, token: Any) -> tuple[float, float, str]:
    """Least, most, and the unit that both are given in."""
    if kind == "line-height":
        return (*_LINE_HEIGHT, "")
    is_font = kind == "font-size"
    unit = token.lower_unit if token.type == "dimension" else ""
    if unit in _MILLIMETRES or (is_font and token.type == "number"):
        return (*_FONT_POINTS, "pt") if is_font else (_least(kind, _MAX_MILLIMETRES), _MAX_MILLIMETRES, "mm")
    if token.type == "percentage":
        lowest, most = (100 * times for times in _FONT_TIMES) if is_font else (_least(kind, _MAX_PERCENT), _MAX_PERCENT)
        return lowest, most, "%"
    if token.type == "number" or unit in _ANGLES:
        return _least(kind, _MAX_NUMBER), _MAX_NUMBER, unit
    return (*_FONT_TIMES, unit) if is_font else (_least(kind, _MAX_TIMES), _MAX_TIMES, unit)


def _least(kind: str, most: float) -> float:
    return -most if kind == _MAY_BE_NEGATIVE else 0.0
