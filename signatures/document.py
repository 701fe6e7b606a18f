"""A PDF opened for judging, with every revision of every object within reach.

The engine's own historical views copy whole objects per revision and follow all paths to all objects, which hostile
files make exponential (facts 1.6). Here an object is read once per version and shared by all revisions that see it.
"""

import io
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import AuthStatus
from pyhanko.pdf_utils.reader import PdfFileReader

from signatures.plain import plain_references
from signatures.prescan import MAX_REVISIONS
from signatures.quick import install

install()  # before anything is read

PdfValue: TypeAlias = Any
"""A PDF object as the engine reads it: dict, list, str, numbers, or an indirect reference."""
Key: TypeAlias = tuple[int, int]
"""Number and generation of an indirect object."""
MAX_OBJECT_READS: Final = 200_000  # object versions read while judging one file; honest ones stay below 20,000


class UnreadableError(Exception):
    """The bytes can't be read as a PDF, not even leniently."""


class EncryptedError(Exception):
    """The file asks for a password or a key."""


class TooManyError(Exception):
    """A bound is broken. `what` and `limit` go into the finding."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(what)
        self.what = what
        self.limit = limit


@dataclass(frozen=True, kw_only=True)
class Version:
    """One object as one revision sees it. `marker` is where it lies in the file: the same marker, the same object."""

    marker: object
    value: PdfValue


class Document:
    """The opened file."""

    def __init__(self, reader: PdfFileReader, pdf: bytes, *, lenient: bool) -> None:
        self.reader = reader
        self.lenient = lenient
        self._pdf = pdf
        self._read: dict[tuple[Key, object], Version] = {}
        self._references: dict[tuple[Key, object], tuple[Key, ...]] = {}
        self._markers: dict[tuple[Key, int], object] = {}
        self._names: list[frozenset[Key]] = []
        self._encrypted = bool(reader.encrypted)

    @property
    def last(self) -> int:
        """The number of the last revision; the first is 0."""
        return int(self.reader.xrefs.total_revisions) - 1

    def revisions_within(self, length: int) -> int:
        """How many revisions have their cross-reference section inside the first `length` bytes."""
        xrefs = self.reader.xrefs
        starts = (xrefs.get_xref_container_info(number).start_location for number in range(self.last + 1))
        return sum(1 for start in starts if start < length)

    def marker(self, key: Key, revision: int) -> object:
        """Where the object lies as that revision sees it; None where it does not exist or is freed.

        That is where it lay in the last revision whose cross-reference section names it.
        """
        while revision >= 0 and key not in self._named(revision):
            revision -= 1
        if (key, revision) not in self._markers:
            reference = generic.Reference(*key, self.reader)
            lies = self.reader.xrefs.get_historical_ref(reference, revision) if revision >= 0 else None
            self._markers[key, revision] = lies
        return self._markers[key, revision]

    def _named(self, revision: int) -> frozenset[Key]:
        """The objects that a revision's cross-reference section (both parts of a hybrid one) names, freed ones too."""
        while len(self._names) <= revision:
            named = self.reader.xrefs.explicit_refs_in_revision(len(self._names))
            self._names.append(frozenset((reference.idnum, reference.generation) for reference in named))
        return self._names[revision]

    def version(self, key: Key, revision: int) -> Version:
        """The object as that revision sees it; null where it does not exist (ISO 32000-1, 7.3.10)."""
        marker = self.marker(key, revision)
        known = self._read.get((key, marker))
        if known is None:
            if len(self._read) >= MAX_OBJECT_READS:
                raise TooManyError("objects", MAX_OBJECT_READS)
            known = Version(marker=marker, value=self._load(key, marker, revision))
            self._read[(key, marker)] = known
        return known

    def _load(self, key: Key, marker: object, revision: int) -> PdfValue:
        if marker is None:
            return generic.NullObject()
        reference = generic.Reference(*key, self.reader)
        # The shared cache serves the newest version only; it also keeps object streams from being decoded per object.
        newest = self.reader.xrefs.get_historical_ref(reference, self.last) == marker
        return self.reader.get_object(reference, None if newest else revision)  # type: ignore[no-untyped-call]

    def references(self, key: Key, revision: int) -> tuple[Key, ...]:
        """Every indirect reference in an object, however deep in direct values. Read off the bytes where possible."""
        marker = self.marker(key, revision)
        if (key, marker) not in self._references:
            plain = None
            if isinstance(marker, int) and not self._encrypted:
                plain = plain_references(self._pdf, marker, key)
            found = references_in(self.version(key, revision).value) if plain is None else plain
            self._references[key, marker] = found
        return self._references[key, marker]

    def touched(self, revision: int) -> frozenset[Key]:
        """The objects that this revision sees differently from the one before: added, written anew, freed.

        Only those that its cross-reference section names can be; all others are where they were.
        """
        named = self._named(revision)
        return frozenset(key for key in named if self.marker(key, revision - 1) != self.marker(key, revision))

    def reference(self, key: Key) -> PdfValue:
        """An indirect reference, as a value that holds one has it."""
        return generic.IndirectObject(*key, self.reader)  # type: ignore[no-untyped-call]

    def replaced_object_streams(self, revision: int) -> tuple[int, ...]:
        """Object streams of earlier revisions that this one writes anew.

        The objects inside would change without being mentioned, and the engine would read the new ones as the old.
        """
        xrefs = self.reader.xrefs
        earlier = {ref.idnum for number in range(revision) for ref in xrefs.object_streams_used_in(number)}  # type: ignore[no-untyped-call]
        before, after = revision - 1, revision
        return tuple(n for n in sorted(earlier) if self.marker((n, 0), before) != self.marker((n, 0), after))

    def resolve(self, value: PdfValue, revision: int) -> PdfValue:
        """The value itself, or what the reference leads to in that revision."""
        hops = 0
        while isinstance(value, generic.IndirectObject):
            hops += 1
            if hops > 32:  # a reference to a reference is not even legal; a loop of them must end
                return generic.NullObject()
            value = self.version((value.idnum, value.generation), revision).value
        return value

    def get(self, dictionary: PdfValue, name: str, revision: int) -> PdfValue:
        """A dictionary's entry, resolved; None where it is absent or null."""
        found = self.resolve(raw(dictionary, name), revision)
        return None if isinstance(found, generic.NullObject) else found

    def trailer(self, revision: int) -> PdfValue:
        """The trailer dictionary in force in that revision."""
        return self.reader.trailer.flatten(revision)

    def root(self, revision: int) -> PdfValue:
        """The document catalogue of that revision."""
        return self.get(self.trailer(revision), "/Root", revision)


