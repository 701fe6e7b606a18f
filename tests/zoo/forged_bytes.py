"""Forged returns: the bytes are arranged so that a reader and a checker see different things."""

import io
import re
from functools import cache

import pikepdf

from signatures.cms import read_cms
from signatures.prescan import encoded_size
from signatures.throwaway import sign
from tests.signatures.ambiguous import AMBIGUOUS
from tests.signatures.papers import append_objects, make_agreement
from tests.zoo.forged_content import signed
from tests.zoo.honest import archived
from tests.zoo.keeper import KARI, NOW, OLA, Builder, Specimen, by_kari, issued, jointly, kari, kept, stranger

BYTES: dict[str, Builder] = {}
PAINT = b"q 1 g 0 0 595 842 re f Q"


def forged(builder: Builder) -> Builder:
    """Into the cage, under its name."""
    BYTES[builder.__name__] = builder
    return builder


def _range(pdf: bytes) -> tuple[int, int, int, int]:
    found = re.findall(rb"/ByteRange\s*\[\s*(\d+) (\d+) (\d+) (\d+)\s*\]", pdf)[-1]
    first, length, second, rest = (int(number) for number in found)
    return first, length, second, rest


@cache
def _basic() -> bytes:
    """Signed, and nothing after it."""
    return sign(issued(), kari(), field="Signatur1", level="B-B", now=NOW, embed_revocation=False)


# --- altered bytes ----------------------------------------------------------------------------------------------------


@forged
def a_signed_byte_altered() -> Specimen:
    pdf = bytearray(signed())
    place = pdf.index(b"stream\n", 2000) + 20
    pdf[place] ^= 1
    return by_kari(bytes(pdf))


@forged
def a_byte_of_the_signature_value_altered() -> Specimen:
    pdf = signed()
    _, length, second, _ = _range(pdf)
    value = read_cms(bytes.fromhex(pdf[length + 1 : second - 1].decode())).signer_info["signature"].contents
    place = pdf.lower().index(value.hex().encode()) + 20
    return by_kari(pdf[:place] + (b"0" if pdf[place : place + 1] != b"0" else b"1") + pdf[place + 1 :])


@forged
def something_hidden_in_the_signatures_padding() -> Specimen:
    pdf = signed()
    second = _range(pdf)[2]
    return by_kari(pdf[: second - 9] + b"deadbeef" + pdf[second - 1 :])


def _encoded_anew(head: bytes, tail: bytes) -> Specimen:
    """Another encoding of the same outermost value, which ends earlier than a reader of its first bytes may think."""
    pdf = signed()
    _, length, second, _ = _range(pdf)
    der = bytes.fromhex(pdf[length + 1 : second - 1].decode())
    size = encoded_size(der)
    assert der[1] == 0x82  # a length of two bytes
    value = head + der[4:size] + tail + b"another agreement"
    return by_kari(pdf[: length + 1] + value.ljust(len(der), b"\x00").hex().encode() + pdf[second - 1 :])


@forged
def something_hidden_behind_a_length_of_five_bytes() -> Specimen:
    pdf = signed()
    length = _range(pdf)[1]
    stated = int(pdf[length + 5 : length + 9], 16)
    return _encoded_anew(b"\x30\x85" + stated.to_bytes(5, "big"), b"")


@forged
def something_hidden_behind_a_length_left_open() -> Specimen:
    return _encoded_anew(b"\x30\x80", b"\x00\x00")


@forged
def a_gap_wider_than_the_signature() -> Specimen:
    pdf = signed()
    _, length, second, rest = _range(pdf)
    written = re.findall(rb"/ByteRange\s*\[[^\]]*\]", pdf)[-1]
    wider = b"/ByteRange [0 %d %d %d]" % (length - 10, second, rest)
    return by_kari(pdf.replace(written, wider.ljust(len(written)), 1))


@forged
def the_signed_ranges_taken_away() -> Specimen:
    """Universal signature forgery: a checker that finds nothing to check may find nothing wrong."""
    return by_kari(signed().replace(b"/ByteRange", b"/ByteRangf"))


@forged
def the_signature_taken_out_of_its_string() -> Specimen:
    """As above, with the other half."""
    pdf = signed()
    _, length, second, _ = _range(pdf)
    return by_kari(pdf[: length + 1] + b"0" * (second - length - 2) + pdf[second - 1 :])


@forged
def a_signature_of_another_document_put_in() -> Specimen:
    pdf, other = signed(), sign(make_agreement(), kari(), field="Signatur1", level="B-B", now=NOW)
    _, length, second, _ = _range(pdf)
    _, start, end, _ = _range(other)
    der = bytes.fromhex(other[start + 1 : end - 1].decode())
    digits = der[: encoded_size(der)].hex().encode().ljust(second - length - 2, b"0")
    return by_kari(pdf[: length + 1] + digits[: second - length - 2] + pdf[second - 1 :])


