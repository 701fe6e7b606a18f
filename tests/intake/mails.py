"""Mails as people, programs and attackers write them, built byte by byte or by the standard library, never by our own
reader.
"""

import base64
import io
import struct
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n" + bytes(range(256)) * 8 + b"\nstartxref\n0\n%%EOF\n"
OTHER_PDF = PDF.replace(b"1.7", b"1.6")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def letter(
    body: str = "Hei, her er avtalen.\n", *, pdf: bytes | None = None, name: str = "avtale.pdf", **headers: str
) -> bytes:
    """A mail as an ordinary program writes it; `x_loop="…"` becomes the field X-Loop."""
    message = EmailMessage()
    fields = {"from": "Kari <kari@example.org>", "to": "avtaler@example.org", "subject": "Avtale"} | headers
    for field, value in fields.items():
        if value:
            message[field.replace("_", "-").title()] = value
    message.set_content(body)
    if pdf is not None:
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)
    return message.as_bytes()


def raw(*headers: str | bytes, body: bytes = b"") -> bytes:
    """A mail, or a part of one, from the lines of its header."""
    lines = (line if isinstance(line, bytes) else line.encode() for line in headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def multipart(*parts: bytes, kind: str = "mixed", boundary: str = "=_b", headers: Iterable[str] = ()) -> bytes:
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    fields = ("From: kari@example.org", "Subject: Avtale", *headers)
    content_type = f'Content-Type: multipart/{kind}; boundary="{boundary}"'
    return raw(*fields, content_type, body=body + b"--" + boundary.encode() + b"--\r\n")


def part(data: bytes, *headers: str | bytes) -> bytes:
    """A part in base64."""
    return raw(*headers, "Content-Transfer-Encoding: base64", body=base64.encodebytes(data).replace(b"\n", b"\r\n"))


def a_zip(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return output.getvalue()


def locked(archive: bytes) -> bytes:
    """The archive with every entry marked as encrypted, in its own place and in the directory."""
    changed = bytearray(archive)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = archive.find(mark)
        while at >= 0:
            changed[at + offset] |= 1
            at = archive.find(mark, at + 1)
    return bytes(changed)


# --- winmail.dat: [MS-OXTNEF] -----------------------------------------------------------------------------------------


def tnef(*attachments: bytes) -> bytes:
    version = tnef_attribute(0x00089006, struct.pack("<I", 0x10000), level=1)
    return b"\x78\x9f\x3e\x22\x01\x00" + version + b"".join(attachments)


def tnef_attribute(identity: int, data: bytes, *, level: int = 2) -> bytes:
    return struct.pack("<BII", level, identity, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def tnef_file(data: bytes, *, title: str = "AVTALE~1.PDF", long_name: str = "") -> bytes:
    properties = [] if not long_name else [tnef_property(0x1F, 0x3707, long_name.encode("utf-16-le") + b"\0\0")]
    return (
        tnef_attribute(0x00069002, bytes(14))
        + tnef_attribute(0x00018010, title.encode("cp1252") + b"\0")
        + tnef_attribute(0x0006800F, data)
        + (tnef_properties(*properties) if properties else b"")
    )


def tnef_message(inner: bytes, name: str = "Videresendt") -> bytes:
    """An attachment that is a message: winmail.dat again, as an object, beside properties nobody asks for."""
    named = (
        struct.pack("<HH", 0x1E, 0x8001) + bytes(16) + struct.pack("<II", 1, 6) + "Hei".encode("utf-16-le") + bytes(2)
    )
    named += struct.pack("<II", 1, 3) + b"ab\0\0"
    numbers = struct.pack("<HHI", 0x1003, 0x1234, 2) + struct.pack("<II", 7, 8)
    item = tnef_property(0x0D, 0x3701, bytes(16) + inner)
    title = tnef_property(0x1E, 0x3704, name.encode("cp1252") + b"\0")
    return tnef_attribute(0x00069002, bytes(14)) + tnef_properties(named, numbers, item, title)


def tnef_property(kind: int, identity: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, identity, 1, len(value)) + value + bytes(-len(value) % 4)


def tnef_properties(*properties: bytes) -> bytes:
    return tnef_attribute(0x00069005, struct.pack("<I", len(properties)) + b"".join(properties))


# --- CMS: RFC 5652 ----------------------------------------------------------------------------------------------------


def a_key() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Kari Nordmann")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()), key


def signed_opaque(content: bytes) -> bytes:
    """A real signature around the content, in DER."""
    certificate, key = a_key()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def enveloped(content: bytes) -> bytes:
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(a_key()[0])
    return builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x84]) + size.to_bytes(4, "big")
    return bytes([tag]) + length + content


def endless(tag: int, content: bytes) -> bytes:
    """An element under an indefinite length, as streaming writers make it."""
    return bytes([tag, 0x80]) + content + b"\0\0"


def signed_streamed(content: bytes, *, piece: int = 1000) -> bytes:
    """The build of an opaque signed message from a streaming writer: the content in pieces, no length told ahead."""
    pieces = b"".join(der(0x04, content[at : at + piece]) for at in range(0, len(content), piece))
    data, signed = (bytes.fromhex(f"06092a864886f70d01070{last}") for last in (1, 2))
    inner = endless(0x30, data + endless(0xA0, endless(0x24, pieces)))
    digests = endless(0x31, der(0x30, bytes.fromhex("0609608648016503040201")))
    return endless(0x30, signed + endless(0xA0, endless(0x30, b"\x02\x01\x01" + digests + inner + b"\x31\x00")))


# --- delivery reports: RFC 3464 ---------------------------------------------------------------------------------------


def bounce(*, returned: bytes, status: str = "5.1.1", action: str = "failed", envelope_id: str = "utboks-17") -> bytes:
    told = (
        f"Reporting-MTA: dns; mx.example.org\r\nOriginal-Envelope-Id: {envelope_id}\r\n\r\n"
        f"Original-Recipient: rfc822; kari@example.org\r\nFinal-Recipient: rfc822;\r\n kari@mx.example.org\r\n"
        f"Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 {status} no such user\r\n"
    ).encode()
    return multipart(
        raw("Content-Type: text/plain", body=b"This is the mail system."),
        raw("Content-Type: message/delivery-status", body=told),
        raw("Content-Type: message/rfc822", body=returned),
        kind="report; report-type=delivery-status",
        headers=("Return-Path: <>", "Auto-Submitted: auto-replied"),
    )
