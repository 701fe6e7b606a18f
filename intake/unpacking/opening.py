"""Opens a delivery: looks at what each content is, has the reader of its kind take it apart, and opens what comes out.

The readers know nothing of each other; only this module goes from one level to the next, and counts (`Tray`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agreements.findings import (
    INT_BROKEN_PACKAGE,
    INT_CONTAINER,
    INT_ENCRYPTED_MAIL,
    INT_LINK,
    INT_NO_PDF_INSIDE,
    INT_OUTER_SIGNATURE,
    Finding,
)
from agreements.mail import AGREEMENT_HEADER, OWN_HEADER
from agreements.verification import find_codes
from intake.classify import HEAD_BYTES, declared_kind
from intake.unpacking.asic import is_asic
from intake.unpacking.cms import BrokenCmsError, CmsKind, read_cms
from intake.unpacking.enquiry import find_enquired
from intake.unpacking.headers import Headers, find_addresses, find_message_ids, read_date, read_headers
from intake.unpacking.limits import (
    MAX_ADDRESSES,
    MAX_HEADER_BYTES,
    MAX_LOGO_BYTES,
    MAX_MESSAGE_ID,
    MAX_RAW_BYTES,
    MAX_SUBJECT,
    MAX_TEXTS,
    MAX_ZIP_DEPTH,
    Bound,
)
from intake.unpacking.links import find_links
from intake.unpacking.mail_kind import bar_to_reply, is_auto_replied, kind_of, sender_of
from intake.unpacking.mime import MESSAGE_TYPES, Entity, read_entity
from intake.unpacking.own_words import find_own_words, find_sender_ids, is_question, shown_text
from intake.unpacking.reports import RETURNED_TYPES, STATUS_TYPES, is_delivery_report, read_report
from intake.unpacking.sniffing import Shape, has_remnants, is_bare_entity, is_file, is_pdf_inside, sealed_kind, shape_of
from intake.unpacking.tnef import read_tnef
from intake.unpacking.tray import Inner, Place, Tray
from intake.unpacking.values import MailReading, Unpacking
from intake.unpacking.words import decode_text
from intake.unpacking.zips import read_zip

_NOT_FILES: Final = (
    *("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"),
    *("text/calendar", "text/vcard", "text/x-vcard", "message/disposition-notification", *STATUS_TYPES),
)
"""Parts that mail programs add by themselves."""
_PDF_TYPES: Final = ("application/pdf", "application/x-pdf")
_ZIP: Final = b"PK\x03\x04"
_RECIPIENT_FIELDS: Final = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """A delivery taken apart."""

    unpacking: Unpacking
    contents: Mapping[str, bytes]
    """The candidates' bytes by SHA-256 (hex)."""


def unpack(data: bytes, *, mail: bool | None = None, name: str = "") -> Unpacked:
    """Take a delivery apart. Never raises, whatever the bytes.

    `mail`: True for what came from a mailbox, which is a mail whatever it looks like; None where its own beginning is
    to tell (a file: PDF, .eml, zip, .p7m, winmail.dat). `name`: what the file is called; empty for a mail.
    """
    tray = Tray()
    reading: MailReading | None = None
    if len(data) > MAX_RAW_BYTES:
        tray.tell_limit(Bound.SIZE, MAX_RAW_BYTES)
        data = data[:MAX_RAW_BYTES] if mail else b""  # a mail's header comes first, and says what it is
    if mail or (mail is None and shape_of(data) is Shape.MAIL):
        reading = _open_mail(data, tray)
    else:
        _open_content(Inner(name=name, data=data), Place(), tray)
    if reading is None or reading.report is None:
        _tell_what_is_missing(data, tray)
    candidates, others = tuple(tray.candidates), tuple(tray.others)
    unpacking = Unpacking(mail=reading, candidates=candidates, findings=tray.findings, others=others)
    return Unpacked(unpacking=unpacking, contents=tray.contents)


def _tell_what_is_missing(data: bytes, tray: Tray) -> None:
    """Files without a PDF among them, a link in their place, and a damaged mail that seems to hold none are for a
    person.
    """
    if tray.candidates:
        return
    if tray.links:
        tray.tell(INT_LINK(hosts=tray.named_links))
    if tray.unread:
        tray.tell(INT_NO_PDF_INSIDE(count=tray.unread))
    if not tray.findings and (tray.cut_short or is_pdf_inside(data)):
        tray.tell(INT_BROKEN_PACKAGE(kind="mail"))


