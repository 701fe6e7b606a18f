"""Files inside the PDF, as PDF/A-3 wants them: named, typed, dated, and said how they belong to the document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import md5

from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from agreements.errors import ConfigurationError
from renderers.finishing.metadata import pdf_date


class Relationship(StrEnum):
    """How a file belongs to the document (ISO 19005-3 annex E, AFRelationship)."""

    DATA = "/Data"
    """What the pages show, for machines."""
    SUPPLEMENT = "/Supplement"
    """What is to be read with the pages."""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One file."""

    name: str
    """With its ending, without a folder."""
    media_type: str
    description: str
    content: bytes
    relationship: Relationship


def attach(pdf: Pdf, attachments: Sequence[Attachment], dated: date | None) -> None:
    """Embed the files, in the order given, each once in the catalogue's /AF.

    Raises ConfigurationError `render_failed` for two files of one name, or a name with a folder in it.
    """
    if not attachments:
        return
    names = [attachment.name for attachment in attachments]
    if len(set(names)) != len(names) or any(not name or set(name) & set('/\\:*?"<>|\r\n') for name in names):
        raise ConfigurationError("render_failed", reason="the attachments' names can't all be file names")
    specs = {item.name: pdf.make_indirect(_file_specification(pdf, item, dated)) for item in attachments}
    tree = Array()
    for name in sorted(specs, key=lambda name: bytes(String(name))):  # a name tree is sorted by its keys' bytes
        tree.extend(Array([String(name), specs[name]]))
    names_of_document = pdf.Root.get("/Names", Dictionary())
    names_of_document.EmbeddedFiles = Dictionary(Names=tree)
    pdf.Root.Names = names_of_document
    pdf.Root.AF = Array(specs.values())


def _file_specification(pdf: Pdf, attachment: Attachment, dated: date | None) -> Dictionary:
    # A checksum against damage alone, and MD5 because the format says so (ISO 32000-1 table 46).
    checksum = md5(attachment.content, usedforsecurity=False).digest()
    params = Dictionary(Size=len(attachment.content), CheckSum=String(checksum))
    if dated is not None:
        params.CreationDate = params.ModDate = String(pdf_date(dated))
    file = Stream(pdf, attachment.content)
    file.Type, file.Subtype, file.Params = Name.EmbeddedFile, Name(f"/{attachment.media_type}"), params
    return Dictionary(
        Type=Name.Filespec,
        F=String(attachment.name),
        UF=String(attachment.name),
        Desc=String(attachment.description),
        AFRelationship=Name(attachment.relationship.value),
        EF=Dictionary(F=file, UF=file),
    )
