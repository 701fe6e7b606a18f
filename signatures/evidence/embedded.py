"""The files inside a PDF (ISO 32000-1, 7.11.4): those its catalogue names, those its pages and annotations hold.

Of the newest revision. What a program shows as an attachment is one of these, however it got there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Document, Key, PdfValue, TooManyError, key_of
from signatures.fields import items_of

MAX_FILES: Final = 64  # ours: Penneo embeds four or five (facts/domain.md 5), and one more for each signer
MAX_FILE_BYTES: Final = 25 * 2**20  # docs/adr/0006: as large as a document may be
MAX_BYTES_TOGETHER: Final = 50 * 2**20  # ours: two signers' evidence, each with the whole original inside
MAX_NODES: Final = 5_000  # ours: nodes of the trees of names and pages that are walked


@dataclass(frozen=True, kw_only=True)
class EmbeddedFile:
    """One file. `data` is None where the stream can't be decoded."""

    names: tuple[str, ...]
    """By which it may be known: its file names and the name it is listed under, which may differ. The first is shown.
    """
    data: bytes | None


def embedded_files(document: Document) -> tuple[EmbeddedFile, ...]:
    """Every file once, however often it is referred to; files of one name are all kept.

    Raises TooManyError for more than is looked into.
    """
    found: dict[object, EmbeddedFile] = {}
    together = 0
    for listed, specification in _specifications(document):
        names = _names(document, specification, listed)
        for identity, stream in _streams(document, specification):
            if identity in found:
                known = found[identity]
                found[identity] = EmbeddedFile(names=tuple(dict.fromkeys((*known.names, *names))), data=known.data)
                continue
            if len(found) >= MAX_FILES:
                raise TooManyError("embedded-files", MAX_FILES)
            data = _data(stream)
            together += len(data or b"")
            if together > MAX_BYTES_TOGETHER or len(data or b"") > MAX_FILE_BYTES:
                raise TooManyError("embedded-bytes", MAX_BYTES_TOGETHER)
            found[identity] = EmbeddedFile(names=names, data=data)
    return tuple(found.values())


def _data(stream: PdfValue) -> bytes | None:
    """The engine bounds what one stream and one document may swell to (pyHanko 0.38, decode_limits)."""
    try:
        return bytes(stream.data)
    except Exception:  # noqa: BLE001 - hostile streams make the filters raise anything
        return None


def _specifications(document: Document) -> Iterator[tuple[str | None, PdfValue]]:
    """File specifications, with the name each is listed under."""
    revision = document.last
    root = document.root(revision)
    names = document.get(root, "/Names", revision)
    yield from _listed(document, document.get(names, "/EmbeddedFiles", revision))
    yield from ((None, item) for item in _associated(document, root))
    for page in _nodes(document, document.get(root, "/Pages", revision)):
        yield from ((None, item) for item in _associated(document, page))
        for reference in items_of(document.get(page, "/Annots", revision)):
            annotation = document.resolve(reference, revision)
            yield from ((None, item) for item in _associated(document, annotation))
            if isinstance(annotation, generic.DictionaryObject):
                yield None, document.get(annotation, "/FS", revision)


def _associated(document: Document, holder: PdfValue) -> list[PdfValue]:
    """ISO 32000-2, 14.13."""
    revision = document.last
    return [document.resolve(item, revision) for item in items_of(document.get(holder, "/AF", revision))]


def _listed(document: Document, tree: PdfValue) -> Iterator[tuple[str | None, PdfValue]]:
    """The tree of names (7.9.6)."""
    revision = document.last
    for node in _nodes(document, tree):
        pairs = items_of(document.get(node, "/Names", revision))
        for name, value in zip(pairs[::2], pairs[1::2], strict=False):
            yield str(document.resolve(name, revision)), document.resolve(value, revision)


def _nodes(document: Document, top: PdfValue) -> Iterator[PdfValue]:
    """A tree's nodes by its `/Kids`, each once, in their order."""
    revision = document.last
    todo: list[PdfValue] = [top]
    walked: set[Key] = set()
    seen = 0
    while todo:
        item = todo.pop()
        key = key_of(item)
        if key is not None and key in walked:
            continue
        if key is not None:
            walked.add(key)
        seen += 1
        if seen > MAX_NODES:
            raise TooManyError("nodes", MAX_NODES)
        node = document.resolve(item, revision)
        if isinstance(node, generic.DictionaryObject):
            yield node
            todo.extend(reversed(items_of(document.get(node, "/Kids", revision))))


def _names(document: Document, specification: PdfValue, listed: str | None) -> tuple[str, ...]:
    values = (document.get(specification, key, document.last) for key in ("/UF", "/F"))
    own = [str(value) for value in values if isinstance(value, str)]
    return tuple(dict.fromkeys([*own, *([] if listed is None else [listed])]))


def _streams(document: Document, specification: PdfValue) -> Iterator[tuple[object, PdfValue]]:
    """What its `/EF` leads to: usually the same stream twice."""
    revision = document.last
    embedded = document.get(specification, "/EF", revision)
    if not isinstance(embedded, generic.DictionaryObject):
        return
    for name in embedded:
        reference = embedded.raw_get(name)
        stream = document.resolve(reference, revision)
        if isinstance(stream, generic.StreamObject):
            yield key_of(reference) or id(stream), stream
