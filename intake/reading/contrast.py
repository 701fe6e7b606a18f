"""The contrast of two dots of a drawn page (WCAG 2.2, contrast ratio and relative luminance)."""

from typing import Final

BYTES: Final = 3
"""Of a dot: blue, green and red, as PDFium draws them."""
BLUE, GREEN, RED = 0, 1, 2


def contrast(one: bytes, other: bytes) -> float:
    """The ratio of two dots, 1 to 21."""
    lights = _luminance(one), _luminance(other)
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def _luminance(dot: bytes) -> float:
    """Relative luminance of an sRGB colour, 0 to 1."""
    return 0.0722 * _LINEAR[dot[BLUE]] + 0.7152 * _LINEAR[dot[GREEN]] + 0.2126 * _LINEAR[dot[RED]]


def _linear(step: int) -> float:
    value = step / 255
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


_LINEAR: Final = tuple(_linear(step) for step in range(256))
