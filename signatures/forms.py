"""What a later revision may do to the form: sign a field, add one that shows nothing, fill what is there to be filled.

Each key of a field (ISO 32000-1, tables 164, 188, 220 and 232) has its rule; a key without one must stay as it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Key, PdfValue, key_of, raw
from signatures.fields import Field, collect_fields, is_visible, rectangle_of
from signatures.kinds import ChangeKind, Shown
from signatures.looks import draws_nothing, is_confined, writes_plainly
from signatures.pairs import Pairs, same_texts

_FORM_DEFAULTS: Final = frozenset({"/DR", "/DA", "/Q", "/NeedAppearances"})
_LOOKS: Final = frozenset({"/AP", "/MK", "/DA", "/Q", "/F", "/AS"})
_TIMESTAMP_SUBFILTER: Final = "/ETSI.RFC3161"
_READ_ONLY: Final = 1  # table 221
_QUIET_FLAGS: Final = 4 | 64 | 128 | 512
"""Print, ReadOnly, Locked, LockedContents (table 165). Others hide it or let it outgrow its place (NoZoom and such)."""
_PLAIN_CAPTIONS: Final = frozenset({"/R", "/BC", "/BG"})
"""Of table 189: how the widget is turned and coloured; no words and no icons."""
_COMBO: Final = 1 << 17  # table 230
_NEW_FIELD_KEYS: Final = frozenset(
    {"/FT", "/T", "/TU", "/V", "/Ff", "/Kids", "/Parent", "/Lock", "/SV", "/DA", "/DR", "/Q", "/M", "/NM"}
)
"""`/TU` says no more than the name itself: neither is shown on a page where the field has no area."""
_NEW_WIDGET_KEYS: Final = frozenset({"/Type", "/Subtype", "/Rect", "/F", "/P", "/AP", "/MK", "/H", "/StructParent"})

Rule = Callable[["FormRules", PdfValue, PdfValue], bool]
"""True if the difference between the old and the new dictionary under one key is allowed."""


@dataclass(kw_only=True)
class Outcome:
    """What the other rules need to know of the form."""

    accepted: set[Key] = field(default_factory=set)
    """Widgets of new signature fields: new annotations that are not refused as such."""
    signed: set[Key] = field(default_factory=set)
    """Widgets that a new tag may name: those, and the ones signed here."""
    numbers: list[int] = field(default_factory=list)
    """`/StructParent` of such widgets, where it is new."""


class FormRules:
    """Compares the forms of two revisions. `pages`: of each annotation, the number and key of its page."""

    def __init__(self, pairs: Pairs, pages: Mapping[Key, tuple[int, Key | None]]) -> None:
        self.pairs = pairs
        self.document = pairs.document
        self.outcome = Outcome()
        self._pages = pages

    def compare(self, old_root: PdfValue, new_root: PdfValue) -> Outcome:
        """Every field, then the form's own dictionary."""
        pairs = self.pairs
        old_fields, new_fields = collect_fields(self.document, pairs.old), collect_fields(self.document, pairs.new)
        for name, before in old_fields.items():
            if name not in new_fields:
                pairs.report(ChangeKind.FORM, name)
                continue
            self._pair(before, new_fields[name])
        for name, added in new_fields.items():
            if name not in old_fields:
                self._judge_new(added, is_copy=name != added.name)
        for name in old_fields.keys() & new_fields.keys():
            self._compare_field(old_fields[name], new_fields[name])
        only_signatures = all(field.is_signature for field in old_fields.values())
        self._compare_form(old_root, new_root, only_signatures=only_signatures)
        return self.outcome

    def _compare_form(self, old_root: PdfValue, new_root: PdfValue, *, only_signatures: bool) -> None:
        """Default fonts and the like change how other fields look, so they are free only where there are none."""
        old = self.document.get(old_root, "/AcroForm", self.pairs.old)
        new = self.document.get(new_root, "/AcroForm", self.pairs.new)
        if new is None and old is not None:
            self.pairs.report(ChangeKind.FORM, "Root/AcroForm")
        if not isinstance(new, generic.DictionaryObject):
            return
        self.pairs.twin(raw(old_root, "/AcroForm"), raw(new_root, "/AcroForm"))
        free = {"/Fields", "/SigFlags"} | (_FORM_DEFAULTS if only_signatures else set())
        label = ChangeKind.FORM, "Root/AcroForm"
        self.pairs.compare_keys(old if old is not None else {}, new, frozenset(free), label)

    def _pair(self, old: Field, new: Field) -> None:
        if old.key is not None:
            self.pairs.twins[old.key] = new.key
        for (old_key, _), (new_key, _) in zip(old.widgets, new.widgets, strict=False):
            if old_key is not None:
                self.pairs.twins[old_key] = new_key

    # --- new fields --------------------------------------------------------------------------------------------------

    def _judge_new(self, field: Field, *, is_copy: bool) -> None:
        """A new field must be a signature field that shows nothing and holds a signature of its own.

        One that holds a signature but shows something is refused all the same: it may lie over the text. It is named
        apart, for honest software makes such fields. `is_copy`: another field has the same name; viewers take both
        for one.
        """
        signature = self.document.get(field.value, "/V", self.pairs.new)
        parts = [field.value, *(widget for _, widget in field.widgets)]
        acts = any(raw(part, key) is not None for part in parts for key in ("/A", "/AA"))
        holds_one = raw(signature, "/ByteRange") is not None and self._is_new(field)
        if not field.is_signature or acts or is_copy or not holds_one:
            self._report(ChangeKind.NEW_FIELD, field)
        elif any(is_visible(self.document, part, self.pairs.new) for part in parts):
            self._accept(field)
            self._report(ChangeKind.NEW_VISIBLE_SIGNATURE, field)
        elif not self._is_silent(field):
            self._report(ChangeKind.NEW_FIELD, field)
        else:
            self._accept(field)
            stamp = self.document.get(signature, "/SubFilter", self.pairs.new) == _TIMESTAMP_SUBFILTER
            self.pairs.report(ChangeKind.LONG_TERM if stamp else ChangeKind.NEW_SIGNED_FIELD, field.name)

    def _accept(self, field: Field) -> None:
        keys = {key for key, _ in field.widgets if key is not None}
        self.outcome.accepted |= keys
        self.outcome.signed |= keys
        for _, widget in field.widgets:
            self._note_number(widget)

    def _note_number(self, widget: PdfValue) -> None:
        number = self.document.get(widget, "/StructParent", self.pairs.new)
        if number is not None:
            self.outcome.numbers.append(int(number) if isinstance(number, generic.NumberObject) else -1)

    def _is_new(self, field: Field) -> bool:
        """The signature's object did not exist before: an old one hung up elsewhere would be a copy."""
        key = key_of(raw(field.value, "/V"))
        return key is None or self.document.marker(key, self.pairs.old) is None

    def _is_silent(self, field: Field) -> bool:
        """Closed lists: a field that is its own widget, or a field and widgets below it."""
        alone = all(widget is field.value for _, widget in field.widgets)
        if alone and not set(field.value) & _NEW_WIDGET_KEYS and field.key not in self._pages:
            return set(field.value) <= _NEW_FIELD_KEYS and self._hangs(field.value, field.parent)
        if alone:
            return self._is_silent_widget(field.value, field.parent, _NEW_FIELD_KEYS | _NEW_WIDGET_KEYS)
        if not set(field.value) <= _NEW_FIELD_KEYS or not self._hangs(field.value, field.parent):
            return False
        below = _NEW_WIDGET_KEYS | {"/Parent", "/M", "/NM", "/DA", "/DR", "/Q"}
        return all(self._is_silent_widget(widget, field.key, below) for _, widget in field.widgets)

    def _is_silent_widget(self, widget: PdfValue, parent: Key | None, allowed: frozenset[str]) -> bool:
        new = self.pairs.new
        return (
            set(widget) <= allowed
            and self.document.get(widget, "/Type", new) in (None, "/Annot")
            and self.document.get(widget, "/Subtype", new) == "/Widget"
            and rectangle_of(self.document, widget, new) is not None
            and draws_nothing(self.document, widget, new)
            and self._is_empty(widget, "/MK")
            and self._hangs(widget, parent)
        )

    def _hangs(self, part: PdfValue, parent: Key | None) -> bool:
        """It inherits from the field that lists it and from no other, and asks nothing of who signs next."""
        return key_of(raw(part, "/Parent")) == parent and self._is_empty(part, "/SV")

    def _is_empty(self, part: PdfValue, key: str) -> bool:
        value = self.document.get(part, key, self.pairs.new)
        return value is None or (isinstance(value, generic.DictionaryObject) and not value)

    # --- fields that were there --------------------------------------------------------------------------------------

    def _compare_field(self, old: Field, new: Field) -> None:
        had = self.document.get(old.value, "/V", self.pairs.old) is not None
        has = self.document.get(new.value, "/V", self.pairs.new) is not None
        merged = [any(widget is field.value for _, widget in field.widgets) for field in (old, new)]
        if old.kind != new.kind or len(old.widgets) != len(new.widgets) or merged[0] != merged[1]:
            self._report(ChangeKind.FORM, new)
        elif old.is_signature and not had and has:
            self._compare_signing(old, new)
        elif old.is_signature:
            self._same_everywhere(old, new, "/V", ChangeKind.SIGNATURE)
            self._compare_rest(old, new, frozenset({"/V"}))
        elif self._is_filled(old, new):
            self._compare_filling(old, new)
        else:
            self._compare_rest(old, new, frozenset())

    def _compare_signing(self, old: Field, new: Field) -> None:
        """An empty signature field was filled: its value and appearance are its own, its place is not.

        What is drawn inside it is the signer's, and the risk of believing it is accepted (docs/security.md).
        """
        signature = self.document.get(new.value, "/V", self.pairs.new)
        if raw(signature, "/ByteRange") is None or not self._is_new(new):
            self._report(ChangeKind.SIGNATURE, new)
        else:
            self._report(ChangeKind.SIGNED, new)
        self.outcome.signed |= {key for key, _ in new.widgets if key is not None}
        for before, after in self._parts(old, new):
            for key in sorted(_keys(before, after, is_field=after is new.value)):
                rule = _SIGNING.get(key)
                if rule is not None and rule(self, before, after):
                    continue
                kind = ChangeKind.APPEARANCE if key in _LOOKS else ChangeKind.FORM
                self.pairs.same(raw(before, key), raw(after, key), kind, new.name, self._page(new))
            if not is_confined(self.document, after, self.pairs.new):
                self._report(ChangeKind.APPEARANCE, new)

    def _compare_rest(self, old: Field, new: Field, free: frozenset[str]) -> None:
        """What nobody signs or fills stays as it is, but for the dates and a page named where none was."""
        for before, after in self._parts(old, new):
            for key in sorted(_keys(before, after, is_field=after is new.value) - free):
                rule = _UPKEEP.get(key)
                if rule is not None and rule(self, before, after):
                    continue
                kind = ChangeKind.APPEARANCE if key in _LOOKS else ChangeKind.FORM
                self.pairs.same(raw(before, key), raw(after, key), kind, new.name, self._page(new))

    def _same_everywhere(self, old: Field, new: Field, key: str, kind: ChangeKind) -> None:
        for before, after in self._parts(old, new):
            self.pairs.same(raw(before, key), raw(after, key), kind, new.name, self._page(new))

    def _parts(self, old: Field, new: Field) -> list[tuple[PdfValue, PdfValue]]:
        """The field's dictionary and those of its widgets, old beside new."""
        widgets = zip(old.widgets, new.widgets, strict=True)
        below = [(before, after) for (_, before), (_, after) in widgets if before is not old.value]
        return [(old.value, new.value), *below]

    # --- filling -----------------------------------------------------------------------------------------------------

    def _is_filled(self, old: Field, new: Field) -> bool:
        keys = ("/V", "/AS", "/I")
        return any(
            not self.pairs.is_same(raw(before, key), raw(after, key))
            for before, after in self._parts(old, new)
            for key in keys
        )

    def _compare_filling(self, old: Field, new: Field) -> None:
        """A value carries its appearance with it: for a check box one of those it had, for others one that shows it."""
        if new.kind == "/Btn":
            self.pairs.report(ChangeKind.VALUE, new.name, self._page(new))
            self._compare_rest(old, new, frozenset({"/V", "/AS"}))
            if not self._is_ticked_as_it_says(new):
                self._report(ChangeKind.APPEARANCE, new)
            return
        shown = self._must_show(new)
        self.pairs.report(ChangeKind.VALUE, new.name, self._page(new), shown=shown or ())
        self._compare_rest(old, new, frozenset({"/V", "/I", "/AP"}))
        drawn = all(self._shows_text_only(widget) for _, widget in new.widgets)
        if not shown or not drawn or not self._picks_what_it_says(new):
            self._report(ChangeKind.APPEARANCE, new)

    def _shows_text_only(self, widget: PdfValue) -> bool:
        return is_confined(self.document, widget, self.pairs.new) and writes_plainly(self.pairs, widget)

    def _must_show(self, field: Field) -> tuple[Shown, ...] | None:
        """The value's text at each widget; None where it is no text or has no place."""
        text = self._text_of(field)
        places = [
            (self._pages[key][0], rectangle_of(self.document, widget, self.pairs.new))
            for key, widget in field.widgets
            if key is not None and key in self._pages
        ]
        if text is None or len(places) != len(field.widgets):
            return None
        shown = [Shown(page=page, rectangle=place, text=text) for page, place in places if place is not None]
        return tuple(shown) if len(shown) == len(places) else None

    def _text_of(self, field: Field) -> str | None:
        """As it is shown: of a choice the label that goes with the value (ISO 32000-1, 12.7.4.4)."""
        value = self.document.get(field.value, "/V", self.pairs.new)
        if value is None:
            return ""
        if not isinstance(value, generic.TextStringObject):
            return None
        text = str(value)
        if field.kind == "/Tx":
            return text
        if field.kind != "/Ch" or not self._flags(field.value) & _COMBO:
            return None
        return next((label for export, label in self._options(field) if export == text), text)

    def _options(self, field: Field) -> list[tuple[str, str]]:
        """Export value and label of each choice."""
        found = []
        for item in self.pairs.items(field.value, "/Opt", self.pairs.new) or []:
            option = self.document.resolve(item, self.pairs.new)
            if isinstance(option, generic.ArrayObject):
                pair = [str(self.document.resolve(option.raw_get(i), self.pairs.new)) for i in range(len(option))]
                found.append((pair[0], pair[-1]) if pair else ("", ""))
            else:
                found.append((str(option), str(option)))
        return found

    def _picks_what_it_says(self, field: Field) -> bool:
        """The indices of the choice, where given, are those of the value."""
        picked = self.document.get(field.value, "/I", self.pairs.new)
        if picked is None:
            return True
        exports = [export for export, _ in self._options(field)]
        value = str(self.document.get(field.value, "/V", self.pairs.new))
        numbers = [
            self.document.resolve(item, self.pairs.new)
            for item in self.pairs.items(field.value, "/I", self.pairs.new) or []
        ]
        return all(
            isinstance(number, generic.NumberObject) and 0 <= number < len(exports) and exports[number] == value
            for number in numbers
        )

    def _is_ticked_as_it_says(self, field: Field) -> bool:
        """The state that each widget shows is the value, if the widget has that state, or else off."""
        new = self.pairs.new
        value = self.document.get(field.value, "/V", new)
        for _, widget in field.widgets:
            states = self.document.get(self.document.get(widget, "/AP", new), "/N", new)
            if not isinstance(states, generic.DictionaryObject) or isinstance(states, generic.StreamObject):
                return False
            expected = value if isinstance(value, generic.NameObject) and value in states else "/Off"
            if self.document.get(widget, "/AS", new) not in ((expected, None) if expected == "/Off" else (expected,)):
                return False
        known = value in (None, "/Off") or any(
            self.document.get(widget, "/AS", new) == value for _, widget in field.widgets
        )
        return bool(known)

    # --- the rules of single keys ------------------------------------------------------------------------------------

    def _flags(self, part: PdfValue, key: str = "/Ff", revision: int | None = None) -> int:
        value = self.document.get(part, key, self.pairs.new if revision is None else revision)
        return int(value) if isinstance(value, generic.NumberObject) else 0

    def may_flag(self, before: PdfValue, after: PdfValue) -> bool:
        """A field that is signed may become read-only."""
        old, new = self._flags(before, revision=self.pairs.old), self._flags(after)
        return new in (old, old | _READ_ONLY)

    def may_flag_widget(self, before: PdfValue, after: PdfValue) -> bool:
        """Its widget may be printed and locked, not hidden or set free of its place."""
        return not (self._flags(before, "/F", self.pairs.old) ^ self._flags(after, "/F")) & ~_QUIET_FLAGS

    def may_name(self, before: PdfValue, after: PdfValue) -> bool:
        """What goes without saying may be said."""
        types = {self.document.get(before, "/Type", self.pairs.old), self.document.get(after, "/Type", self.pairs.new)}
        return types <= {None, "/Annot"}

    def may_colour(self, before: PdfValue, after: PdfValue) -> bool:
        """Turned and coloured within its place; no words."""
        look = self.document.get(after, "/MK", self.pairs.new)
        return look is None or (isinstance(look, generic.DictionaryObject) and set(look) <= _PLAIN_CAPTIONS)

    def may_ask_nothing(self, before: PdfValue, after: PdfValue) -> bool:
        """Seed values that hold nothing."""
        return raw(before, "/SV") is None and self._is_empty(after, "/SV")

    def may_place(self, before: PdfValue, after: PdfValue) -> bool:
        """Naming the page it stands on shows nothing."""
        named = key_of(raw(after, "/P"))
        return raw(before, "/P") is None and named is not None and named in {page for _, page in self._pages.values()}

    def may_tag(self, before: PdfValue, after: PdfValue) -> bool:
        """The number under which the tags know it: judged with them."""
        if raw(before, "/StructParent") is not None:
            return False
        self._note_number(after)
        return True

    # --- reporting ---------------------------------------------------------------------------------------------------

    def _page(self, field: Field) -> int | None:
        return next((self._pages[key][0] for key, _ in field.widgets if key is not None and key in self._pages), None)

    def _report(self, kind: ChangeKind, field: Field) -> None:
        self.pairs.report(kind, field.name, self._page(field))


def _keys(before: PdfValue, after: PdfValue, *, is_field: bool) -> set[str]:
    """All keys to be compared: a field's kids are compared one by one, texts by how they read."""
    return (set(before) | set(after)) - ({"/Kids"} if is_field else set()) - same_texts(before, after)


def _free(rules: FormRules, before: PdfValue, after: PdfValue) -> bool:
    return True


_UPKEEP: Final[Mapping[str, Rule]] = {"/M": _free, "/Type": FormRules.may_name, "/P": FormRules.may_place}
_SIGNING: Final[Mapping[str, Rule]] = {
    **_UPKEEP,
    **dict.fromkeys(("/V", "/AP", "/NM", "/DA", "/Q", "/H", "/Lock"), _free),
    "/F": FormRules.may_flag_widget,
    "/Ff": FormRules.may_flag,
    "/MK": FormRules.may_colour,
    "/SV": FormRules.may_ask_nothing,
    "/StructParent": FormRules.may_tag,
}
"""`/AP` is judged by where it draws; `/DA`, `/Q` and `/H` show nothing where nobody types; `/Lock` only forbids."""
