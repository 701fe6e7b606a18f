"""The file itself: its frame, its limits, and that nothing is locked or hidden in it."""

import re
from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Stream, String

from renderers.pdf_rules.subject import Rule, Subject, rule

RULES: list[Rule] = []
_HEADER = re.compile(rb"%PDF-1\.[0-7](?:\r\n|\r|\n)")
_BINARY = re.compile(rb"%PDF-1\.[0-7](?:\r\n|\r|\n)%[\x80-\xff]{4}")
_END = re.compile(rb"%%EOF(?:\r\n|\r|\n)?\Z")
_FILTERS = frozenset(
    f"/{name}Decode" for name in ("ASCIIHex", "ASCII85", "Flate", "RunLength", "CCITTFax", "JBIG2", "DCT", "JPX")
)
_MAX_STRING, _MAX_NAME = 32_767, 127  # bytes
_MIN_BOX, _MAX_BOX = 3, 14_400  # points
_MAX_INTEGER = 2**31 - 1
_BOXES = ("/MediaBox", "/CropBox", "/TrimBox", "/BleedBox", "/ArtBox")


@rule(RULES, "ISO 19005-3 6.1.2-1")
def header_stands_first(file: Subject) -> Iterator[str]:
    """The file begins with %PDF-1.n."""
    if not _HEADER.match(file.data):
        yield repr(file.data[:10])


@rule(RULES, "ISO 19005-3 6.1.2-2")
def header_is_marked_binary(file: Subject) -> Iterator[str]:
    """A comment of four bytes above 127 follows the header."""
    if not _BINARY.match(file.data):
        yield repr(file.data[:20])


@rule(RULES, "ISO 19005-3 6.1.3-1")
def trailer_has_an_id(file: Subject) -> Iterator[str]:
    """The trailer holds file identifiers."""
    if len(file.pdf.trailer.get("/ID", Array())) != 2:
        yield "trailer"


@rule(RULES, "ISO 19005-3 6.1.3-2")
def nothing_is_encrypted(file: Subject) -> Iterator[str]:
    """The trailer does not name an encryption."""
    if file.pdf.is_encrypted or "/Encrypt" in file.pdf.trailer:
        yield "trailer"


@rule(RULES, "ISO 19005-3 6.1.3-3")
def nothing_follows_the_end(file: Subject) -> Iterator[str]:
    """No data stand after the last end-of-file marker."""
    if not _END.search(file.data):
        yield repr(file.data[-10:])


@rule(RULES, "ISO 19005-3 6.1.7-3")
def no_stream_lies_outside(file: Subject) -> Iterator[str]:
    """No stream's data are in another file."""
    for item in file.dictionaries:
        if isinstance(item, Stream) and any(key in item for key in ("/F", "/FFilter", "/FDecodeParms")):
            yield f"object {item.objgen}"


@rule(RULES, "ISO 19005-3 6.1.7-4")
def filters_are_the_permitted_ones(file: Subject) -> Iterator[str]:
    """No stream is packed by LZW, Crypt or a filter that the standard does not know."""
    for item in file.dictionaries:
        if isinstance(item, Stream):
            filters = item.get("/Filter", Array())
            names = {str(name) for name in (filters if isinstance(filters, Array) else [filters])}
            yield from (f"object {item.objgen}: {name}" for name in sorted(names - _FILTERS))


@rule(RULES, "ISO 19005-3 6.1.12-1")
def permissions_are_those_of_signatures(file: Subject) -> Iterator[str]:
    """The permissions name nothing but UR3 and DocMDP."""
    yield from sorted(set(file.root.get("/Perms", Dictionary()).keys()) - {"/UR3", "/DocMDP"})


@rule(RULES, "ISO 19005-3 6.1.13-1")
def integers_are_within_bounds(file: Subject) -> Iterator[str]:
    """No integer needs more than 32 bits."""
    for item, value in _leaves(file):
        if isinstance(value, int) and abs(value) > _MAX_INTEGER:
            yield f"object {item.objgen}: {value}"


@rule(RULES, "ISO 19005-3 6.1.13-3")
def strings_are_within_bounds(file: Subject) -> Iterator[str]:
    """No string is longer than 32767 bytes."""
    for item, value in _leaves(file):
        if isinstance(value, String) and len(bytes(value)) > _MAX_STRING:
            yield f"object {item.objgen}"


