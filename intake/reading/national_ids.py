"""Where national identity numbers stand in a PDF: on its pages, and in everything it carries beside them.

Service-signed PDFs nearly always hold some although no page shows one (facts/domain.md §6): in attached XML, in the
base64 inside it, in certificates. Nothing but masked numbers and places leaves this module. Runs in the sandbox, where
the document is opened for everything else.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from agreements.identity_search import Found, Gap, IdentitySearch, Place, Unread
from agreements.national_id import find_national_ids, mask, mask_national_ids
from agreements.pages import Pages
from intake.reading.carried import Carried, PdfString, Stream
from intake.reading.contents import MAX_CONTENT_BYTES, Allowance, Contents
from intake.reading.der import der_texts, is_der
from intake.reading.pages import EncryptedPdfError, UnreadablePdfError, read_pages

MAX_PLACES: Final = 50  # told; a hostile document may hold thousands, and a person needs to see a few
MAX_NAME: Final = 60  # characters of an attachment's or a field's name

_Where = tuple[Place, str]


class _Notes:
    """What was met, in order."""

    def __init__(self) -> None:
        self._numbers: Counter[tuple[Place, str, str]] = Counter()
        self._gaps: dict[tuple[Place, str, Unread], None] = {}

    def add(self, where: _Where, texts: Iterable[str | Unread]) -> None:
        """Search texts that stand in one place."""
        for text in texts:
            if isinstance(text, Unread):
                self._gaps[*where, text] = None
            else:
                self._numbers.update((*where, mask(digits)) for digits in find_national_ids(text))

    def result(self) -> IdentitySearch:
        """At most MAX_PLACES of each kind; what is beyond is told as one gap."""
        found = [
            Found(place=place, name=name, masked=masked, count=count)
            for (place, name, masked), count in self._numbers.items()
        ]
        gaps = [Gap(place=place, name=name, why=why) for place, name, why in self._gaps]
        if max(len(found), len(gaps)) > MAX_PLACES:
            gaps = [*gaps[: MAX_PLACES - 1], Gap(place=Place.DOCUMENT, name="PDF", why=Unread.TOO_MANY)]
        return IdentitySearch(found=tuple(found[:MAX_PLACES]), gaps=tuple(gaps))


def search_document(pdf: bytes, pages: Pages | None) -> IdentitySearch:
    """Search a received PDF. `pages`: its visible text as `read_pages` gave it; None where it can't be read."""
    notes, allowance = _Notes(), Allowance()
    for number, page in enumerate(pages.pages if pages else (), start=1):
        notes.add((Place.PAGE, str(number)), (page.text, page.unseen, *(box.text for box in page.boxes)))

    def nested(inner: bytes) -> Iterator[str | Unread]:
        return _nested_texts(inner, allowance)

    try:
        for where, texts in _beside_the_pages(pdf, Contents(allowance, nested)):
            notes.add(where, texts)
    except Exception:  # noqa: BLE001 - hostile bytes; what the signatures prove is told all the same
        notes.add((Place.DOCUMENT, "PDF"), (Unread.BROKEN,))
    return notes.result()


def search_content(data: bytes, place: Place, name: str) -> IdentitySearch:
    """Search a file of our own that is about to leave: a PDF, text, JSON."""
    notes, allowance = _Notes(), Allowance()
    contents = Contents(allowance, lambda inner: _nested_texts(inner, allowance))
    notes.add((place, name), contents.texts(data))
    return notes.result()


def search_text(text: str, place: Place) -> IdentitySearch:
    """Search a text of our own that is about to leave."""
    notes = _Notes()
    notes.add((place, ""), (text,))
    return notes.result()


def _nested_texts(pdf: bytes, allowance: Allowance) -> Iterator[str | Unread]:
    """The texts of a PDF inside a PDF; one inside that again is not opened."""
    try:
        yield read_pages(pdf).all_text
    except EncryptedPdfError:
        yield Unread.ENCRYPTED
        return
    except UnreadablePdfError:
        yield Unread.BROKEN
    for _, texts in _beside_the_pages(pdf, Contents(allowance, None)):
        yield from texts


def _beside_the_pages(pdf: bytes, contents: Contents) -> Iterator[tuple[_Where, Iterable[str | Unread]]]:
    """Everything else, place by place."""
    carried = Carried(pdf, limit=MAX_CONTENT_BYTES)
    if carried.is_encrypted:
        yield (Place.DOCUMENT, "PDF"), (Unread.ENCRYPTED,)
        return
    if carried.too_many:
        yield (Place.DOCUMENT, "PDF"), (Unread.TOO_MANY,)
    for string in carried.strings():
        texts = tuple(_string_texts(string, contents))
        if any(isinstance(text, Unread) or find_national_ids(text) for text in texts):  # names cost more than texts
            yield _where_string(carried, string), texts
    for stream in carried.streams:
        yield _where_stream(carried, stream), _stream_texts(stream, contents)


def _string_texts(string: PdfString, contents: Contents) -> Iterator[str | Unread]:
    """A signature's bytes are a string, too; of others only text is expected."""
    yield from contents.texts(string.value, coded=True)


def _stream_texts(stream: Stream, contents: Contents) -> Iterator[str | Unread]:
    if stream.fault is not None:
        yield stream.fault
    yield from der_texts(stream.data) if stream.place is Place.CERTIFICATE else contents.texts(stream.data)


def _where_string(carried: Carried, string: PdfString) -> _Where:
    match string.place:
        case Place.FIELD:
            return Place.FIELD, _name(carried.field_name(string))
        case Place.ATTACHMENT:
            return Place.ATTACHMENT, _name(string.value)
        case Place.METADATA:
            return Place.METADATA, string.key.decode("latin-1")
    place = Place.SIGNATURE if is_der(string.value) else string.place
    return place, (carried.object_of(string) or string.key).decode("latin-1")


def _where_stream(carried: Carried, stream: Stream) -> _Where:
    if stream.place is Place.ATTACHMENT:
        return stream.place, _name(carried.file_name(stream.number)) or str(stream.number)
    return stream.place, str(stream.number)


def _name(raw: bytes) -> str:
    """A name as it may be shown: one line, no control or direction characters, identity numbers masked."""
    encoding = "utf-16" if raw.startswith((b"\xfe\xff", b"\xff\xfe")) else "latin-1"
    text = unicodedata.normalize("NFC", raw.decode(encoding, "replace"))
    seen = "".join(
        character for character in text if unicodedata.category(character)[0] not in "CZ" or character == " "
    )
    name = mask_national_ids(seen).strip()
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
