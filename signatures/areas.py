"""What is seen on the pages of a rewritten return, less what its signing service puts there itself.

A service adds pages of its own before and after, and writes and draws in strips along the edges of ours. Its profile
says which and with which words, so that nothing else can hide in a footer: a line may stand there only if it is one of
the profile's, in which nothing is free but the signers' names, dates, numbers and keys. What was issued may be covered
nowhere, in these strips either.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from agreements.findings import PRV_ADDED, PRV_LOST, PRV_PAGES, Finding
from agreements.likeness import Added, Likeness, Lost, OtherPage, Rectangle
from agreements.pages import Pages, normal_lines
from agreements.signers import name_key
from signatures.profiles import Area, PagesRule, SealProfile

MAX_QUOTED: Final = 80  # characters of what was added or lost that a finding quotes
MAX_PAGES_TOLD: Final = 10  # pages with a finding of their own; a person who sees ten looks at the rest
_SLACK: Final = 1.0  # points by which what is drawn may reach over the edge of its strip: rounding, thick pens
_ALLOWED_WORDS: Final = frozenset({"og", "and", ""})
"""Between two names."""
_OPEN: Final = {
    "names": r"(?P<names>[^\W\d_][\w .,'’-]{0,300})",
    "date": r"\d{1,4}[.-]\d{1,2}[.-]\d{1,4}(?: (?:kl\. )?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)?",
    "number": r"\d{1,4}",
    "id": r"(?:[0-9A-Fa-f-]{8,64}|[0-9A-Z]{5}(?:-[0-9A-Z]{5}){2,7})",
}
"""What may stand in the open places of a line. Keys are hexadecimal, or capitals and digits by fives."""
_PLACE: Final = re.compile(r"\\\{(names|date|number|id)\\\}")


def page_findings(
    likeness: Likeness, profile: SealProfile | None, returned: Pages, names: Iterable[str]
) -> tuple[Finding, ...]:
    """Everything that differs and is not the service's own. `names`: those who have signed, as the evidence has them.

    Without a profile every difference is told.
    """
    own = _Own(profile, returned, names)
    added = [item for item in likeness.added if not own.is_own(item, likeness.added)]
    return (*_about_pages(likeness, profile), *_about_lost(likeness.lost), *_about_added(added))


class _Own:
    """What a service writes and draws itself."""

    def __init__(self, profile: SealProfile | None, returned: Pages, names: Iterable[str]) -> None:
        self._areas = () if profile is None else profile.areas
        self._pages = returned.pages
        self._names = frozenset(word for name in names for word in name_key(name).split())

    def is_own(self, item: Added, others: tuple[Added, ...]) -> bool:
        """It lies in a strip of the service's and is what may stand there."""
        areas = [area for area in self._areas if self._is_in(item, area)]
        if item.text:
            return any(self._may_say(area, item.text) for area in areas)
        return any(area.drawings or self._is_drawn_text(item, area, others) for area in areas)

    def _is_drawn_text(self, item: Added, area: Area, others: tuple[Added, ...]) -> bool:
        """The ink of a line that may stand there."""
        lines = (one for one in others if one.text and one.page == item.page and self._may_say(area, one.text))
        return any(_holds(line.rectangle, item.rectangle, 2 * _SLACK) for line in lines)

    def _is_in(self, item: Added, area: Area) -> bool:
        if not 0 < item.page <= len(self._pages):
            return False
        page = self._pages[item.page - 1]
        return _holds(_strip(area, page.width, page.height), item.rectangle, _SLACK)

    def _may_say(self, area: Area, text: str) -> bool:
        said = " ".join(normal_lines(text))
        matches = (match for line in area.text if (match := _line(line).fullmatch(said)) is not None)
        return any(self._are_names(match.groupdict().get("names")) for match in matches)

    def _are_names(self, text: str | None) -> bool:
        if text is None:
            return True
        return set(name_key(text).split()) <= self._names | _ALLOWED_WORDS


@lru_cache(maxsize=64)
def _line(words: str) -> re.Pattern[str]:
    """A line of a profile as an expression. A place that is named again must say the same again."""
    seen: set[str] = set()

    def opened(match: re.Match[str]) -> str:
        again = match[1] == "names" and match[1] in seen
        seen.add(match[1])
        return "(?P=names)" if again else _OPEN[match[1]]

    return re.compile(_PLACE.sub(opened, re.escape(" ".join(normal_lines(words)))))


def _strip(area: Area, width: float, height: float) -> Rectangle:
    return {
        "top": (0.0, height - area.depth, width, height),
        "bottom": (0.0, 0.0, width, area.depth),
        "left": (0.0, 0.0, area.depth, height),
        "right": (width - area.depth, 0.0, width, height),
    }[area.edge]


def _holds(outer: Rectangle, inner: Rectangle, slack: float) -> bool:
    left, bottom, right, top = outer
    return (
        inner[0] >= left - slack
        and inner[1] >= bottom - slack
        and inner[2] <= right + slack
        and inner[3] <= top + slack
    )


def _about_pages(likeness: Likeness, profile: SealProfile | None) -> tuple[Finding, ...]:
    """Issued pages missing or moved, others beside them. That a page of the service's own is missing is no harm."""
    rule = PagesRule() if profile is None else profile.pages
    strange = [page.page for page in likeness.others if not _is_services(page, likeness, rule)]
    too_many = len(likeness.others) > rule.front + rule.back
    if strange or too_many or not likeness.in_order:
        told = ", ".join(str(number) for number in (strange or _all_pages(likeness))[:MAX_PAGES_TOLD])
        return (PRV_PAGES(pages=told),)
    return ()


def _all_pages(likeness: Likeness) -> list[int]:
    return sorted({pair.returned for pair in likeness.pairs} | {page.page for page in likeness.others})


def _is_services(page: OtherPage, likeness: Likeness, rule: PagesRule) -> bool:
    """It stands where the service's pages stand, and says what they say."""
    total = len(likeness.pairs) + len(likeness.others)
    in_place = page.page <= rule.front or page.page > total - rule.back
    words = "" if rule.words is None else " ".join(normal_lines(rule.words))
    return in_place and words in " ".join(normal_lines(page.text))


def _about_lost(lost: tuple[Lost, ...]) -> tuple[Finding, ...]:
    by_page: dict[int, list[str]] = defaultdict(list)
    for item in lost:
        by_page[item.page].append(item.text)
    return tuple(
        PRV_LOST(page=page, count=len(lines), line=next(filter(None, lines), "-")[:MAX_QUOTED])
        for page, lines in sorted(by_page.items())[:MAX_PAGES_TOLD]
    )


def _about_added(added: Iterable[Added]) -> tuple[Finding, ...]:
    by_page: dict[int, list[str]] = defaultdict(list)
    for item in added:
        by_page[item.page].append(item.text)
    return tuple(
        PRV_ADDED(page=page, count=len(seen), seen=next(filter(None, seen), "-")[:MAX_QUOTED])
        for page, seen in sorted(by_page.items())[:MAX_PAGES_TOLD]
    )