def references_in(value: PdfValue) -> tuple[Key, ...]:
    """Every indirect reference in a parsed value, however deep."""
    found: list[Key] = []
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, generic.IndirectObject):
            found.append((item.idnum, item.generation))
        elif isinstance(item, generic.DictionaryObject):
            todo.extend(item.raw_get(key) for key in item)
        elif isinstance(item, generic.ArrayObject):
            todo.extend(item.raw_get(index) for index in range(len(item)))
    return tuple(found)


def raw(dictionary: PdfValue, name: str) -> PdfValue:
    """A dictionary's entry as it stands, perhaps a reference; None where there is none or this is no dictionary."""
    if not isinstance(dictionary, generic.DictionaryObject) or name not in dictionary:
        return None
    return dictionary.raw_get(name)


def key_of(value: PdfValue) -> Key | None:
    """The key of an indirect reference, None for a direct value."""
    return (value.idnum, value.generation) if isinstance(value, generic.IndirectObject) else None


def open_document(pdf: bytes) -> Document:
    """Open strictly, else leniently. Raises UnreadableError, EncryptedError or TooManyError."""
    try:
        document = _open(pdf, strict=True)
    except (EncryptedError, TooManyError):
        raise
    except Exception:  # noqa: BLE001 - a hostile file makes the reader raise anything at all
        document = _open_leniently(pdf)
    if document.last + 1 > MAX_REVISIONS:
        raise TooManyError("revisions", MAX_REVISIONS)
    return document


def _open_leniently(pdf: bytes) -> Document:
    try:
        return _open(pdf, strict=False)
    except (EncryptedError, TooManyError):
        raise
    except Exception as error:
        raise UnreadableError(type(error).__name__) from error


def _open(pdf: bytes, *, strict: bool) -> Document:
    reader = PdfFileReader(io.BytesIO(pdf), strict=strict)
    if strict and reader.xrefs.hybrid_xrefs_present:
        raise UnreadableError("hybrid cross-references are read leniently")
    if reader.encrypted:
        _unlock(reader)
    document = Document(reader, pdf, lenient=not strict)
    if not isinstance(document.root(document.last), generic.DictionaryObject):
        raise UnreadableError("no catalogue")
    return document


def _unlock(reader: PdfFileReader) -> None:
    """Many services encrypt with an empty user password to forbid editing; everybody may read such a file."""
    try:
        status = reader.decrypt(b"").status
    except Exception as error:
        raise EncryptedError from error
    if status is AuthStatus.FAILED:
        raise EncryptedError
