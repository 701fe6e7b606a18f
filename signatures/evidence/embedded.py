"""The files that a PDF carries, by the ways a reader would find them (ISO 32000-1, 7.11.4; ISO 32000-2, 14.13)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pyhanko.pdf_utils import generic

from signatures.document import Document, Key, PdfValue, TooManyError, key_of, raw

MAX_FILES: Final = 64  # of one document; a service embeds one or two for each signer, at most ten of them
MAX_NODES: Final = 1_000  # of the tree of names
MAX_FILE_BYTES: Final = 16 * 2**20  # SEID-SDO holds the original (10 MiB at most, Posten signering) in base64
MAX_ALL_BYTES: Final = 32 * 2**20


@dataclass(frozen=True, kw_only=True)
class EmbeddedFile:
    """One embedded file."""

    name: str
    data: bytes


def embedded_files(document: Document) -> tuple[EmbeddedFile, ...]:
    """Every file that the last revision carries: by the tree of names, and attached to the document or to a page.

    One that can't be decoded comes without content. Raises TooManyError.
    """
    found: list[EmbeddedFile] = []
    seen: set[Key] = set()
    total = 0
    for specification in _specifications(document):
        name, reference = _name(document, specification), _stream(document, specification)
        key = key_of(reference)
        if key is not None and key in seen:
            continue
        seen |= {key} if key is not None else set()
        data = _data(document, reference)
        total += len(data)
        if len(found) >= MAX_FILES:
            raise TooManyError("embedded-files", MAX_FILES)
        if len(data) > MAX_FILE_BYTES or total > MAX_ALL_BYTES:
            raise TooManyError("embedded-bytes", MAX_ALL_BYTES)
        found.append(EmbeddedFile(name=name, data=data))
    return tuple(found)


def _specifications(document: Document) -> Iterator[PdfValue]:
    last = document.last
    root = document.root(last)
    names = document.get(document.get(root, "/Names", last), "/EmbeddedFiles", last)
    yield from _in_tree(document, names)
    yield from _items(document, root, "/AF")
    for page in _pages(document):
        yield from _items(document, page, "/AF")
        for annotation in _items(document, page, "/Annots"):
            attached = document.get(annotation, "/FS", last)
            if isinstance(attached, generic.DictionaryObject):
                yield attached


def _in_tree(document: Document, root: PdfValue) -> Iterator[PdfValue]:
    """The values of a name tree (ISO 32000-1, 7.9.6)."""
    todo, nodes = [root], 0
    while todo:
        node = todo.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise TooManyError("names", MAX_NODES)
        for index, item in enumerate(_items(document, node, "/Names")):
            if index % 2 and isinstance(item, generic.DictionaryObject):
                yield item
        todo.extend(_items(document, node, "/Kids"))


def _pages(document: Document) -> Iterator[PdfValue]:
    todo, nodes = [document.get(document.root(document.last), "/Pages", document.last)], 0
    while todo:
        node = todo.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise TooManyError("pages", MAX_NODES)
        if isinstance(node, generic.DictionaryObject):
            yield node
            todo.extend(_items(document, node, "/Kids"))


def _items(document: Document, dictionary: PdfValue, key: str) -> Iterator[PdfValue]:
    values = document.get(dictionary, key, document.last)
    if isinstance(values, generic.ArrayObject):
        for index in range(len(values)):
            yield document.resolve(values.raw_get(index), document.last)


def _name(document: Document, specification: PdfValue) -> str:
    names = (document.get(specification, key, document.last) for key in ("/UF", "/F"))
    return next((str(name) for name in names if name is not None), "")


def _stream(document: Document, specification: PdfValue) -> PdfValue:
    embedded = document.get(specification, "/EF", document.last)
    return raw(embedded, "/UF") if raw(embedded, "/UF") is not None else raw(embedded, "/F")


def _data(document: Document, reference: PdfValue) -> bytes:
    stream = document.resolve(reference, document.last)
    if not isinstance(stream, generic.StreamObject):
        return b""
    try:
        return bytes(stream.data)
    except Exception:  # noqa: BLE001 - hostile streams raise anything; what can't be read proves nothing
        return b""
