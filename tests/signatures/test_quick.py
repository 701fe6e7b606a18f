"""Each quick routine gives what the library's own gives, errors and the stream's position included."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import x509  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic

from signatures import quick

HEX = st.text("0123456789abcdefABCDEF \n\r\t\x0c\x00", max_size=600).map(str.encode)
ODD = st.sampled_from(
    [b"", b">", b"%x\n", b"%", b"g", b"<", b"(", b"\xff", b"#41", b"#4", b"/", b"!~", b"\x0b", b"7" * 300]
)
ENDS = st.sampled_from([b">", b"> rest", b">>", b"", b" >\n"])


def _outcome(read: Callable[[Any], Any], data: bytes) -> tuple[object, ...]:
    """What comes out, its kind, and where the stream is left; of an error only that it is one."""
    stream = io.BytesIO(data)
    stream.seek(1)
    try:
        value = read(stream)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return (type(error),)
    return type(value), value, getattr(value, "original_bytes", None), stream.tell()


@settings(max_examples=1000, deadline=None)
@given(first=HEX, odd=ODD, more=HEX, end=ENDS)
def test_hexadecimal_strings(first: bytes, odd: bytes, more: bytes, end: bytes) -> None:
    data = b"x<" + first + odd + more + end
    assert _outcome(quick.read_hex_string, data) == _outcome(quick._slow_hex_string, data)


@pytest.mark.parametrize("length", [0, 1, 254, 255, 256, 257, 65_790, 65_791, 65_792, 200_001])
@pytest.mark.parametrize("end", [b">x", b"", b"g>"])
def test_hexadecimal_strings_across_the_chunks(length: int, end: bytes) -> None:
    data = b"x<" + b"4A1" * (length // 3) + b"b" * (length % 3) + end
    assert _outcome(quick.read_hex_string, data) == _outcome(quick._slow_hex_string, data)


@settings(max_examples=1000, deadline=None)
@given(text=st.binary(max_size=200) | st.text("abcR#/ \n[]<>(){}%", max_size=200).map(str.encode))
def test_what_stands_before_a_delimiter(text: bytes) -> None:
    assert _outcome(quick.read_until_delimiter, b"x" + text) == _outcome(quick._slow_until_delimiter, b"x" + text)


@settings(max_examples=1000, deadline=None)
@given(name=st.binary(max_size=20) | st.text("abcR#4152/ é", max_size=20).map(str.encode))
def test_names(name: bytes) -> None:
    def run(decode: Callable[[bytes], Any]) -> tuple[object, ...]:
        try:
            value = decode(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
            return (type(error),)
        return type(value), value

    assert run(quick.decode_name) == run(quick._slow_decode_name)


def test_every_byte_in_a_name() -> None:
    for byte in range(256):
        test_names.hypothesis.inner_test(bytes([65, byte, 65]))  # type: ignore[attr-defined]


NAMES = st.builds(
    lambda common, organisation, reverse: _name(common, organisation, reverse=reverse),
    st.sampled_from(["Kari Nordmann", "kari  nordmann ", "Kari\u00a0Nordmann", "Åse", "åse", "\u2160", "i", "\ufffd"]),
    st.sampled_from([None, "Firma AS", "FIRMA as"]),
    st.booleans(),
)


def _name(common: str, organisation: str | None, *, reverse: bool) -> bytes:
    parts = {"common_name": common} | ({} if organisation is None else {"organization_name": organisation})
    built = x509.Name.build(dict(reversed(parts.items())) if reverse else parts, use_printable=False)
    return bytes(built.dump())


@settings(max_examples=500, deadline=None)
@given(one=NAMES, other=NAMES)
def test_names_of_authorities(one: bytes, other: bytes) -> None:
    def run(*, quickly: bool) -> tuple[object, ...]:
        left, right = x509.Name.load(one), x509.Name.load(other)
        try:
            if quickly:
                return left.hashable, right.hashable, left == right, left != right
            sequences = left.chosen, right.chosen  # what the library's own names ask
            return (
                sequences[0].hashable,
                sequences[1].hashable,
                sequences[0] == sequences[1],
                sequences[0] != sequences[1],
            )
        except ValueError:
            return ("no name",)

    slow = run(quickly=False)
    assert run(quickly=True) == slow
    assert run(quickly=True) == slow, "and when it is known already"


def test_a_name_that_was_changed_is_compared_as_it_is_now() -> None:
    one, other = (x509.Name.load(_name("Kari", None, reverse=False)) for _ in range(2))
    assert one == other
    one.chosen[0][0]["value"] = x509.DirectoryString(name="utf8_string", value="Ola")
    assert one != other


VALUES = st.text("aZ09 .,'-/@~\x7f\x1f\tæÆøØåÅéßİ\u00a0\u00ad\u05d0\ufffd") | st.text()


@settings(max_examples=1000, deadline=None)
@given(text=VALUES)
def test_values_of_names(text: str) -> None:
    def run(prepare: Callable[[Any, str], str]) -> tuple[object, ...]:
        try:
            return (prepare(None, text),)
        except (ValueError, IndexError) as error:
            return (type(error),)

    assert run(quick.prepare) == run(quick._slow_prepare)


def test_every_character_that_is_prepared_quickly() -> None:
    for character in map(chr, range(0x250)):
        for text in (character, f"a{character}b", f" {character}", f"{character} ", f"a  {character}  b"):
            test_values_of_names.hypothesis.inner_test(text)  # type: ignore[attr-defined]


def test_what_is_no_name_equals_no_name() -> None:
    assert not quick.names_are_equal(x509.Name.load(_name("Kari", None, reverse=False)), "Kari")


def test_the_engine_uses_them() -> None:
    assert generic.read_hex_string_from_stream is quick.read_hex_string
    assert vars(generic)["read_until_delimiter"] is quick.read_until_delimiter
    assert generic._decode_name is quick.decode_name
    assert x509.Name.hashable.fget is quick.name_key
    assert x509.Name.__eq__ is quick.names_are_equal
