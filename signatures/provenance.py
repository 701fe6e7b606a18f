"""Is it what we issued?

Shape A (appended) is proven three times over: the issued bytes stand first, what was appended up to the first
signature only fills fields and signs, and the visible text is the issued one. What was written anew is `rewritten`'s.
Never a bare yes.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agreements.findings import (
    PRV_CHANGED_BEFORE_SIGNING,
    PRV_FIELDS_FILLED,
    PRV_NOT_COMPARED,
    PRV_VALUE_NOT_SHOWN,
    PRV_VISIBLE_DIFFERS,
    SIG_NEW_FIELD,
    Finding,
)
from agreements.likeness import Likeness
from agreements.pages import Box, Page, Pages, missing_lines, normal_lines, solid
from agreements.signature_report import Provenance, Shape
from signatures.document import Document
from signatures.kinds import Change, ChangeKind, Shown

SAME_PLACE: Final = 0.05  # points: two readers round a rectangle differently

_LAST_STARTXREF = re.compile(rb"startxref\s+(\d{1,12})\s+%%EOF\s*\Z")
_FIELD_CHANGES = frozenset({ChangeKind.SIGNED, ChangeKind.NEW_SIGNED_FIELD, ChangeKind.VALUE})
_BEFORE_SIGNING = _FIELD_CHANGES | {ChangeKind.LONG_TERM}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was found out, with its findings."""

    provenance: Provenance | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The visible text of the returned and of the issued document, where it was read."""

    returned: Pages | None
    issued: Pages | None
    likeness: Likeness | None = None
    """How the pages of both compare, where the issued bytes do not stand first and both have text."""


NOT_COMPARED: Final = Comparison(provenance=None, findings=(PRV_NOT_COMPARED(),))


def issued_revisions(document: Document, pdf: bytes, issued: bytes) -> int | None:
    """How many revisions of the return are the issued document; None if it does not begin with exactly that."""
    if not issued or not pdf.startswith(issued):
        return None
    count = document.revisions_within(len(issued))
    stated = _LAST_STARTXREF.search(issued, max(0, len(issued) - 1024))
    if count == 0 or stated is None:
        return None
    return count if document.reader.xrefs.get_startxref_for_revision(count - 1) == int(stated[1]) else None


def compare_appended(before: Iterable[Change], after: Iterable[Change], texts: Texts) -> Comparison:
    """The issued bytes stand first.

    `before`: what was appended up to and with the first signature, judged here. `after`: what came later, which each
    signature judges for itself; here it only says which fields show something new.
    """
    made, later = tuple(before), tuple(after)
    refused = tuple(change for change in made if change.kind not in _BEFORE_SIGNING)
    filled = sorted({change.where for change in made if change.kind is ChangeKind.VALUE})
    changed = sorted({change.where for change in (*made, *later) if change.kind in _FIELD_CHANGES})
    findings = [
        PRV_CHANGED_BEFORE_SIGNING(what=change.kind.value, where=change.where, revision=change.revision)
        for change in refused
    ]
    if filled:
        findings.append(PRV_FIELDS_FILLED(fields=", ".join(filled)))
    findings += [SIG_NEW_FIELD(field=change.where) for change in made if change.kind is ChangeKind.NEW_SIGNED_FIELD]
    findings.extend(_compare_visible(texts, (*made, *later)))
    findings.extend(_compare_values(texts, made))
    provenance = Provenance(shape=Shape.APPENDED, issued_is_prefix=True, changed_fields=tuple(changed))
    return Comparison(provenance=provenance, findings=tuple(findings))


def _compare_visible(texts: Texts, changes: tuple[Change, ...]) -> list[Finding]:
    """Page by page: every issued line is there, and lines are added only where a field was filled or signed."""
    if texts.returned is None or texts.issued is None:
        return [PRV_NOT_COMPARED()]
    issued, returned = texts.issued.pages, texts.returned.pages
    if len(issued) != len(returned):
        return [PRV_VISIBLE_DIFFERS(page=min(len(issued), len(returned)) + 1)]
    touched = {change.page for change in changes if change.kind in _FIELD_CHANGES}
    others = {change.page for change in changes if change.kind in _FIELD_CHANGES and not change.shown}
    values = _values_by_page(changes)
    differ = []
    for number, (before, after) in enumerate(zip(issued, returned, strict=True), start=1):
        same = _page_is_same(before, after, touched=number in touched or number in values)
        if not same or (number in values and number not in others and _adds_more(before, after, values[number])):
            differ.append(number)
    return [PRV_VISIBLE_DIFFERS(page=number) for number in differ]


def _values_by_page(changes: tuple[Change, ...]) -> dict[int, str]:
    """What filled fields show on each page, white space aside."""
    found: dict[int, str] = {}
    for _, shown in _last_shown(changes):
        found[shown.page] = found.get(shown.page, "") + solid(shown.text)
    return found


def _adds_more(issued: Page, returned: Page, values: str) -> bool:
    """On a page where nobody signed or ticked a box, what was added is made of the values alone."""
    return bool(Counter(solid(returned.text)) - Counter(solid(issued.text)) - Counter(values))


def _page_is_same(issued: Page, returned: Page, *, touched: bool) -> bool:
    if _size(issued) != _size(returned):
        return False
    one, other = Pages(pages=(issued,)), Pages(pages=(returned,))
    lost = [line for _, line in missing_lines(one, other)]
    if not touched:
        return not lost and not missing_lines(other, one)
    # Text shown in a field may join the line it stands on, so on such a page a line may also be found inside another.
    whole = " ".join(normal_lines(returned.text))
    return all(line in whole for line in lost)


def _compare_values(texts: Texts, made: tuple[Change, ...]) -> list[Finding]:
    """A filled field shows its value and nothing else.

    Of its place on the page the text that was issued there is taken away; what is left must be the value, letter for
    letter. (Looks that draw anything but text are refused by `forms`.)
    """
    if texts.returned is None or texts.issued is None:
        return []  # told already
    wrong = {
        (change.where, shown.page): None
        for change, shown in _last_shown(made)
        if not _is_shown(shown, texts.issued, texts.returned)
    }
    return [PRV_VALUE_NOT_SHOWN(field=field, page=page) for field, page in wrong]


def _last_shown(changes: tuple[Change, ...]) -> list[tuple[Change, Shown]]:
    """What each place must show: of a field that was filled again, the last value."""
    places = {(s.page, s.rectangle): (change, s) for change in changes for s in change.shown}
    return list(places.values())


def _is_shown(shown: Shown, issued: Pages, returned: Pages) -> bool:
    value, there, before = solid(shown.text), _text_at(returned, shown), _text_at(issued, shown)
    return value in there and Counter(there) - Counter(before) == Counter(value)


def _text_at(pages: Pages, shown: Shown) -> str:
    boxes = pages.pages[shown.page - 1].boxes if shown.page <= len(pages.pages) else ()
    return "".join(solid(box.text) for box in boxes if _is_there(box, shown))


def _is_there(box: Box, shown: Shown) -> bool:
    corners = zip(box.rectangle, shown.rectangle, strict=True)
    return all(abs(one - other) <= SAME_PLACE for one, other in corners)


def _size(page: Page) -> tuple[int, int]:
    return round(page.width), round(page.height)
