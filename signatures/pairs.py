"""Two neighbouring revisions held against each other, pair by pair, and what was found to differ.

The rules of the parts (`changes`, `forms`, `structure`) say what is compared with what; here is how.
"""

from collections import Counter, defaultdict
from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Document, Key, PdfValue, TooManyError, key_of, raw
from signatures.kinds import Change, ChangeKind, Shown
from signatures.sameness import children, same_words

MAX_COMPARISONS: Final = 1_000_000  # pairs of values compared for one revision; a 400-page document has some 100,000
MAX_WHERE: Final = 80  # characters of a place that a finding names
MAX_REPORTED: Final = 20  # of one kind; one change is enough to refuse, a person needs a few, not thousands
MAX_FILLED: Final = 500  # fields filled in one revision; the catalogue has some seventy
_TEXT_KEYS: Final = ("/T", "/TU", "/TM", "/Alt", "/ActualText", "/E", "/Lang")
"""Text strings: ISO 32000-1, tables 220 and 323."""


class Pairs:
    """One pass over two neighbouring revisions; `found` collects the differences."""

    def __init__(self, document: Document, revision: int) -> None:
        self.document = document
        self.new = revision
        self.old = revision - 1
        self.found: list[Change] = []
        self.twins: dict[Key, Key | None] = {}
        """Objects compared by a rule of their own: from the old key to the new one."""
        self.touched = document.touched(revision)
        self._seen: set[tuple[ChangeKind, Key, object, Key, object]] = set()
        self._walked: defaultdict[ChangeKind, set[Key]] = defaultdict(set)
        self._kinds: Counter[ChangeKind] = Counter()
        self._count = 0

    def compare_keys(self, old: PdfValue, new: PdfValue, free: frozenset[str], label: tuple[ChangeKind, str]) -> None:
        """Two dictionaries must agree on every key that is not free."""
        kind, where = label
        for key in sorted((set(old) | set(new)) - free - same_texts(old, new)):
            self.same(raw(old, key), raw(new, key), kind, f"{where}{key}")

    def same(self, old: PdfValue, new: PdfValue, kind: ChangeKind, where: str, page: int | None = None) -> None:
        """Everything below must be the same. Reports the first difference under this label."""
        todo = [(old, new)]
        while todo:
            self.tick()
            before, after = todo.pop()
            step = self._step(before, after, kind)
            if step is None:
                self.report(kind, where, page)
                return
            todo.extend(step)

    def is_same(self, old: PdfValue, new: PdfValue) -> bool:
        """True if nothing below differs. Nothing is reported, and nothing is taken for compared."""
        seen, self._seen = self._seen, set()
        walked, self._walked = self._walked, defaultdict(set)
        try:
            todo = [(old, new)]
            while todo:
                self.tick()
                step = self._step(*todo.pop(), ChangeKind.STRUCTURE)
                if step is None:
                    return False
                todo.extend(step)
            return True
        finally:
            self._seen, self._walked = seen, walked

    def _step(self, before: PdfValue, after: PdfValue, kind: ChangeKind) -> list[tuple[PdfValue, PdfValue]] | None:
        """The pairs below this one that must be the same as well; None if this one differs.

        A pair is compared once for each kind of change: what is let pass as a field's value may not be page content
        as well.
        """
        old_key, new_key = key_of(before), key_of(after)
        if old_key is not None and old_key in self.twins:
            return [] if self.twins[old_key] == new_key else None
        if old_key is not None and old_key == new_key and old_key not in self.touched:
            return self._beyond(old_key, kind)
        if old_key is not None and new_key is not None:
            markers = self.document.marker(old_key, self.old), self.document.marker(new_key, self.new)
            pair = (kind, old_key, markers[0], new_key, markers[1])
            if pair in self._seen:
                return []
            self._seen.add(pair)
        return children(self.document.resolve(before, self.old), self.document.resolve(after, self.new))

    def _beyond(self, start: Key, kind: ChangeKind) -> list[tuple[PdfValue, PdfValue]] | None:
        """Where the objects below one that both revisions share are no longer shared; None if something differs.

        Shared objects are not looked into, only followed: each is the same bytes (or the same place in the same object
        stream) in both revisions, so it is the same but for what its references lead to. Every one of them is
        followed, up to objects the new revision touched, which are compared, and those with a rule of their own.
        """
        walked = self._walked[kind]
        todo, met = [start], []
        while todo:
            key = todo.pop()
            if key in walked:
                continue
            walked.add(key)
            self.tick()
            if key in self.twins:
                if self.twins[key] != key:
                    return None
            elif key in self.touched:
                met.append((self.document.reference(key), self.document.reference(key)))
            else:
                todo.extend(self.document.references(key, self.old))
        return met

    def twin(self, old: PdfValue, new: PdfValue) -> None:
        """These two are compared by a rule of their own, and play the same part."""
        key = key_of(old)
        if key is not None:
            self.twins[key] = key_of(new)

    def items(self, dictionary: PdfValue, key: str, revision: int) -> list[PdfValue] | None:
        """The items of an array, references as they stand; None where there is no array."""
        value = self.document.get(dictionary, key, revision)
        if not isinstance(value, generic.ArrayObject):
            return None
        return [value.raw_get(index) for index in range(len(value))]

    def tick(self) -> None:
        """Count one piece of work. Raises TooManyError beyond the bound."""
        self._count += 1
        if self._count > MAX_COMPARISONS:
            raise TooManyError("comparisons", MAX_COMPARISONS)

    def report(self, kind: ChangeKind, where: str, page: int | None = None, *, shown: tuple[Shown, ...] = ()) -> None:
        """Something differs; only the first of those that are refused are kept."""
        change = Change(kind=kind, where=where[:MAX_WHERE], revision=self.new + 1, page=page, shown=shown)
        self._kinds[kind] += 1
        if kind is ChangeKind.VALUE and self._kinds[kind] > MAX_FILLED:
            raise TooManyError("fields", MAX_FILLED)  # each is held against what it shows, so none may be left out
        if change.allowed or kind is ChangeKind.VALUE or self._kinds[kind] <= MAX_REPORTED:
            self.found.append(change)


def same_texts(old: PdfValue, new: PdfValue) -> frozenset[str]:
    """The keys of text strings under which both dictionaries hold what reads the same."""
    return same_words(old, new, _TEXT_KEYS)
