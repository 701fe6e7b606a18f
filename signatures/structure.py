"""What a later revision may do to the tags (ISO 32000-1, 14.7): add elements that name a new or signed widget.

Whatever else they say of the document, they say to those who cannot see it; so it stays as it was.
"""

from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Key, PdfValue, key_of, raw
from signatures.forms import Outcome
from signatures.kinds import ChangeKind
from signatures.pairs import Pairs

MAX_NEW_DEPTH: Final = 100  # elements below a new one; software nests two
_WHERE: Final = "Root/StructTreeRoot"
_ELEMENT_KEYS: Final = frozenset({"/Type", "/S", "/P", "/K", "/Pg"})  # table 323, without what speaks or styles
_OBJECT_KEYS: Final = frozenset({"/Type", "/Obj", "/Pg"})  # table 325


class StructureRules:
    """Compares the tags of two revisions; `form` says which widgets may be tagged."""

    def __init__(self, pairs: Pairs, form: Outcome) -> None:
        self.pairs = pairs
        self.document = pairs.document
        self._form = form
        self._added: set[Key] = set()
        """Elements that were added and may be."""

    def compare(self, old_ref: PdfValue, new_ref: PdfValue) -> None:
        """The tree of elements, then the table that leads from a widget's number to its element."""
        changed = not self.pairs.is_same(old_ref, new_ref)
        if not changed and not self._form.numbers:
            return
        old_numbers = self._numbers(old_ref, self.pairs.old)
        if changed:
            self._compare_elements(old_ref, new_ref)
            self._compare_numbers(old_numbers, self._numbers(new_ref, self.pairs.new))
        if any(number < 0 or number in old_numbers for number in self._form.numbers):
            self.pairs.report(ChangeKind.STRUCTURE, _WHERE)  # a widget that passes for something tagged before

    def _compare_elements(self, old_ref: PdfValue, new_ref: PdfValue) -> None:
        pairs = self.pairs
        todo = [(old_ref, new_ref)]
        walked: set[tuple[Key | None, Key | None]] = set()
        while todo:
            before, after = todo.pop()
            keys = (key_of(before), key_of(after))
            if None not in keys and keys in walked:
                continue
            walked.add(keys)
            pairs.tick()
            old, new = self.document.resolve(before, pairs.old), self.document.resolve(after, pairs.new)
            if not isinstance(old, generic.DictionaryObject) or not isinstance(new, generic.DictionaryObject):
                pairs.same(before, after, ChangeKind.STRUCTURE, _WHERE)
                continue
            pairs.twin(before, after)
            free = {"/K"} | ({"/ParentTree", "/ParentTreeNextKey"} if before is old_ref else set())
            pairs.compare_keys(old, new, frozenset(free), (ChangeKind.STRUCTURE, _WHERE))
            todo.extend(self._pair_kids((old, new), key_of(after)))

    def _pair_kids(self, parents: tuple[PdfValue, PdfValue], parent: Key | None) -> list[tuple[PdfValue, PdfValue]]:
        before = self._kids(raw(parents[0], "/K"), self.pairs.old)
        after = self._kids(raw(parents[1], "/K"), self.pairs.new)
        added = after[len(before) :]
        if len(after) < len(before) or not all(self._only_tags(kid, parent) for kid in added):
            self.pairs.report(ChangeKind.STRUCTURE, _WHERE)
        return list(zip(before, after, strict=False))

    def _kids(self, value: PdfValue, revision: int) -> list[PdfValue]:
        """One kid may stand without an array."""
        resolved = self.document.resolve(value, revision)
        if value is None:
            return []
        if isinstance(resolved, generic.ArrayObject):
            return [resolved.raw_get(index) for index in range(len(resolved))]
        return [value]

    def _only_tags(self, kid: PdfValue, parent: Key | None) -> bool:
        """A new element below `parent` that names widgets just signed, directly or in elements of its own."""
        todo, steps = [(kid, parent)], 0
        while todo:
            steps += 1
            item, above = todo.pop()
            element = self.document.resolve(item, self.pairs.new)
            if steps > MAX_NEW_DEPTH or not isinstance(element, generic.DictionaryObject):
                return False
            if self.document.get(element, "/Type", self.pairs.new) == "/OBJR":
                if not set(element) <= _OBJECT_KEYS or key_of(raw(element, "/Obj")) not in self._form.signed:
                    return False
                continue
            key = key_of(item)
            kids = self._kids(raw(element, "/K"), self.pairs.new)
            if key is None or not kids or not set(element) <= _ELEMENT_KEYS or not self._is_below(element, above):
                return False
            if self.document.marker(key, self.pairs.old) is not None:
                return False
            self._added.add(key)
            todo.extend((below, key) for below in kids)
        return True

    def _is_below(self, element: PdfValue, above: Key | None) -> bool:
        return above is not None and key_of(raw(element, "/P")) == above

    # --- the table of numbers (7.9.7, 14.7.4.4) ----------------------------------------------------------------------

    def _compare_numbers(self, old: dict[int, PdfValue], new: dict[int, PdfValue]) -> None:
        for number in sorted(old.keys() | new.keys()):
            if number in old:
                self.pairs.same(old[number], new.get(number), ChangeKind.STRUCTURE, _WHERE)
            elif key_of(new[number]) not in self._added:
                self.pairs.report(ChangeKind.STRUCTURE, _WHERE)

    def _numbers(self, root_ref: PdfValue, revision: int) -> dict[int, PdfValue]:
        """The number tree, flattened; what stands twice, or under no number, stands under -1."""
        root = self.document.resolve(root_ref, revision)
        todo = [raw(root, "/ParentTree")]
        walked: set[Key] = set()
        found: dict[int, PdfValue] = {}
        while todo:
            self.pairs.tick()
            item = todo.pop()
            key = key_of(item)
            if key is not None and key in walked:
                continue
            if key is not None:
                walked.add(key)
            node = self.document.resolve(item, revision)
            pairs = self.pairs.items(node, "/Nums", revision) or []
            for number, value in zip(pairs[::2], pairs[1::2], strict=False):
                stated = self.document.resolve(number, revision)
                sound = isinstance(stated, generic.NumberObject) and stated >= 0 and int(stated) not in found
                found[int(stated) if sound else -1] = value
            todo.extend(self.pairs.items(node, "/Kids", revision) or [])
        return found