# --- mails ------------------------------------------------------------------------------------------------------------


def _open_mail(data: bytes, tray: Tray) -> MailReading:
    entity = _read_entity(data, tray)
    report = None
    if is_delivery_report(entity):
        report = read_report(_parts(entity, tray, skip=()))
        _open_parts(entity, Place(), tray, skip=RETURNED_TYPES)  # what we sent ourselves is no return
    else:
        _open_entity(entity, Place(), tray)
    headers, bar = entity.headers, bar_to_reply(entity)
    subject = decode_text(headers.first("subject"))[:MAX_SUBJECT]
    own = [find_own_words(text) for text in tray.texts]
    return MailReading(
        kind=kind_of(entity, bar, has_pdf=bool(tray.candidates), encrypted=tray.encrypted),
        bar_to_reply=bar,
        message_id=next(iter(find_message_ids(headers.first("message-id"))), ""),
        in_reply_to=find_message_ids(headers.first("in-reply-to")),
        references=find_message_ids(headers.first("references")),
        sender=sender_of(headers),
        recipients=_recipients(headers),
        subject=subject,
        date=read_date(headers.first("date")),
        mark=decode_text(headers.first(OWN_HEADER.lower()))[:MAX_MESSAGE_ID],
        agreement=decode_text(headers.first(AGREEMENT_HEADER.lower()))[:MAX_MESSAGE_ID],
        report=report,
        asks=not is_auto_replied(entity) and any(map(is_question, (subject, *own))),
        sender_ids=find_sender_ids(own),
        codes=find_codes("\n".join(own)),
        enquired=find_enquired(subject, tray.texts),
    )


def _recipients(headers: Headers) -> tuple[str, ...]:
    fields = (field for name in _RECIPIENT_FIELDS for field in headers.fields.get(name, ()))
    found = dict.fromkeys(address for field in fields for address in find_addresses(field))
    return tuple(found)[:MAX_ADDRESSES]


def _open_message(data: bytes, place: Place, tray: Tray) -> None:
    """A message in the delivery: its subject is a step of the way to what it holds."""
    entity = _read_entity(data, tray)
    subject = decode_text(entity.headers.first("subject"))
    _open_entity(entity, place.inside(subject or "_"), tray)


def _open_declared_message(entity: Entity, place: Place, tray: Tray) -> None:
    """What calls itself a message and is none is opened as what it is."""
    content = entity.content()
    if shape_of(content) is Shape.OTHER and read_headers(content).fields:
        _open_message(content, place, tray)
    else:
        _open_content(Inner(name=entity.name, data=content), place, tray)


def _read_entity(data: bytes, tray: Tray) -> Entity:
    entity = read_entity(data)
    tray.count_header(entity.headers.size)
    if entity.headers.cut:
        tray.tell_limit(Bound.HEADER, MAX_HEADER_BYTES)
    if not entity.headers.complete:
        tray.cut_short = True
        if has_remnants(data):
            tray.tell(INT_BROKEN_PACKAGE(kind="mail"))
    return entity


def _open_entity(entity: Entity, place: Place, tray: Tray) -> None:
    if not tray.may_enter(place):
        return
    if entity.media_type == "multipart/encrypted":  # RFC 1847 2.2: PGP
        tray.encrypted = True
        tray.tell(INT_ENCRYPTED_MAIL())
    elif entity.media_type.startswith("multipart/"):
        _open_parts(entity, place, tray, skip=())
    elif entity.media_type in MESSAGE_TYPES:
        _open_declared_message(entity, place, tray)
    else:
        _open_leaf(entity, place, tray)


def _open_parts(entity: Entity, place: Place, tray: Tray, *, skip: tuple[str, ...]) -> None:
    for part in _parts(entity, tray, skip=skip):
        _open_entity(part, place.inside(), tray)
    tray.cut_short = tray.cut_short or not entity.is_closed
    if has_remnants(entity.outside):
        tray.tell(INT_BROKEN_PACKAGE(kind="mail"))


def _parts(entity: Entity, tray: Tray, *, skip: tuple[str, ...]) -> Iterator[Entity]:
    for data in entity.parts():
        if not tray.may_take_part():
            return
        part = _read_entity(data, tray)
        if part.media_type not in skip:
            yield part


