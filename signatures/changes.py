"""What a later revision changed, judged strictly: our own rules, not the engine's.

Two revisions are compared as readers see them: everything that can be reached from the catalogue and the trailer must
be the same, except where a rule below allows a difference. So an object that plays two parts is compared in both,
objects that nobody refers to change nothing, and re-numbered or re-written identical objects are no change. What no
rule allows is refused.

Allowed, because it shows nothing or is what signing is: filling a signature field that was there and empty; a new
signature field without area that holds a signature or time-stamp; the store of long-term material (any upkeep of it);
dates and producer in the metadata; versions and extensions of the catalogue; structure elements that do nothing but
tag such a field.
"""

from collections import defaultdict
from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Document, Key, PdfValue, TooManyError, key_of, raw
from signatures.fields import Field, collect_fields, is_visible
from signatures.kinds import Change, ChangeKind
from signatures.sameness import children, same_words, titles, words

MAX_COMPARISONS: Final = 1_000_000  # pairs of values compared for one revision; a 400-page document has some 100,000
MAX_WHERE: Final = 80  # characters of a place that a finding names
MAX_REPORTED: Final = 20  # one change is enough to refuse; a person needs a few, not thousands


_HARMLESS_ROOT_KEYS = frozenset(
    {"/Extensions", "/Version", "/Type", "/MarkInfo", "/PieceInfo", "/LastModified", "/Perms"}
)
_ROOT_KINDS = {
    "/OpenAction": ChangeKind.ACTION,
    "/AA": ChangeKind.ACTION,
    "/Names": ChangeKind.ATTACHMENT,
    "/AF": ChangeKind.ATTACHMENT,
    "/Collection": ChangeKind.ATTACHMENT,
}
_HARMLESS_PAGE_KEYS = frozenset({"/LastModified", "/PieceInfo", "/Tabs"})
_SHOWN_INFO_KEYS = ("/Title", "/Author", "/Subject", "/Keywords")
_TREE_NODE_KEYS = ("/Type", "/Resources", "/MediaBox", "/CropBox", "/Rotate")  # what pages inherit; ISO 32000-1, 7.7.3
_FIELD_TREE_KEYS = frozenset({"/Kids", "/Parent"})
_ALWAYS_FREE_FIELD_KEYS = frozenset({"/Type", "/Ff", "/M"})
_SIGNING_KEYS = _ALWAYS_FREE_FIELD_KEYS | {"/V", "/AP", "/AS", "/F", "/MK", "/DA", "/Lock", "/P", "/NM", "/Subtype"}
_VALUE_KEYS = frozenset({"/V", "/AS", "/I", "/RV"})
_APPEARANCE_KEYS = frozenset({"/AP", "/MK", "/DA", "/Q", "/F"})
_FORM_DEFAULTS = frozenset({"/DR", "/DA", "/Q", "/NeedAppearances"})
_SPEAKING_KEYS = ("/ActualText", "/Alt", "/E")
_TIMESTAMP_SUBFILTER = "/ETSI.RFC3161"
_TEXT_KEYS = ("/T", "/TU", "/TM", "/Alt", "/ActualText", "/E", "/Lang")  # text strings: ISO 32000-1, tables 220 and 323


def compare(document: Document, revision: int) -> tuple[Change, ...]:
    """What `revision` (from 1) changed from the one before. Raises TooManyError where a bound breaks."""
    comparison = _Comparison(document, revision)
    comparison.run()
    return tuple(comparison.found)