# --- after the end ----------------------------------------------------------------------------------------------------


@forged
def bytes_after_the_end() -> Specimen:
    return by_kari(signed() + b"hidden")


@forged
def blanks_after_the_end() -> Specimen:
    """Nothing is hidden there, but nobody signed it either: for a person to see."""
    return by_kari(signed() + b"\r\n \r\n")


@forged
def a_second_end_with_something_hidden_before_it() -> Specimen:
    pdf = signed()
    return by_kari(pdf + b"hidden\n" + re.findall(rb"startxref\s+\d+\s+%%EOF", pdf)[-1] + b"\n")


@forged
def objects_after_the_end_that_only_a_repairing_reader_sees() -> Specimen:
    """Incremental saving attack without a cross-reference section."""
    pdf = signed()
    number = _page_content(pdf)
    return by_kari(pdf + b"%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (number, len(PAINT), PAINT))


def _page_content(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return int(document.pages[0].obj.Contents.objgen[0])


def _content_object() -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(PAINT), PAINT)


@forged
def page_content_replaced_by_a_handwritten_revision() -> Specimen:
    pdf = signed()
    return by_kari(append_objects(pdf, {_page_content(pdf): _content_object()}))


@forged
def page_content_freed() -> Specimen:
    """The object is declared free: a strict reader shows an empty page."""
    pdf = signed()
    number = _page_content(pdf)
    return by_kari(_revision(pdf, b"%d 1\n%010d %05d f \n" % (number, 0, 1), b""))


@forged
def a_page_pointed_at_the_bytes_of_another() -> Specimen:
    """No new object: the new cross-reference table only says that one page lies where another one does."""
    pdf = signed()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        one, other = (page.obj.Contents.objgen[0] for page in document.pages[:2])
    place = pdf.index(b"\n%d 0 obj" % other) + 1
    faked = _revision(pdf, b"%d 1\n%010d 00000 n \n" % (one, place), b"")
    return by_kari(faked)


@forged
def hidden_objects_for_readers_of_old_and_new() -> Specimen:
    """A hybrid file (ISO 32000-1, 7.5.8.4): new readers follow /XRefStm, old ones do not."""
    pdf = signed()
    number, own = _page_content(pdf), _size(pdf)
    body = b"%d 0 obj\n%s\nendobj\n" % (number, _content_object())
    place = len(pdf) + len(body)
    table = b"".join(
        kind.to_bytes(1, "big") + offset.to_bytes(4, "big") + b"\x00" for kind, offset in ((1, len(pdf)), (1, place))
    )
    stream = (
        b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 1] /Index [%d 1 %d 1] /Root %s /Length %d >>\n"
        b"stream\n%s\nendstream\nendobj\n" % (own, own + 1, number, own, _root(pdf), len(table), table)
    )
    return by_kari(_revision(pdf, b"0 0\n", body + stream, b"/XRefStm %d " % place, size=own + 1))


def _size(pdf: bytes) -> int:
    return max(int(number) for number in re.findall(rb"/Size\s+(\d+)", pdf))


def _root(pdf: bytes) -> bytes:
    return re.findall(rb"/Root\s+(\d+ \d+ R)", pdf)[-1]  # type: ignore[no-any-return]


def _revision(pdf: bytes, table: bytes, body: bytes, extra: bytes = b"", *, size: int | None = None) -> bytes:
    """One more revision, table and trailer by hand."""
    previous = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    start = len(pdf) + len(body)
    entries = (size or _size(pdf), _root(pdf), previous, extra)
    trailer = b"trailer\n<< /Size %d /Root %s /Prev %s %s>>\nstartxref\n" % entries
    return pdf + body + b"xref\n" + table + trailer + b"%d\n%%%%EOF\n" % start


@forged
def a_revision_that_names_itself_as_the_one_before() -> Specimen:
    pdf = signed()
    looped = _revision(pdf, b"0 0\n", b"")
    previous = re.findall(rb"/Prev (\d+)", looped)[-1]
    own = re.findall(rb"startxref\s+(\d+)", looped)[-1]
    head, _, tail = looped.rpartition(b"/Prev " + previous)
    return by_kari(head + b"/Prev " + own.ljust(len(previous)) + tail)


@forged
def a_revision_that_leaves_out_the_one_that_was_signed() -> Specimen:
    """Its predecessor is the issued document; the signed revision between the two is on no reader's way."""
    pdf = signed()
    skipping = _revision(pdf, b"0 0\n", b"")
    previous = re.findall(rb"/Prev (\d+)", skipping)[-1]
    before = re.findall(rb"startxref\s+(\d+)", issued())[-1]
    head, _, tail = skipping.rpartition(b"/Prev " + previous)
    return by_kari(head + b"/Prev " + before + tail)


