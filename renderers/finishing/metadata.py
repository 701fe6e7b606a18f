"""What a document says of itself: one XMP packet that claims PDF/A-3a and PDF/UA-1, and says the same as the old Info.

WeasyPrint writes one standard's claim only, and compresses the packet: a program that saves the file anew may lose it
(PDFium does, facts/rendering.md 3).
"""

from datetime import date
from html import escape

from pikepdf import Dictionary, Name, Pdf, Stream, String

from agreements.errors import ConfigurationError

CREATOR = "avtalemottak"
# pdfuaid is not among the schemas PDF/A knows: it has to be described in the packet itself (ISO 19005-3 6.6.2.3.2).
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
{author}{dates}<xmp:CreatorTool>{creator}</xmp:CreatorTool>
<pdf:Producer>{producer}</pdf:Producer>
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 the file conforms to</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
_AUTHOR = "<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>\n"
_DATES = "<xmp:CreateDate>{at}</xmp:CreateDate>\n<xmp:ModifyDate>{at}</xmp:ModifyDate>\n"


def write_metadata(pdf: Pdf, issued_on: date | None) -> None:
    """XMP and Info from the document's own title, author and language; both dated at midnight UTC of the issue date.

    Raises ConfigurationError `render_failed` without a title or a language: both standards require them.
    """
    info = pdf.docinfo
    title, language = str(info.get("/Title", "")), str(pdf.Root.get("/Lang", ""))
    if not title or not language:
        raise ConfigurationError("render_failed", reason="the document has no title or no language")
    info.Creator = String(CREATOR)
    if issued_on is not None:
        info.CreationDate = info.ModDate = String(pdf_date(issued_on))
    author, producer = str(info.get("/Author", "")), str(info.get("/Producer", ""))
    packet = _PACKET.format(
        title=escape(title),
        language=escape(language),
        author=_AUTHOR.format(author=escape(author)) if author else "",
        dates=_DATES.format(at=f"{issued_on.isoformat()}T00:00:00Z") if issued_on else "",
        creator=CREATOR,
        producer=escape(producer),
    )
    pdf.Root.Metadata = Stream(pdf, packet.encode(), Type=Name.Metadata, Subtype=Name.XML)
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)


def pdf_date(day: date) -> str:
    """`D:20261123000000Z` (ISO 32000-1 7.9.4)."""
    return f"D:{day:%Y%m%d}000000Z"
