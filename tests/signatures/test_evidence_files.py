"""The embedded files of a PDF are found wherever they hang."""

import io
from typing import Any

import pikepdf
import pytest

from signatures.document import TooManyError, open_document
from signatures.evidence import embedded
from signatures.evidence.embedded import embedded_files


def _pdf(change: Any) -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    change(pdf)
    output = io.BytesIO()
    pdf.save(output)
    return output.getvalue()


def _file(pdf: pikepdf.Pdf, name: str, data: bytes) -> pikepdf.Object:
    stream = pdf.make_stream(data, Type=pikepdf.Name.EmbeddedFile)
    specification = pikepdf.Dictionary(Type=pikepdf.Name.Filespec, F=name, UF=name, EF=pikepdf.Dictionary(F=stream))
    return pdf.make_indirect(specification)


def _found(change: Any) -> list[tuple[tuple[str, ...], bytes | None]]:
    return [(file.names, file.data) for file in embedded_files(open_document(_pdf(change)))]


def test_a_document_without_files_has_none() -> None:
    assert _found(lambda pdf: None) == []


def test_files_hang_in_the_catalogue_on_pages_and_in_annotations() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        tree = pikepdf.Dictionary(Kids=[pikepdf.Dictionary(Names=["first", _file(pdf, "a.xml", b"1")])])
        pdf.Root.Names = pikepdf.Dictionary(EmbeddedFiles=pdf.make_indirect(tree))
        pdf.Root.AF = pikepdf.Array([_file(pdf, "b.xml", b"2")])
        page = pdf.pages[0]
        page.AF = pikepdf.Array([_file(pdf, "c.xml", b"3")])
        note = pikepdf.Dictionary(Subtype=pikepdf.Name.FileAttachment, Rect=[0, 0, 1, 1], FS=_file(pdf, "d.xml", b"4"))
        page.Annots = pikepdf.Array([pdf.make_indirect(note)])

    assert _found(change) == [
        (("a.xml", "first"), b"1"),
        (("b.xml",), b"2"),
        (("c.xml",), b"3"),
        (("d.xml",), b"4"),
    ]


def test_two_files_of_one_name_are_both_kept_and_one_file_twice_is_one() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        twice = _file(pdf, "a.xml", b"1")
        names = ["x", twice, "y", _file(pdf, "a.xml", b"2")]
        pdf.Root.Names = pikepdf.Dictionary(EmbeddedFiles=pikepdf.Dictionary(Names=names))
        pdf.Root.AF = pikepdf.Array([twice])

    assert _found(change) == [(("a.xml", "x"), b"1"), (("a.xml", "y"), b"2")]


def test_a_tree_that_leads_back_to_itself_ends() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        tree = pdf.make_indirect(pikepdf.Dictionary(Names=["x", _file(pdf, "a.xml", b"1")]))
        tree.Kids = pikepdf.Array([tree])
        pdf.Root.Names = pikepdf.Dictionary(EmbeddedFiles=tree)

    assert _found(change) == [(("a.xml", "x"), b"1")]


def test_more_files_than_anybody_embeds_are_refused() -> None:
    def change(pdf: pikepdf.Pdf) -> None:
        files = [_file(pdf, f"{number}.xml", b"1") for number in range(embedded.MAX_FILES + 1)]
        pdf.Root.AF = pikepdf.Array(files)

    with pytest.raises(TooManyError, match="embedded-files"):
        _found(change)


def test_more_bytes_than_are_looked_into_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MAX_BYTES_TOGETHER", 1_000)
    with pytest.raises(TooManyError, match="embedded-bytes"):
        _found(lambda pdf: pdf.Root.__setattr__("AF", pikepdf.Array([_file(pdf, "a", b"1" * 600) for _ in range(2)])))