@forged
def an_object_stream_written_anew() -> Specimen:
    """The objects inside change without being mentioned."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_agreement())) as pdf:
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=False, static_id=True)
    form = output.getvalue()
    stream = re.search(rb"\n(\d+) 0 obj\n(<< /Type /ObjStm.*?endstream)", form, re.DOTALL)
    assert stream is not None
    once = sign(form, kari(), field="Signatur1", level="B-LT", now=NOW)
    return by_kari(append_objects(once, {int(stream[1]): stream[2].replace(b"/Helvetica", b"/Symbolics")}), issued=form)


@forged
def other_content_wrapped_in_the_signature() -> Specimen:
    """Signature wrapping: the second signed part is moved back, and what is put between belongs to no signature.

    The old `startxref` now leads into the attacker's table; there the signature's dictionary is written again with
    ranges that still give the signed bytes.
    """
    pdf = _basic()
    _, length, second, rest = _range(pdf)
    old_table = int(re.findall(rb"startxref\s+(\d+)", pdf)[-1])
    with pikepdf.open(io.BytesIO(pdf)) as document:
        value = int(document.Root.AcroForm.Fields[0].V.objgen[0])
        content = int(document.pages[0].obj.Contents.objgen[0])
    previous = re.findall(rb"/Prev\s+(\d+)", pdf)[-1]
    contents = pdf[length:second]
    paint = b"\n%d 0 obj\n%s\nendobj\n" % (content, _content_object())
    assert old_table > second + len(paint)
    own = old_table + 4000
    entry = b"%d 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Contents " % value
    moved = own + len(entry + contents) + 200
    places = {
        number: place if place < second else place + moved - second for number, place in _table(pdf, old_table).items()
    } | {content: second + 1, value: own}
    table = b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % item for item in sorted(places.items()))
    trailer = b"trailer\n<< /Size %d /Root %s /Prev %s >>\n" % (_size(pdf), _root(pdf), previous)
    head = (paint.ljust(old_table - second, b"\n") + table + trailer).ljust(own - second, b"\n")
    assert len(head) == own - second
    ranges = b" /ByteRange [0 %d %d %d] >>\nendobj\n" % (length, moved, rest)
    inserted = (head + entry + contents + ranges).ljust(moved - second, b"\n")
    return by_kari(pdf[:second] + inserted + pdf[second:], trust=kept())


def _table(pdf: bytes, start: int) -> dict[int, int]:
    """Where the objects of one cross-reference section lie."""
    words = pdf[start : pdf.index(b"trailer", start)].split()[1:]
    places: dict[int, int] = {}
    while words:
        first, count = int(words[0]), int(words[1])
        for index in range(count):
            place, _, kind = words[2 + 3 * index : 5 + 3 * index]
            if kind == b"n":
                places[first + index] = int(place)
        words = words[2 + 3 * count :]
    return places


# --- two in one, none in one ------------------------------------------------------------------------------------------


@forged
def cut_in_the_middle_of_the_signature() -> Specimen:
    pdf = signed()
    return by_kari(pdf[: _range(pdf)[1] + 500])


@forged
def another_file_in_front() -> Specimen:
    """Two files in one: some readers count from the first header, others from the one that fits."""
    return by_kari(make_agreement() + signed())


@forged
def junk_in_front_of_the_header() -> Specimen:
    return by_kari(b"GIF89a\n" + signed())


@forged
def encrypted_with_a_password() -> Specimen:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(issued())) as pdf:
        pdf.save(output, encryption=pikepdf.Encryption(user="hemmelig", owner="hemmelig"))
    return by_kari(output.getvalue())


@forged
def no_pdf_at_all() -> Specimen:
    return by_kari(b"PK\x03\x04" + signed()[4:2000])


@forged
def empty() -> Specimen:
    return by_kari(b"")


@forged
def more_signatures_than_anybody_needs() -> Specimen:
    filler = b"".join(b"%% /ByteRange [0 1 2 3] %d\n" % number for number in range(40))
    pdf = archived()
    return by_kari(pdf[:-6] + filler + pdf[-6:])


@forged
def the_second_signer_signs_only_what_was_issued() -> Specimen:
    """Two returns glued together: each signed the issued bytes, the second does not cover the first."""
    one = sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-B", now=NOW)
    other = sign(issued(KARI, OLA), stranger(), field="Signatur2", level="B-B", now=NOW)
    return jointly(one + other[len(issued(KARI, OLA)) :])


# --- cross-references that programs read differently ------------------------------------------------------------------


def _ambiguous(name: str) -> Builder:
    def build() -> Specimen:
        pdf = signed()
        content = re.search(rb"/Contents (\d+) 0 R", pdf)
        assert content is not None
        write, _ = AMBIGUOUS[name]
        return by_kari(write(pdf, int(content[1])))

    return build


for _name in AMBIGUOUS:
    BYTES[f"another_page_content_{_name}"] = _ambiguous(_name)
