"""What the documentation says, read the way its readers do: pages, code spans, fenced blocks."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2]
PAGES = sorted([*HOUSE.glob("*.md"), *(HOUSE / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def name(page: Path) -> str:
    """A page as tests name it."""
    return page.relative_to(HOUSE).as_posix()


def read(page: str) -> str:
    return (HOUSE / page).read_text(encoding="utf-8")


def spans(text: str) -> set[str]:
    """Everything that stands in back-quotes outside fenced blocks."""
    return set(_SPAN.findall(_FENCE.sub("", text)))


def fenced(text: str, *languages: str) -> Iterator[str]:
    """The fenced blocks in these languages."""
    return (block for language, block in _FENCE.findall(text) if language in languages)


def shell_lines(text: str) -> Iterator[list[str]]:
    """Every `avtale` command that a reader would copy from a block, as its words."""
    for block in fenced(text, "sh", "console", "bash"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"\s(?:&&|\|\||[|;>])\s", line.removeprefix("$ ")):
                words = shlex.split(part, comments=True)
                if words and Path(words[0]).name == "avtale":
                    yield words[1:]


def table_rows(text: str, first_heading: str) -> list[list[str]]:
    """The rows of the tables whose first column has this heading."""
    rows: list[list[str]] = []
    for table in re.findall(rf"^\| {re.escape(first_heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE):
        rows += [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in table.splitlines()]
    return rows


def named(text: str, first_heading: str) -> list[str]:
    """The code spans of the first column of these tables."""
    return [span for row in table_rows(text, first_heading) for span in _SPAN.findall(row[0])]