class _Comparison:
    """One pass over two neighbouring revisions; `found` collects the differences."""

    def __init__(self, document: Document, revision: int) -> None:
        self.document = document
        self.new = revision
        self.old = revision - 1
        self.found: list[Change] = []
        self.pages: list[tuple[PdfValue, PdfValue]] = []
        self.page_of_widget: dict[Key, int] = {}
        self.twins: dict[Key, Key | None] = {}
        """Objects compared by a rule of their own: from the old key to the new one."""
        self.accepted_widgets: set[Key] = set()
        self._seen: set[tuple[ChangeKind, Key, object, Key, object]] = set()
        self._touched = document.touched(revision)
        self._walked: defaultdict[ChangeKind, set[Key]] = defaultdict(set)
        self._count = 0
        self._report(ChangeKind.LONG_TERM, "revision")  # the mere presence of a later revision

    # --- the parts ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Compare trailer, catalogue, pages, form, structure."""
        old_trailer, new_trailer = self.document.trailer(self.old), self.document.trailer(self.new)
        old_root, new_root = self.document.root(self.old), self.document.root(self.new)
        if not isinstance(old_root, generic.DictionaryObject) or not isinstance(new_root, generic.DictionaryObject):
            self._report(ChangeKind.CATALOGUE, "Root")
            return
        for number in self.document.replaced_object_streams(self.new):
            self._report(ChangeKind.CATALOGUE, f"object stream {number}")
        self._twin(raw(old_trailer, "/Root"), raw(new_trailer, "/Root"))
        self._pair_pages(raw(old_root, "/Pages"), raw(new_root, "/Pages"))
        self._index_widgets()
        self._compare_form(old_root, new_root)
        self._compare_info(old_trailer, new_trailer)
        self._same(raw(old_trailer, "/Encrypt"), raw(new_trailer, "/Encrypt"), ChangeKind.CATALOGUE, "Encrypt")
        for number, (old_page, new_page) in enumerate(self.pages, start=1):
            self._compare_page(old_page, new_page, number)
        self._compare_root(old_root, new_root)

    def _compare_root(self, old_root: PdfValue, new_root: PdfValue) -> None:
        special = {"/Pages", "/AcroForm", "/DSS", "/Metadata", "/StructTreeRoot"}
        for key in sorted((set(old_root) | set(new_root)) - special - _HARMLESS_ROOT_KEYS):
            kind = _ROOT_KINDS.get(key, ChangeKind.CATALOGUE)
            self._same(raw(old_root, key), raw(new_root, key), kind, f"Root{key}")
        if self._shown_titles(old_root, self.old) != self._shown_titles(new_root, self.new):
            self._report(ChangeKind.METADATA, "Root/Metadata")
        self._compare_structure(raw(old_root, "/StructTreeRoot"), raw(new_root, "/StructTreeRoot"))

    def _compare_info(self, old_trailer: PdfValue, new_trailer: PdfValue) -> None:
        """Title, author, subject and keywords are shown to people; dates and the producer are upkeep."""
        old_info = self.document.get(old_trailer, "/Info", self.old)
        new_info = self.document.get(new_trailer, "/Info", self.new)
        for key in _SHOWN_INFO_KEYS:
            if words(raw(old_info, key)) != words(raw(new_info, key)):
                self._report(ChangeKind.METADATA, f"Info{key}")

    def _shown_titles(self, root: PdfValue, revision: int) -> object:
        """Of the XMP stream only the titles show (in a viewer's window), before that of /Info; the rest is upkeep."""
        shown = titles(self.document.get(root, "/Metadata", revision))
        info = self.document.get(self.document.trailer(revision), "/Info", revision)
        title = self.document.get(info, "/Title", revision)
        return shown or (() if title is None else (" ".join(str(title).split()),))

    # --- pages -------------------------------------------------------------------------------------------------------

    def _pair_pages(self, old: PdfValue, new: PdfValue) -> None:
        """Walk both page trees in step; they must have the same shape."""
        todo = [(old, new)]
        walked: set[Key] = set()
        while todo:
            old_ref, new_ref = todo.pop()
            key = key_of(old_ref)
            if key is not None and key in walked:
                continue
            if key is not None:
                walked.add(key)
            self._twin(old_ref, new_ref)
            old_node, new_node = self.document.resolve(old_ref, self.old), self.document.resolve(new_ref, self.new)
            old_kids, new_kids = self._list(old_node, "/Kids", self.old), self._list(new_node, "/Kids", self.new)
            if old_kids is None and new_kids is None:
                self.pages.append((old_node, new_node))
            elif old_kids is None or new_kids is None or len(old_kids) != len(new_kids):
                self._report(ChangeKind.PAGES, "Root/Pages")
            else:
                for inherited in _TREE_NODE_KEYS:
                    where = f"Root/Pages{inherited}"
                    self._same(raw(old_node, inherited), raw(new_node, inherited), ChangeKind.PAGE, where)
                todo.extend(reversed(list(zip(old_kids, new_kids, strict=True))))

    def _index_widgets(self) -> None:
        """On which page each annotation of the new revision stands."""
        for number, (_, new_page) in enumerate(self.pages, start=1):
            for annotation in self._list(new_page, "/Annots", self.new) or []:
                if (key := key_of(annotation)) is not None:
                    self.page_of_widget[key] = number

    def _compare_page(self, old: PdfValue, new: PdfValue, number: int) -> None:
        if not isinstance(old, generic.DictionaryObject) or not isinstance(new, generic.DictionaryObject):
            self._same(old, new, ChangeKind.PAGE, f"page {number}", number)
            return
        for key in sorted((set(old) | set(new)) - _HARMLESS_PAGE_KEYS - {"/Annots"}):
            kind = ChangeKind.ACTION if key == "/AA" else ChangeKind.PAGE
            self._same(raw(old, key), raw(new, key), kind, f"page {number}{key}", number)
        self._compare_annotations(old, new, number)

    def _compare_annotations(self, old_page: PdfValue, new_page: PdfValue, number: int) -> None:
        """Every annotation stays, in its order;

        new ones must belong to a signature field that the form's rules accepted.
        """
        old = self._list(old_page, "/Annots", self.old) or []
        new = self._list(new_page, "/Annots", self.new) or []
        kept = [item for item in new if not self._is_accepted(item, old)]
        where = f"page {number}/Annots"
        if len(kept) != len(old):
            self._report(ChangeKind.ANNOTATION, where, number)
            return
        for before, after in zip(old, kept, strict=True):
            self._same(before, after, ChangeKind.ANNOTATION, where, number)

    def _is_accepted(self, item: PdfValue, old: list[PdfValue]) -> bool:
        key = key_of(item)
        return key in self.accepted_widgets and key not in {key_of(before) for before in old}

    # --- the form ----------------------------------------------------------------------------------------------------

    def _compare_form(self, old_root: PdfValue, new_root: PdfValue) -> None:
        old_fields, new_fields = collect_fields(self.document, self.old), collect_fields(self.document, self.new)
        for name, old_field in old_fields.items():
            if name not in new_fields:
                self._report(ChangeKind.FORM, name)
                continue
            self._pair_field(old_field, new_fields[name])
        for name, field in new_fields.items():
            if name not in old_fields:
                self._judge_new_field(field)
        for name in old_fields.keys() & new_fields.keys():
            self._compare_field(old_fields[name], new_fields[name])
        only_signatures = all(field.is_signature for field in old_fields.values())
        self._compare_form_dictionary(old_root, new_root, only_signatures=only_signatures)

    def _compare_form_dictionary(self, old_root: PdfValue, new_root: PdfValue, *, only_signatures: bool) -> None:
        """Default fonts and the like change how other fields look, so they are free only where there are none."""
        old = self.document.get(old_root, "/AcroForm", self.old)
        new = self.document.get(new_root, "/AcroForm", self.new)
        if new is None and old is not None:
            self._report(ChangeKind.FORM, "Root/AcroForm")
        if not isinstance(new, generic.DictionaryObject):
            return
        self._twin(raw(old_root, "/AcroForm"), raw(new_root, "/AcroForm"))
        free = {"/Fields", "/SigFlags"} | (_FORM_DEFAULTS if only_signatures else set())
        self._compare_keys(old if old is not None else {}, new, frozenset(free), (ChangeKind.FORM, "Root/AcroForm"))

    def _pair_field(self, old: Field, new: Field) -> None:
        if old.key is not None:
            self.twins[old.key] = new.key
        for (old_key, _), (new_key, _) in zip(old.widgets, new.widgets, strict=False):
            if old_key is not None:
                self.twins[old_key] = new_key

    def _judge_new_field(self, field: Field) -> None:
        """A new field must be a signature field that shows nothing and holds a signature of its own.

        One that holds a signature but shows something is refused all the same: it may lie over the text. It is named
        apart, for honest software makes such fields.
        """
        signature = self.document.get(field.value, "/V", self.new)
        parts = [field.value, *(widget for _, widget in field.widgets)]
        acts = any(raw(part, key) is not None for part in parts for key in ("/A", "/AA"))
        if not field.is_signature or acts or raw(signature, "/ByteRange") is None or not self._is_new(field):
            self._report(ChangeKind.NEW_FIELD, field.name, self._page(field))
            return
        self.accepted_widgets.update(key for key, _ in field.widgets if key is not None)
        if any(is_visible(self.document, widget, self.new) for _, widget in field.widgets):
            self._report(ChangeKind.NEW_VISIBLE_SIGNATURE, field.name, self._page(field))
            return
        stamp = self.document.get(signature, "/SubFilter", self.new) == _TIMESTAMP_SUBFILTER
        self._report(ChangeKind.LONG_TERM if stamp else ChangeKind.NEW_SIGNED_FIELD, field.name)

    def _is_new(self, field: Field) -> bool:
        """The signature's object did not exist before: an old one hung up elsewhere would be a copy."""
        key = key_of(raw(field.value, "/V"))
        return key is None or self.document.marker(key, self.old) is None

    def _compare_field(self, old: Field, new: Field) -> None:
        had = self.document.get(old.value, "/V", self.old) is not None
        has = self.document.get(new.value, "/V", self.new) is not None
        if old.kind != new.kind or len(old.widgets) != len(new.widgets):
            self._report(ChangeKind.FORM, old.name, self._page(new))
        elif old.is_signature and not had and has:
            self._compare_signing(old, new)
        elif old.is_signature:
            self._compare_parts(old, new, {"/V": ChangeKind.SIGNATURE})
        else:
            self._compare_parts(old, new, dict.fromkeys(_VALUE_KEYS, ChangeKind.VALUE))

    def _compare_signing(self, old: Field, new: Field) -> None:
        """An empty signature field was filled: its value and appearance are its own, its place is not."""
        signature = self.document.get(new.value, "/V", self.new)
        if raw(signature, "/ByteRange") is None or not self._is_new(new):
            self._report(ChangeKind.SIGNATURE, new.name, self._page(new))
        else:
            self._report(ChangeKind.SIGNED, new.name, self._page(new))
        for before, after in self._parts(old, new):
            self._compare_keys(before, after, _SIGNING_KEYS | _FIELD_TREE_KEYS, (ChangeKind.FORM, new.name))

    def _compare_parts(self, old: Field, new: Field, kinds: dict[str, ChangeKind]) -> None:
        """A field that must not change. A changed value carries its appearance with it and is reported once."""
        before = len(self.found)
        for left, right in self._parts(old, new):
            for key, kind in kinds.items():
                self._same(raw(left, key), raw(right, key), kind, new.name, self._page(new))
        valued = len(self.found) > before
        for left, right in self._parts(old, new):
            free = set(kinds) | _ALWAYS_FREE_FIELD_KEYS | _FIELD_TREE_KEYS | same_words(left, right, _TEXT_KEYS)
            for key in sorted((set(left) | set(right)) - free):
                if valued and key in _APPEARANCE_KEYS:
                    continue
                kind = ChangeKind.APPEARANCE if key in _APPEARANCE_KEYS else ChangeKind.FORM
                if key == "/P" and raw(left, key) is None:
                    continue  # naming the page it stands on shows nothing
                self._same(raw(left, key), raw(right, key), kind, new.name, self._page(new))

    def _parts(self, old: Field, new: Field) -> list[tuple[PdfValue, PdfValue]]:
        """The field's dictionary and those of its widgets, old beside new."""
        pairs = [(old.value, new.value)]
        widgets = zip(old.widgets, new.widgets, strict=True)
        return pairs + [(before, after) for (_, before), (_, after) in widgets if before is not old.value]

    def _page(self, field: Field) -> int | None:
        return next((self.page_of_widget[key] for key, _ in field.widgets if key in self.page_of_widget), None)

    # --- structure ---------------------------------------------------------------------------------------------------

    def _compare_structure(self, old_ref: PdfValue, new_ref: PdfValue) -> None:
        """The tags may gain elements for accepted widgets; what they say of the rest stays."""
        if self._is_untouched(old_ref, new_ref):
            return
        todo = [(old_ref, new_ref)]
        walked: set[tuple[Key | None, Key | None]] = set()
        while todo:
            before, after = todo.pop()
            keys = (key_of(before), key_of(after))
            if None not in keys and keys in walked:
                continue
            walked.add(keys)
            self._tick()
            old, new = self.document.resolve(before, self.old), self.document.resolve(after, self.new)
            if not isinstance(old, generic.DictionaryObject) or not isinstance(new, generic.DictionaryObject):
                self._same(before, after, ChangeKind.STRUCTURE, "Root/StructTreeRoot")
                continue
            self._twin(before, after)
            free = frozenset({"/K", "/P", "/ParentTree", "/ParentTreeNextKey", "/IDTree"})
            self._compare_keys(old, new, free, (ChangeKind.STRUCTURE, "Root/StructTreeRoot"))
            todo.extend(self._pair_kids(raw(old, "/K"), raw(new, "/K")))

    def _pair_kids(self, old: PdfValue, new: PdfValue) -> list[tuple[PdfValue, PdfValue]]:
        before, after = self._kids(old, self.old), self._kids(new, self.new)
        if any(not self._tags_nothing(kid) for kid in after[len(before) :]) or len(after) < len(before):
            self._report(ChangeKind.STRUCTURE, "Root/StructTreeRoot")
        return list(zip(before, after, strict=False))

    def _kids(self, value: PdfValue, revision: int) -> list[PdfValue]:
        """One kid may stand without an array."""
        resolved = self.document.resolve(value, revision)
        if value is None:
            return []
        if isinstance(resolved, generic.ArrayObject):
            return [resolved.raw_get(index) for index in range(len(resolved))]
        return [value]

    def _tags_nothing(self, kid: PdfValue) -> bool:
        """True for an element that says nothing and tags, if anything, annotations that are judged elsewhere."""
        todo, steps = [kid], 0
        while todo:
            steps += 1
            element = self.document.resolve(todo.pop(), self.new)
            if steps > 100 or not isinstance(element, generic.DictionaryObject):
                return False
            if self.document.get(element, "/Type", self.new) == "/OBJR":
                continue
            if any(raw(element, key) is not None for key in _SPEAKING_KEYS):
                return False
            todo.extend(self._kids(raw(element, "/K"), self.new))
        return True

    # --- comparing ---------------------------------------------------------------------------------------------------

    def _compare_keys(self, old: PdfValue, new: PdfValue, free: frozenset[str], label: tuple[ChangeKind, str]) -> None:
        """Two dictionaries must agree on every key that is not free."""
        kind, where = label
        for key in sorted((set(old) | set(new)) - free - same_words(old, new, _TEXT_KEYS)):
            self._same(raw(old, key), raw(new, key), kind, f"{where}{key}")

    def _same(self, old: PdfValue, new: PdfValue, kind: ChangeKind, where: str, page: int | None = None) -> None:
        """Everything below must be the same. Reports the first difference under this label."""
        todo = [(old, new)]
        while todo:
            self._tick()
            before, after = todo.pop()
            step = self._step(before, after, kind)
            if step is None:
                self._report(kind, where, page)
                return
            todo.extend(step)

    def _is_untouched(self, old: PdfValue, new: PdfValue) -> bool:
        """True if nothing below differs. Nothing is reported, and nothing is taken for compared."""
        seen, self._seen = self._seen, set()
        walked, self._walked = self._walked, defaultdict(set)
        try:
            todo = [(old, new)]
            while todo:
                self._tick()
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
        if old_key is not None and old_key == new_key and old_key not in self._touched:
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
            self._tick()
            if key in self.twins:
                if self.twins[key] != key:
                    return None
            elif key in self._touched:
                met.append((self.document.reference(key), self.document.reference(key)))
            else:
                todo.extend(self.document.references(key, self.old))
        return met

    def _twin(self, old: PdfValue, new: PdfValue) -> None:
        key = key_of(old)
        if key is not None:
            self.twins[key] = key_of(new)

    def _list(self, dictionary: PdfValue, key: str, revision: int) -> list[PdfValue] | None:
        value = self.document.get(dictionary, key, revision)
        if not isinstance(value, generic.ArrayObject):
            return None
        return [value.raw_get(index) for index in range(len(value))]

    def _tick(self) -> None:
        self._count += 1
        if self._count > MAX_COMPARISONS:
            raise TooManyError("comparisons", MAX_COMPARISONS)

    def _report(self, kind: ChangeKind, where: str, page: int | None = None) -> None:
        change = Change(kind=kind, where=where[:MAX_WHERE], revision=self.new + 1, page=page)
        if change.allowed or len(self.found) < MAX_REPORTED:
            self.found.append(change)
