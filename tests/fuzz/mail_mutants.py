"""Mutants of mails: a plain seeded mutator that knows what MIME, zip, TNEF and CMS are made of.

The same number makes the same changes to the same seed. Packages are mutated before they are put into a mail, for
nothing gets through base64 by chance.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

from intake.unpacking import unpack
from tests.intake.mails import (
    OTHER_PDF,
    PDF,
    a_zip,
    bounce,
    enveloped,
    letter,
    locked,
    multipart,
    part,
    raw,
    signed_opaque,
    signed_streamed,
    tnef,
    tnef_file,
    tnef_message,
)

TOKENS: Final = (
    *(b"\r\n", b"\n", b"\r\n\r\n", b"--=_b", b"--=_b--", b"\r\n--=_b\r\n", b";", b'"', b"\\", b"=", b"*", b"'", b":"),
    *(b"Content-Type: ", b"Content-Type: multipart/mixed; boundary==_b", b"Content-Type: message/rfc822\r\n\r\n"),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Disposition: attachment; filename*0*=utf-8''%"),
    *(b"=?utf-8?b?", b"=?punycode?q?", b"?=", b"=?idna?b?/////w==?=", b"<", b">", b"(", b")", b"@", b",", b"<[", b"]>"),
    *(b"multipart/report; report-type=delivery-status", b"message/delivery-status", b"boundary=", b'boundary=""'),
    *(b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"\x30\x80", b"\x24\x80", b"\xa0\x80", b"\0\0", b"\xff\xff\xff\xff"),
    *(b"\x78\x9f\x3e\x22", b"%PDF-", b"\0", b"\xe6", b"\xff", b"Date: ", b"From: ", b"-1", b"9" * 20),
)
Mutator = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def packages() -> tuple[bytes, ...]:
    """What lies in mails."""
    return (
        PDF,
        a_zip(("a.pdf", PDF), ("mappe/b.pdf", OTHER_PDF), ("c.txt", b"x" * 3000)),
        a_zip(("a.pdf", PDF), ("b.zip", a_zip(("c.pdf", PDF))), ("d.eml", letter(pdf=PDF)), method=0),
        locked(a_zip(("a.pdf", PDF))),
        tnef(tnef_file(PDF, long_name="signert avtale.pdf"), tnef_message(tnef(tnef_file(OTHER_PDF)))),
        signed_opaque(PDF),
        signed_streamed(raw("Content-Type: application/pdf", body=PDF), piece=100),
        enveloped(PDF),
        letter(pdf=PDF),
        b'<?xml version="1.0"?><SDOList xmlns="http://www.npt.no/seid/xmlskema/SDO_v1.0">',
    )


def mails() -> tuple[bytes, ...]:
    """Mails by themselves, each of another build."""
    named = "Content-Disposition: attachment; filename*0*=utf-8''p%C3%A5; filename*1=\" nytt.pdf\""
    trace = "Received: from mx.example.org by mx2.example.org; Mon, 23 Nov 2026 09:00:00 +0000"
    return (
        letter(pdf=PDF, name="på nytt.pdf", references="<a@example.org> <b@example.org>", auto_submitted="no"),
        multipart(
            part(PDF, named), raw("Content-Type: text/html", body=b'<a href="https://1drv.ms/x">'), headers=[trace]
        ),
        multipart(multipart(part(letter(pdf=PDF), "Content-Type: message/rfc822"), boundary="=_b2"), part(PDF)),
        bounce(returned=letter(pdf=PDF, x_agreement_id="DA-2026-000042-J.1")),
        raw(
            "Subject: =?utf-8?B?w6Z0dA==?= =?iso-8859-1?q?p=E5?=", 'From: "a\\"b" <a@example.org> (c (d))', body=b"Hei"
        ),
    )


def mutant(number: int, mails: Sequence[bytes], packages: Sequence[bytes]) -> bytes:
    """The mutant of that number: a mail with one to four changes, or a package with as many in an honest mail."""
    chance = random.Random(number)
    seed, whole = _seed(chance, mails, packages)
    if whole:
        return _changed(chance, seed, mails)
    package = _changed(chance, seed, packages)
    kind = chance.choice(("application/octet-stream", "application/zip", "application/pkcs7-mime", "message/rfc822"))
    data = multipart(part(package, f"Content-Type: {kind}; name=vedlegg"))
    return data if chance.random() < 0.7 else _changed(chance, data, mails)


def holds_pdf(number: int, mails: Sequence[bytes], packages: Sequence[bytes]) -> bool:
    """Whether the seed of the mutant of that number holds a PDF that is for us, and can be taken out."""
    return bool(unpack(_seed(random.Random(number), mails, packages)[0]).contents)


def _seed(chance: random.Random, mails: Sequence[bytes], packages: Sequence[bytes]) -> tuple[bytes, bool]:
    whole = chance.random() < 0.5
    return chance.choice(mails if whole else packages), whole


def _changed(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = chance.choice(_MUTATORS)(chance, data, others)
    return data


def _place(chance: random.Random, data: bytes) -> int:
    """Anywhere, or where structure is: most bytes are an attachment's."""
    marks = [match.start() for match in re.finditer(rb"[:;=<]|\n--|PK|\n(?=[A-Z])|\x30[\x80-\x84]", data[:20_000])]
    if marks and chance.random() < 0.6:
        return min(chance.choice(marks) + chance.randrange(6), len(data))
    return chance.randrange(len(data) + 1)


def _flip(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    changed = bytearray(data or b"x")
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        changed[min(_place(chance, data), len(changed) - 1)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _token(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at, token = _place(chance, data), chance.choice(TOKENS)
    return data[:at] + token + data[at + (len(token) if chance.random() < 0.5 else 0) :]


def _remove(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at + chance.choice((1, 5, 50, 500)) :]


def _repeat(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + data[at : at + chance.choice((1, 5, 50, 500))] * chance.choice((2, 40, 1000)) + data[at:]


def _flood(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    at = _place(chance, data)
    return data[:at] + chance.choice(TOKENS) * chance.choice((100, 3000)) + data[at:]


def _splice(chance: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = chance.choice(others)
    return data[: _place(chance, data)] + other[_place(chance, other) :]


def _truncate(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    return data[: _place(chance, data)]


def _nest(chance: random.Random, data: bytes, _others: Sequence[bytes]) -> bytes:
    for level in range(chance.choice((1, 3, 12))):
        data = multipart(data, boundary=chance.choice(("=_b", f"=_{level}")))
    return data


_MUTATORS: Final[tuple[Mutator, ...]] = (
    _flip,
    _flip,
    _token,
    _token,
    _token,
    _remove,
    _repeat,
    _flood,
    _splice,
    _truncate,
    _nest,
)
