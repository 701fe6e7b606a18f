"""Writes onboarding/rehearsal/{signed.pdf,anchor.der}: what the sandbox judges before it is handed anything received.

Run it when judging changes so much that the rehearsal no longer goes where real documents go:
`python -m tools.make_rehearsal`. The keys are gone when it ends.
"""

import io
from datetime import UTC, datetime
from pathlib import Path

import pikepdf

from signatures.throwaway import ThrowawayPki, sign

FOLDER = Path(__file__).parents[1] / "onboarding" / "rehearsal"
MOMENT = datetime(2026, 11, 1, 12, tzinfo=UTC)
FIELD = "Signatur1"
_LINES = (
    b"Avtale DA-2026-000042-J.1",
    b"en to tre fire fem seks",
    b"sju aatte ni ti elleve tolv",
    b"14 15 16 17 18 19",
)
_TEXT = b"BT /F1 11 Tf 72 700 Td 150 TL " + b" ".join(b"(%s) Tj T*" % line for line in _LINES) + b" ET"
"""Enough words, far enough apart, to find the page again (intake/reading/alignment.py)."""


def issued() -> bytes:
    """One tagged page with some lines of text and an empty signature field."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
    page.obj.Contents = pdf.make_stream(_TEXT)
    field = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Widget, FT=pikepdf.Name.Sig, T=pikepdf.String(FIELD), F=4,
            P=page.obj, Rect=pikepdf.Array([72, 80, 272, 140]),
        )
    )  # fmt: skip
    page.obj.Annots = pikepdf.Array([field])
    pdf.Root.AcroForm = pdf.make_indirect(pikepdf.Dictionary(Fields=pikepdf.Array([field]), SigFlags=3))
    tree = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.StructTreeRoot))
    element = pikepdf.Dictionary(Type=pikepdf.Name.StructElem, S=pikepdf.Name.P, P=tree, Pg=page.obj, K=0)
    tree.K = pikepdf.Array([pdf.make_indirect(element)])
    pdf.Root.StructTreeRoot = tree
    output = io.BytesIO()
    pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False, static_id=True)
    return output.getvalue()


def main() -> None:
    """Make both files anew."""
    pki = ThrowawayPki.create(MOMENT)
    signed = sign(issued(), pki.person("Kari Nordmann"), field=FIELD, level="B-LTA", now=MOMENT)
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "signed.pdf").write_bytes(signed)
    (FOLDER / "anchor.der").write_bytes(pki.root.der)


if __name__ == "__main__":
    main()