def _open_leaf(entity: Entity, place: Place, tray: Tray) -> None:
    """A part that is no mail: the letter itself, or a file."""
    if entity.media_type in _NOT_FILES:
        return
    content = entity.content()
    inner = Inner(name=entity.name, data=content, media_type=entity.media_type)
    is_text = entity.media_type.startswith("text/") and not entity.is_attachment
    if is_text and not is_file(content) and _signed_kind(inner) is None:
        tray.links.update(dict.fromkeys(find_links(content)))
        if not place.path and len(tray.texts) < MAX_TEXTS:
            html = entity.media_type == "text/html"
            tray.texts.append(shown_text(content, charset=entity.parameter("charset").lower(), html=html))
        if has_remnants(content):
            tray.tell(INT_BROKEN_PACKAGE(kind="mail"))
    elif not (entity.is_embedded and entity.media_type.startswith("image/") and len(content) <= MAX_LOGO_BYTES):
        _open_content(inner, place, tray)


# --- files ------------------------------------------------------------------------------------------------------------


def _open_content(inner: Inner, place: Place, tray: Tray) -> None:
    """A content by what it is; before all else a signed package, which is never taken for the file inside."""
    if not tray.may_enter(place):
        return
    signed = _signed_kind(inner)
    if signed is None:
        _open_by_shape(inner, place, tray)
    else:
        _keep_sealed(inner, place, tray, signed)


def _open_by_shape(inner: Inner, place: Place, tray: Tray) -> None:
    """What only calls itself a PDF is kept as one: judging it says what is wrong."""
    match shape_of(inner.data):
        case Shape.PDF:
            tray.add_pdf(inner.name, place, inner.data)
        case Shape.MAIL:
            _open_message(inner.data, place, tray)
        case Shape.ZIP:
            _open_zip(inner, place, tray)
        case Shape.TNEF:
            _open_items(read_tnef(inner.data), place.inside(), tray)
        case Shape.CMS:
            _open_cms(inner, place, tray)
        case Shape.SEALED:
            _keep_sealed(inner, place, tray, sealed_kind(inner.data) or "other")
        case Shape.OTHER if inner.media_type in _PDF_TYPES or inner.name.lower().endswith(".pdf"):
            tray.add_pdf(inner.name, place, inner.data)
        case Shape.OTHER:
            tray.unread += 1
            tray.add_other(inner, place, "other")


def _signed_kind(inner: Inner) -> str | None:
    """The kind of signed package that it is called or, of an archive, is; None for anything else."""
    kind = declared_kind(inner.data[:HEAD_BYTES], inner.name, inner.media_type)
    if kind is None and inner.data.startswith(_ZIP) and is_asic(inner.data):
        return "asice"
    return kind


def _keep_sealed(inner: Inner, place: Place, tray: Tray, kind: str) -> None:
    tray.tell(INT_CONTAINER(kind=kind))
    tray.add_other(inner, place, kind)


def _open_zip(inner: Inner, place: Place, tray: Tray) -> None:
    if place.zips >= MAX_ZIP_DEPTH:
        tray.tell_limit(Bound.ZIP_DEPTH, MAX_ZIP_DEPTH)
        tray.add_other(inner, place, "zip")
        return
    _open_items(read_zip(inner.data, tray.may_unpack), place.inside(inner.name or "zip", zips=1), tray)


def _open_items(items: Iterator[Inner | Finding], place: Place, tray: Tray) -> None:
    for item in items:
        if not tray.may_take_part():
            return
        if isinstance(item, Finding):
            tray.tell(item)
        else:
            _open_content(item, place, tray)


def _open_cms(inner: Inner, place: Place, tray: Tray) -> None:
    """An opaque S/MIME message, or a file signed as a whole: what it holds. A detached signature holds nothing."""
    try:
        message = read_cms(inner.data)
    except BrokenCmsError:
        tray.tell(INT_BROKEN_PACKAGE(kind="p7m"))
        tray.add_other(inner, place, "p7m")
        return
    if message.kind is CmsKind.ENCRYPTED:
        tray.encrypted = True
        tray.tell(INT_ENCRYPTED_MAIL())
        tray.add_other(inner, place, "encrypted")
    elif message.kind is CmsKind.OTHER:
        tray.tell(INT_CONTAINER(kind="p7m"))
        tray.add_other(inner, place, "p7m")
    elif message.content is None:
        tray.unread += 1
        tray.add_other(inner, place, "signature")
    elif is_bare_entity(message.content):
        _open_entity(_read_entity(message.content, tray), place.inside(), tray)
    else:
        tray.tell(INT_OUTER_SIGNATURE())  # somebody signed around the file: that is not looked at
        _open_content(Inner(name=inner.name.removesuffix(".p7m"), data=message.content), place.inside(), tray)
