"""What a later revision changed, judged strictly: our own rules, not the engine's.

Two revisions are compared as readers see them: everything that can be reached from the catalogue and the trailer must
be the same, except where a rule below allows a difference. So an object that plays two parts is compared in both,
objects that nobody refers to change nothing, and re-numbered or re-written identical objects are no change. What no
rule allows is refused.

Allowed, because it shows nothing or is what signing is: filling a signature field that was there and empty; a new
signature field without area or looks that holds a signature or time-stamp (`forms`); the store of long-term material
(any upkeep of it); dates and producer in the metadata; versions and extensions of the catalogue; structure elements
that do nothing but tag such a field (`structure`).
"""

from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Document, Key, PdfValue, key_of, raw
from signatures.forms import FormRules, Outcome
from signatures.kinds import Change, ChangeKind
from signatures.pairs import Pairs
from signatures.sameness import titles, words
from signatures.structure import StructureRules

_HARMLESS_ROOT_KEYS: Final = frozenset(
    {"/Extensions", "/Version", "/Type", "/MarkInfo", "/PieceInfo", "/LastModified", "/Perms"}
)
_ROOT_KINDS: Final = {
    "/OpenAction": ChangeKind.ACTION,
    "/AA": ChangeKind.ACTION,
    "/Names": ChangeKind.ATTACHMENT,
    "/AF": ChangeKind.ATTACHMENT,
    "/Collection": ChangeKind.ATTACHMENT,
}
_HARMLESS_PAGE_KEYS: Final = frozenset({"/LastModified", "/PieceInfo", "/Tabs"})
_SHOWN_INFO_KEYS: Final = ("/Title", "/Author", "/Subject", "/Keywords")
_HARMLESS_NODE_KEYS: Final = frozenset({"/LastModified", "/PieceInfo", "/ITXT"})  # the last is iText's own name
_INHERITED: Final = frozenset({"/Resources", "/MediaBox", "/CropBox", "/Rotate"})  # by pages: ISO 32000-1, 7.7.3.4


def compare(document: Document, revision: int) -> tuple[Change, ...]:
    """What `revision` (from 1) changed from the one before. Raises TooManyError where a bound breaks."""
    comparison = _Comparison(document, revision)
    comparison.run()
    return tuple(comparison.pairs.found)


