"""A vendor's logo: a picture that stands for itself, drawn in no time. No words in it, which nobody could check.

Closed lists: an SVG element, or a way of leading elsewhere, that is not named here is refused. What repeats drawings
(`use`, `pattern`, `marker`, `mask`, `filter`) is not: ten of them within each other draw for hours.
"""

import re
import struct
from typing import Final
from xml.etree import ElementTree as ET

_ELEMENTS: Final = frozenset(
    {
        *("svg", "g", "defs", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "clipPath", "style"),
        *("linearGradient", "radialGradient", "stop"),
        *("title", "desc", "metadata"),  # said of the picture, not drawn; what stood within them would be
    }
)
_MAX_ELEMENTS: Final = 2_000  # a detailed coat of arms has some hundreds
_ENCODING: Final = re.compile(r"<\?xml[^>]*encoding\s*=\s*[\"'](?!utf-8[\"'])", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"url\s*\(\s*[\"']?\s*(?!#)|@|\\", re.IGNORECASE)
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD: Final = struct.Struct(">8s4x4sII")  # signature, length, IHDR, width, height (ISO/IEC 15948, 11.2.2)
MAX_PNG_SIDE: Final = 2_000
"""Dots: at 70 mm, the widest a logo is shown, 700 dots to the inch. A file of 100 kB may hold 30,000 by 30,000."""


def is_fit_svg(content: bytes) -> bool:
    """Whether this is a plain drawing: nothing fetched, declared elsewhere, repeated, written, or run."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if "<!doctype" in text.lower() or "<!entity" in text.lower() or _ENCODING.match(text.lstrip("\ufeff")):
        return False
    try:
        root = ET.fromstring(text)  # noqa: S314 - 100 kB at most, and without a document type no entities
    except (ET.ParseError, RecursionError, ValueError):
        return False
    elements = list(root.iter())
    return _local(root) == "svg" and len(elements) <= _MAX_ELEMENTS and all(map(_is_fit_element, elements))


def is_fit_png(content: bytes) -> bool:
    """Whether this is a PNG of a size that is quickly drawn."""
    if len(content) < _PNG_HEAD.size:
        return False
    signature, kind, width, height = _PNG_HEAD.unpack_from(content)
    return (signature, kind) == (_PNG, b"IHDR") and 0 < width <= MAX_PNG_SIDE and 0 < height <= MAX_PNG_SIDE


def _is_fit_element(element: ET.Element) -> bool:
    if _local(element) not in _ELEMENTS:
        return False
    if _local(element) == "style" and _REFERENCE.search(element.text or ""):
        return False
    return all(_is_fit_attribute(name.rpartition("}")[2], value) for name, value in element.attrib.items())


def _is_fit_attribute(name: str, value: str) -> bool:
    if name.lower().startswith("on"):
        return False
    return value.strip().startswith("#") if name == "href" else not _REFERENCE.search(value)


def _local(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]
