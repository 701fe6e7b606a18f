"""How the demo forges: incremental updates written by hand, as an attacker would, on the plain objects of an issued
PDF.

Only for the demo's own documents: classic cross-reference table, no object streams, one dictionary per object.
"""

import re

_STARTXREF = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_ROOT = re.compile(rb"/Root\s+(\d+ \d+ R)")
_SIZE = re.compile(rb"/Size\s+(\d+)")
_PAGE = re.compile(
    rb"(?:^|\n)(\d+) 0 obj\s*(<<(?:(?!endobj).)*?/Type\s*/Page\b(?!s)(?:(?!endobj).)*?>>)\s*endobj", re.DOTALL
)
_CONTENTS = re.compile(rb"/Contents\s+(\d+ 0 R)")
_OVERLAY = b"q 1 1 1 rg 60 60 300 40 re f Q BT 0 0 0 rg /F0 12 Tf 70 75 Td (%s) Tj ET\n"


def write_over_page(pdf: bytes, words: str) -> bytes:
    """The PDF with a white box and new words over its first page, as one more revision.

    Everything before stays byte for byte.
    """
    number, page = _first_page(pdf)
    contents = _CONTENTS.search(page)
    if contents is None:
        raise ValueError("the page has no single content stream")
    new = _next_number(pdf)
    drawing = _OVERLAY % words.encode("ascii")
    stream = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing)
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    changed = page.replace(contents[0], b"/Contents [%s %d 0 R]" % (contents[1], new))
    changed = _with_font(changed, b"%d 0 R" % (new + 1))
    return append_revision(pdf, {number: changed, new: stream, new + 1: font})


def append_revision(pdf: bytes, objects: dict[int, bytes]) -> bytes:
    """An incremental update (ISO 32000-1, 7.5.6): objects, cross-reference section, trailer that names the one
    before.
    """
    previous = _STARTXREF.search(pdf)
    root = _ROOT.findall(pdf)
    if previous is None or not root:
        raise ValueError("no classic trailer at the end")
    update = bytearray(b"" if pdf.endswith(b"\n") else b"\n")
    sections: list[bytes] = []
    for number in sorted(objects):
        offset = len(pdf) + len(update)
        update += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
        sections.append(b"%d 1\n%010d 00000 n \n" % (number, offset))
    size = max(_next_number(pdf), max(objects) + 1)
    start = len(pdf) + len(update)
    trailer = b"trailer\n<< /Size %d /Root %s /Prev %s >>\n" % (size, root[-1], previous[1])
    update += b"xref\n" + b"".join(sections) + trailer + b"startxref\n%d\n%%%%EOF\n" % start
    return pdf + bytes(update)


def flip_byte(pdf: bytes, position: int) -> bytes:
    """The PDF with one bit changed at a position."""
    return pdf[:position] + bytes([pdf[position] ^ 1]) + pdf[position + 1 :]


def _first_page(pdf: bytes) -> tuple[int, bytes]:
    match = _PAGE.search(pdf)
    if match is None:
        raise ValueError("no plain page object")
    return int(match[1]), match[2]


def _with_font(page: bytes, font: bytes) -> bytes:
    """Name one more font in the page's own resources, where they stand in the page itself."""
    if re.search(rb"/Font\s*<<", page):
        return re.sub(rb"/Font\s*<<", b"/Font << /F0 " + font, page, count=1)
    return page.replace(b"/Resources <<", b"/Resources << /Font << /F0 " + font + b" >>", 1)


def _next_number(pdf: bytes) -> int:
    return max(int(size) for size in _SIZE.findall(pdf))
