"""What somebody wrote in a mail by their own hand: its text less what it quotes. The text itself is not kept.

Two things are asked of it: does it ask something, and which numbers does it call a sender id. Neither is to be
believed: anybody can write anything. Linear in its input, whatever that is.

Residual risk: an answer written between the lines of a quoted mail that has no `>` before them counts as quoted.
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Final

from agreements.national_id import mask_national_ids
from intake.unpacking.limits import MAX_LOOKED_AT, MAX_SENDER_IDS
from intake.unpacking.words import decode

_TOKEN: Final = re.compile(
    r"<!--(?:.*?-->|.*\Z)|<(?P<end>/?)(?P<name>[a-z][a-z0-9]*+)[^<>]*+>|(?P<text>[^<]+)|<", re.IGNORECASE | re.DOTALL
)
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,8});", re.IGNORECASE)
_UNSEEN: Final = frozenset({"head", "style", "script", "title"})
_LINE_ENDS: Final = frozenset(
    {"blockquote", "br", "div", "h1", "h2", "h3", "h4", "hr", "li", "ol", "p", "table", "tr", "ul"}
)
_OF_A_MAIL: Final = re.compile(r"(?i)[ *]*(?:fra|fr\u00e5|from)[ *]*:")
_MORE_OF_A_MAIL: Final = re.compile(r"(?i)[ *]*(?:sendt|sent|dato|date|til|to|emne|subject)[ *]*:")
_DIVIDER: Final = re.compile(
    r"(?i)[ >]*(?:-{2,} ?(?:opprinnelig|opphavleg|original|videresendt|vidaresend|forwarded)\b.*|_{20,}|-- ?)\s*"
)
_WROTE: Final = re.compile(r"(?i).*\d.*\b(?:skrev|skreiv|wrote)\b.*:\s*")
_MAX_WROTE: Final = 300  # characters of a line that says who wrote what follows; ours
_HEADER_LINES: Final = 4  # From, then date, to and subject in any order
_SENDER_ID: Final = re.compile(
    r"(?i)\b(?:sender|avsender|avsendar|virksomhets|verksemds)[ \u00a0_-]?id(?:-?en)?\b"
    r"(?:\s{0,3}(?:er|is|blir|vert|nr\.?|nummer|number|[:=(>\u2013-])){0,3}\s{0,3}"
    r"(\d{1,3}(?:[ \u00a0]\d{3}){1,4}|\d{3,15})(?![\d.,]?\d|\*)"
)


def shown_text(content: bytes, *, charset: str, html: bool) -> str:
    """The text of a part as a mail program shows it, the beginning of it; of HTML without what it sets as quoted."""
    text = decode(content[:MAX_LOOKED_AT], charset)
    return "".join(_text_of_html(text)) if html else text


def find_own_words(text: str) -> str:
    """The lines before the first mail that is quoted or signature, less the quoted ones."""
    lines = text.splitlines()
    kept: list[str] = []
    for number, line in enumerate(lines):
        if _DIVIDER.fullmatch(line) or _begins_a_mail(lines, number):
            break
        if not line.lstrip().startswith(">") and not _introduces(line):
            kept.append(line)
    return "\n".join(kept)


def _introduces(line: str) -> bool:
    """`23. november 2026 skrev Kari:`, before what is quoted."""
    return len(line) <= _MAX_WROTE and _WROTE.fullmatch(line) is not None


def is_question(words: str) -> bool:
    """Whether somebody asks something, by the question mark. One in an address (`?id=`) is none."""
    return re.search(r"\?(?![\w&=%])", words) is not None


def find_sender_ids(texts: Iterable[str]) -> tuple[str, ...]:
    """The numbers of three to fifteen digits that a text calls a sender id, without spaces, each once.

    Never a national identity number or a part of one, whatever it is called.
    """
    masked = map(mask_national_ids, texts)
    found = ("".join(match[1].split()) for text in masked for match in _SENDER_ID.finditer(text))
    return tuple(dict.fromkeys(found))[:MAX_SENDER_IDS]


def _begins_a_mail(lines: list[str], number: int) -> bool:
    """`Fra:` with `Sendt:`, `Til:` or `Emne:` close behind: how mail programs begin what they quote."""
    following = lines[number + 1 : number + _HEADER_LINES]
    return _OF_A_MAIL.match(lines[number]) is not None and any(_MORE_OF_A_MAIL.match(line) for line in following)


def _text_of_html(html: str) -> Iterator[str]:
    quoted, unseen = 0, ""
    for token in _TOKEN.finditer(html):
        name, ends = (token["name"] or "").lower(), bool(token["end"])
        if unseen:
            unseen = "" if ends and name == unseen else unseen
        elif name in _UNSEEN and not ends:
            unseen = name
        elif token["text"] is not None and quoted == 0:
            yield _ENTITY.sub(lambda entity: unescape(entity[0]), " ".join(token["text"].split("\n")))
        if name == "blockquote":
            quoted = max(0, quoted + (-1 if ends else 1))
        if name in _LINE_ENDS:
            yield "\n"
        elif name in ("td", "th"):
            yield " "
