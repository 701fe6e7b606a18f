"""The letter to the vendor about its cases that are late. It goes to whoever runs the program, and says so."""

from dataclasses import dataclass

from agreements.language import Language
from agreements.parties import Vendor
from renderers.letters.heading import inline, subject_line, vendor_names
from renderers.templates import fill, words


@dataclass(frozen=True, kw_only=True)
class OverdueLetter:
    """All of one vendor's that are late, the oldest first."""

    vendor: Vendor
    lines: tuple[str, ...]
    """One for each case: number, organisation, who must do what, since when it is late."""
    more: int
    """Late cases that are not named."""
    subject_prefix: str = ""


def render_overdue(letter: OverdueLetter, language: Language) -> tuple[str, str]:
    """Subject and body."""
    say, known = words(language), vendor_names(letter.vendor)
    count = len(letter.lines) + letter.more
    body = fill(
        "letter-overdue.txt",
        language,
        names=known,
        lines=[inline(line) for line in letter.lines],
        more=letter.more,
    )
    params = known | {"customer": "", "number": str(count)}
    return subject_line(say, "letters.overdue.subject", params, prefix=letter.subject_prefix), body.strip() + "\n"