@rule(RULES, "ISO 19005-3 6.1.13-4")
def names_are_within_bounds(file: Subject) -> Iterator[str]:
    """No name is longer than 127 bytes."""
    for item, value in _leaves(file):
        if isinstance(value, Name) and len(str(value).encode()) > _MAX_NAME + 1:  # its slash does not count
            yield f"object {item.objgen}"


@rule(RULES, "ISO 19005-3 6.1.13-11")
def pages_are_within_bounds(file: Subject) -> Iterator[str]:
    """No page boundary is less than 3 or more than 14400 points in either direction."""
    for number, page in enumerate(file.pdf.pages, start=1):
        for box in (page.obj[key] for key in _BOXES if key in page.obj):
            x0, y0, x1, y1 = (float(side) for side in box)
            if not all(_MIN_BOX <= abs(length) <= _MAX_BOX for length in (x1 - x0, y1 - y0)):
                yield f"page {number}"


@rule(RULES, "ISO 19005-3 6.8-1")
def attachments_have_a_media_type(file: Subject) -> Iterator[str]:
    """Every embedded file says what it is."""
    for name, specification in _attachments(file):
        kind = str(specification.EF.F.get("/Subtype", "")).lstrip("/")
        if not re.fullmatch(r"[-\w+.]+/[-\w+.]+", kind):
            yield name


@rule(RULES, "ISO 19005-3 6.8-2")
def attachments_have_both_names(file: Subject) -> Iterator[str]:
    """Every embedded file has its name in /F and in /UF."""
    yield from (name for name, item in _attachments(file) if "/F" not in item or "/UF" not in item)


@rule(RULES, "ISO 14289-1 7.11-1")
def attachments_names_are_not_empty(file: Subject) -> Iterator[str]:
    """Neither name of an embedded file is empty."""
    yield from (name for name, item in _attachments(file) if "" in {str(item.get(key, "?")) for key in ("/F", "/UF")})


@rule(RULES, "ISO 19005-3 6.8-3")
def attachments_say_how_they_belong(file: Subject) -> Iterator[str]:
    """Every embedded file has an AFRelationship."""
    yield from (name for name, item in _attachments(file) if "/AFRelationship" not in item)


@rule(RULES, "ISO 19005-3 6.8-4")
def attachments_belong_to_something(file: Subject) -> Iterator[str]:
    """Every embedded file is associated with the document or a part of it."""
    associated = {item.objgen for holder in file.dictionaries for item in holder.get("/AF", Array())}
    yield from (name for name, item in _attachments(file) if item.objgen not in associated)


@rule(RULES, "ISO 19005-3 6.9-1")
def layers_are_named(file: Subject) -> Iterator[str]:
    """Every configuration of optional content has a name."""
    properties = file.root.get("/OCProperties", Dictionary())
    configurations = [properties[key] for key in ("/D",) if key in properties] + list(
        properties.get("/Configs", Array())
    )
    yield from ("/OCProperties" for item in configurations if not str(item.get("/Name", "")))


@rule(RULES, "ISO 19005-3 6.10-1")
def no_alternate_presentations(file: Subject) -> Iterator[str]:
    """The document has no alternate presentations."""
    if "/AlternatePresentations" in file.root.get("/Names", Dictionary()):
        yield "/Names"


@rule(RULES, "ISO 19005-3 6.10-2")
def no_presentation_steps(file: Subject) -> Iterator[str]:
    """No page has presentation steps."""
    yield from (f"page {number}" for number, page in enumerate(file.pdf.pages, start=1) if "/PresSteps" in page.obj)


@rule(RULES, "ISO 19005-3 6.11-1")
def no_requirements(file: Subject) -> Iterator[str]:
    """The document requires nothing special of its reader."""
    if "/Requirements" in file.root:
        yield "/Requirements"


def _attachments(file: Subject) -> list[tuple[str, Object]]:
    return [
        (str(item.get("/UF", item.get("/F", "?"))), item)
        for item in file.dictionaries
        if isinstance(item, Dictionary) and isinstance(item.get("/EF"), Dictionary)
    ]


def _leaves(file: Subject) -> Iterator[tuple[Object, object]]:
    """Every plain value in the file's dictionaries, with the dictionary it stands in."""
    for item in file.dictionaries:
        for _, value in item.items():  # noqa: PERF102 - pikepdf has no values()
            yield from ((item, leaf) for leaf in (value if isinstance(value, Array) else (value,)))
