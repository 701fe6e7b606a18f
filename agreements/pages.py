"""The visible text of a PDF, page by page, and how two such texts are compared.

Defined here because two rooms must agree on it: `intake/reading` produces it, `signatures` compares it, and neither may
know the other.
"""

import re
import unicodedata
from collections import Counter

from pydantic import BaseModel, ConfigDict

_HYPHEN = re.compile(r"[\u0002\ufffe]")
_SPACE = re.compile(r"[\s\u00ad\u200b-\u200d\u2060\ufeff]+")


class Box(BaseModel):
    """What is seen in one place: text, and the rectangle (left, bottom, right, top; points of the page's own space)."""

    model_config = ConfigDict(frozen=True)

    rectangle: tuple[float, float, float, float]
    text: str


class Page(BaseModel):
    """One page: size in points and the visible text, form fields included (as after flattening)."""

    model_config = ConfigDict(frozen=True)

    width: float
    height: float
    text: str
    unseen: str = ""
    """Of a picture: the invisible text that lies under it, recognised by whoever made it. Nobody has signed that."""
    boxes: tuple[Box, ...] = ()
    """The text in each form field's rectangle, where there is any: the field's own, and what the page has there."""


class Pages(BaseModel):
    """All pages of one document, in order."""

    model_config = ConfigDict(frozen=True)

    pages: tuple[Page, ...]

    @property
    def text(self) -> str:
        """The whole visible text."""
        return "\n".join(page.text for page in self.pages)

    @property
    def all_text(self) -> str:
        """What is seen, and what lies unseen under pictures: for whoever looks for something, and believes nothing."""
        return "\n".join(page.text or page.unseen for page in self.pages)

    @property
    def has_text(self) -> bool:
        """False for a scan: pages without any text layer."""
        return any(normal_lines(page.text) for page in self.pages)


def normal_lines(text: str) -> tuple[str, ...]:
    """Lines as they are compared: NFKC, no soft hyphens or zero-width marks, white space folded, no empty lines."""
    lines = (_SPACE.sub(" ", line).strip() for line in unicodedata.normalize("NFKC", text).splitlines())
    return tuple(line for line in lines if line)


def solid(text: str) -> str:
    """Text without its white space, as `normal_lines` folds it: where lines break says nothing of what is written.

    A hyphen at the end of a line is read as U+0002 or U+FFFE by PDFium (`CPDF_TextPage`, text added when reading).
    """
    return _SPACE.sub("", unicodedata.normalize("NFKC", _HYPHEN.sub("-", text)))


def missing_lines(issued: Pages, returned: Pages) -> tuple[tuple[int, str], ...]:
    """Issued lines that the returned document lacks, as (page number from 1, line).

    Pages and lines may be added (front pages, footers of signing services); a line that stood twice must stand twice.
    """
    there = Counter(line for page in returned.pages for line in normal_lines(page.text))
    missing: list[tuple[int, str]] = []
    for number, page in enumerate(issued.pages, start=1):
        for line in normal_lines(page.text):
            if there[line] > 0:
                there[line] -= 1
            else:
                missing.append((number, line))
    return tuple(missing)
