"""What the document says of itself."""

import re
from collections.abc import Iterator

from pikepdf import Dictionary, Stream

from renderers.pdf_rules.subject import Rule, Subject, is_set, rule

RULES: list[Rule] = []
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
_PACKET_HEADER = re.compile(rb"<\?xpacket begin=[^?]*\?>")
_UA_NAMESPACE = b"http://www.aiim.org/pdfua/ns/id/"


@rule(RULES, "ISO 19005-3 6.6.2.1-1")
def metadata_are_there(file: Subject) -> Iterator[str]:
    """The document has a metadata stream."""
    if not isinstance(file.root.get("/Metadata"), Stream):
        yield "/Metadata"


@rule(RULES, "ISO 19005-3 6.6.2.1-2")
def packet_has_no_bytes_attribute(file: Subject) -> Iterator[str]:
    """The header of the XMP packet has no bytes attribute."""
    yield from ("bytes" for header in _PACKET_HEADER.findall(file.packet) if b" bytes=" in header)


@rule(RULES, "ISO 19005-3 6.6.2.1-3")
def packet_has_no_encoding_attribute(file: Subject) -> Iterator[str]:
    """The header of the XMP packet has no encoding attribute."""
    yield from ("encoding" for header in _PACKET_HEADER.findall(file.packet) if b" encoding=" in header)


@rule(RULES, "ISO 19005-3 6.6.2.1-4")
def metadata_are_well_formed(file: Subject) -> Iterator[str]:
    """The metadata are well-formed XML and RDF."""
    if file.packet and file.xmp is None:
        yield "/Metadata"


@rule(RULES, "ISO 19005-3 6.6.2.1-5")
def metadata_are_utf8(file: Subject) -> Iterator[str]:
    """The metadata are written in UTF-8."""
    try:
        file.packet.decode("utf-8")
    except UnicodeDecodeError:
        yield "/Metadata"


@rule(RULES, "ISO 19005-3 6.6.2.3-7")
def unknown_schemas_are_described(file: Subject) -> Iterator[str]:
    """A schema that PDF/A does not know (that of PDF/UA) is described in the packet."""
    described = b"<pdfaSchema:namespaceURI>" + _UA_NAMESPACE
    if _UA_NAMESPACE in file.packet and described not in file.packet:
        yield "pdfuaid"


@rule(RULES, "ISO 19005-3 6.6.4-1")
def archive_standard_is_claimed(file: Subject) -> Iterator[str]:
    """The metadata name the PDF/A version."""
    if not file.xmp_value("pdfaid:part"):
        yield "pdfaid"


@rule(RULES, "ISO 19005-3 6.6.4-2")
def archive_part_is_three(file: Subject) -> Iterator[str]:
    """The PDF/A part claimed is 3."""
    if file.xmp_value("pdfaid:part") != "3":
        yield file.xmp_value("pdfaid:part")


@rule(RULES, "ISO 19005-3 6.6.4-3")
def archive_level_is_a(file: Subject) -> Iterator[str]:
    """The PDF/A conformance level claimed is A."""
    if file.xmp_value("pdfaid:conformance") != "A":
        yield file.xmp_value("pdfaid:conformance")


@rule(RULES, "ISO 14289-1 5-1")
def accessibility_standard_is_claimed(file: Subject) -> Iterator[str]:
    """The metadata name the PDF/UA version."""
    if not file.xmp_value("pdfuaid:part"):
        yield "pdfuaid"


@rule(RULES, "ISO 14289-1 5-2")
def accessibility_part_is_one(file: Subject) -> Iterator[str]:
    """The PDF/UA part claimed is 1."""
    if file.xmp_value("pdfuaid:part") != "1":
        yield file.xmp_value("pdfuaid:part")


@rule(RULES, "ISO 14289-1 7.1-9")
def title_is_given(file: Subject) -> Iterator[str]:
    """The metadata hold a title."""
    if not file.xmp_value("dc:title"):
        yield "dc:title"


@rule(RULES, "ISO 14289-1 7.1-10")
def title_is_displayed(file: Subject) -> Iterator[str]:
    """A viewer shows the title, not the file's name."""
    if not is_set(file.root.get("/ViewerPreferences", Dictionary()), "/DisplayDocTitle"):
        yield "/ViewerPreferences"


@rule(RULES, "ISO 14289-1 7.2-33")
def language_is_given(file: Subject) -> Iterator[str]:
    """The document's language is given: that of its metadata, labels and text."""
    if not str(file.root.get("/Lang", "")):
        yield "/Lang"


@rule(RULES, "ISO 19005-3 6.7.4-1")
def languages_are_tags(file: Subject) -> Iterator[str]:
    """Every language is a language tag, or unknown."""
    for item in file.dictionaries:
        language = str(item.get("/Lang", "")) if isinstance(item, Dictionary) else ""
        if language and not _LANGUAGE.fullmatch(language):
            yield f"object {item.objgen}: {language}"