class _Comparison:
    """One pass over the whole document; the form and the tags have rules of their own."""

    def __init__(self, document: Document, revision: int) -> None:
        self.document = document
        self.pairs = Pairs(document, revision)
        self.new, self.old = self.pairs.new, self.pairs.old
        self.pages: list[tuple[PdfValue, PdfValue]] = []
        self._page_keys: list[Key | None] = []
        self._form = Outcome()
        self.pairs.report(ChangeKind.LONG_TERM, "revision")  # the mere presence of a later revision

    # --- the parts ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Compare trailer, catalogue, pages, form, structure."""
        old_trailer, new_trailer = self.document.trailer(self.old), self.document.trailer(self.new)
        old_root, new_root = self.document.root(self.old), self.document.root(self.new)
        if not isinstance(old_root, generic.DictionaryObject) or not isinstance(new_root, generic.DictionaryObject):
            self.pairs.report(ChangeKind.CATALOGUE, "Root")
            return
        for number in self.document.replaced_object_streams(self.new):
            self.pairs.report(ChangeKind.CATALOGUE, f"object stream {number}")
        self.pairs.twin(raw(old_trailer, "/Root"), raw(new_trailer, "/Root"))
        self._pair_pages(raw(old_root, "/Pages"), raw(new_root, "/Pages"))
        self._form = FormRules(self.pairs, self._annotation_pages()).compare(old_root, new_root)
        self._compare_info(old_trailer, new_trailer)
        self.pairs.same(raw(old_trailer, "/Encrypt"), raw(new_trailer, "/Encrypt"), ChangeKind.CATALOGUE, "Encrypt")
        for number, (old_page, new_page) in enumerate(self.pages, start=1):
            self._compare_page(old_page, new_page, number)
        self._compare_root(old_root, new_root)

    def _compare_root(self, old_root: PdfValue, new_root: PdfValue) -> None:
        special = {"/Pages", "/AcroForm", "/DSS", "/Metadata", "/StructTreeRoot"}
        for key in sorted((set(old_root) | set(new_root)) - special - _HARMLESS_ROOT_KEYS):
            kind = _ROOT_KINDS.get(key, ChangeKind.CATALOGUE)
            self.pairs.same(raw(old_root, key), raw(new_root, key), kind, f"Root{key}")
        if self._shown_titles(old_root, self.old) != self._shown_titles(new_root, self.new):
            self.pairs.report(ChangeKind.METADATA, "Root/Metadata")
        tags = StructureRules(self.pairs, self._form)
        tags.compare(raw(old_root, "/StructTreeRoot"), raw(new_root, "/StructTreeRoot"))

    def _compare_info(self, old_trailer: PdfValue, new_trailer: PdfValue) -> None:
        """Title, author, subject and keywords are shown to people; dates and the producer are upkeep."""
        old_info = self.document.get(old_trailer, "/Info", self.old)
        new_info = self.document.get(new_trailer, "/Info", self.new)
        for key in _SHOWN_INFO_KEYS:
            if words(raw(old_info, key)) != words(raw(new_info, key)):
                self.pairs.report(ChangeKind.METADATA, f"Info{key}")

    def _shown_titles(self, root: PdfValue, revision: int) -> object:
        """Of the XMP stream only the titles show (in a viewer's window), before that of /Info; the rest is upkeep."""
        shown = titles(self.document.get(root, "/Metadata", revision))
        info = self.document.get(self.document.trailer(revision), "/Info", revision)
        title = self.document.get(info, "/Title", revision)
        return shown or (() if title is None else (" ".join(str(title).split()),))

    # --- pages -------------------------------------------------------------------------------------------------------

    def _pair_pages(self, old: PdfValue, new: PdfValue) -> None:
        """Walk both page trees in step; they must have the same shape, and say so.

        Viewers believe `/Count` before they look: a false one hides pages or all of them.
        """
        todo = [(old, new)]
        walked: set[tuple[Key, Key | None]] = set()
        while todo:
            old_ref, new_ref = todo.pop()
            key = key_of(old_ref)
            if key is not None and (key, key_of(new_ref)) in walked:
                continue
            if key is not None:
                walked.add((key, key_of(new_ref)))
            self.pairs.tick()
            self.pairs.twin(old_ref, new_ref)
            old_node, new_node = self.document.resolve(old_ref, self.old), self.document.resolve(new_ref, self.new)
            old_kids = self.pairs.items(old_node, "/Kids", self.old)
            new_kids = self.pairs.items(new_node, "/Kids", self.new)
            if old_kids is None and new_kids is None:
                self.pages.append((old_node, new_node))
                self._page_keys.append(key_of(new_ref))
            elif old_kids is None or new_kids is None or len(old_kids) != len(new_kids):
                self.pairs.report(ChangeKind.PAGES, "Root/Pages")
            else:
                self._compare_node(old_node, new_node)
                todo.extend(reversed(list(zip(old_kids, new_kids, strict=True))))

    def _compare_node(self, old: PdfValue, new: PdfValue) -> None:
        for key in sorted((set(old) | set(new)) - _HARMLESS_NODE_KEYS - {"/Kids"}):
            kind = ChangeKind.PAGE if key in _INHERITED else ChangeKind.PAGES
            self.pairs.same(raw(old, key), raw(new, key), kind, f"Root/Pages{key}")

    def _annotation_pages(self) -> dict[Key, tuple[int, Key | None]]:
        """On which page each annotation of the new revision stands: its number and key."""
        found: dict[Key, tuple[int, Key | None]] = {}
        for number, (_, new_page) in enumerate(self.pages, start=1):
            for annotation in self.pairs.items(new_page, "/Annots", self.new) or []:
                if (key := key_of(annotation)) is not None:
                    found[key] = (number, self._page_keys[number - 1])
        return found

    def _compare_page(self, old: PdfValue, new: PdfValue, number: int) -> None:
        if not isinstance(old, generic.DictionaryObject) or not isinstance(new, generic.DictionaryObject):
            self.pairs.same(old, new, ChangeKind.PAGE, f"page {number}", number)
            return
        for key in sorted((set(old) | set(new)) - _HARMLESS_PAGE_KEYS - {"/Annots"}):
            kind = ChangeKind.ACTION if key == "/AA" else ChangeKind.PAGE
            self.pairs.same(raw(old, key), raw(new, key), kind, f"page {number}{key}", number)
        self._compare_annotations(old, new, number)

    def _compare_annotations(self, old_page: PdfValue, new_page: PdfValue, number: int) -> None:
        """Every annotation stays, in its order;

        new ones must belong to a signature field that the form's rules accepted.
        """
        old = self.pairs.items(old_page, "/Annots", self.old) or []
        new = self.pairs.items(new_page, "/Annots", self.new) or []
        kept = [item for item in new if not self._is_accepted(item, old)]
        where = f"page {number}/Annots"
        if len(kept) != len(old):
            self.pairs.report(ChangeKind.ANNOTATION, where, number)
            return
        for before, after in zip(old, kept, strict=True):
            self.pairs.same(before, after, ChangeKind.ANNOTATION, where, number)

    def _is_accepted(self, item: PdfValue, old: list[PdfValue]) -> bool:
        key = key_of(item)
        return key in self._form.accepted and key not in {key_of(before) for before in old}
