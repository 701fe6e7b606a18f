"""What came out of a delivery, as values that pass a process border as JSON.

Their texts come from strangers: bounded and cleaned, never to be believed, and never for a log.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from agreements.findings import Finding
from agreements.verification import MAX_CODES
from intake.names import MAX_DISPLAY_NAME
from intake.unpacking.limits import MAX_DEPTH, MAX_OTHERS, MAX_PDFS, MAX_SENDER_IDS

MAX_ENQUIRED: Final = 5
"""Organisation numbers taken from one mail; ours: two are too many to make a case of."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class MailKind(StrEnum):
    """What a mail is to us. It says nothing about its documents, which are there whatever the kind."""

    RETURN = "return"
    """It carries a PDF."""
    AUTO_REPLY = "auto_reply"
    """An absence message, a read receipt: written by a program, and no document in it."""
    BOUNCE = "bounce"
    """What a mail system says about a mail of ours; see `MailReading.report`."""
    OWN_COPY = "own_copy"
    """It bears a header of ours. Anybody can write one: the Message-ID must be one of ours before it is set aside."""
    LIST = "list"
    """Sent to many, and no document in it."""
    PLAIN = "plain"
    """From a person, and no document in it."""
    ENCRYPTED = "encrypted"


class BarToReply(StrEnum):
    """Why no program may answer a mail (RFC 3834 2; facts/mail-and-folders.md §5)."""

    OWN_MAIL = "own_mail"
    NULL_SENDER = "null_sender"
    """Return-Path `<>`."""
    REPORT = "report"
    """A delivery report or another multipart/report."""
    AUTO_SUBMITTED = "auto_submitted"
    PRECEDENCE = "precedence"
    MAILING_LIST = "mailing_list"
    SUPPRESSED = "suppressed"
    """X-Auto-Response-Suppress: the sender asks for none."""
    AUTO_REPLY = "auto_reply"
    """X-Autoreply, X-Autorespond, X-Loop: the habits of programs that know no RFC 3834."""
    MAIL_SYSTEM = "mail_system"
    """From mailer-daemon, postmaster or an address that says it takes no answers."""
    NO_SENDER = "no_sender"
    """No address, or several, to answer to."""
    ANSWERED = "answered"
    """The sender had an automatic answer within the last day."""


BY_PROGRAM = frozenset({BarToReply.NULL_SENDER, BarToReply.REPORT, BarToReply.AUTO_SUBMITTED, BarToReply.AUTO_REPLY})
"""The bars that say a program wrote the mail, or sent it."""


class RecipientReport(_Value):
    """What a mail system says of one recipient (RFC 3464 2.3)."""

    final_recipient: str = ""
    original_recipient: str = ""
    action: str = ""
    """`failed`, `delayed`, `delivered`, `relayed` or `expanded`, in lower case."""
    status: str = ""
    """RFC 3463: `5.1.1`."""
    diagnostic: str = ""


class DeliveryReport(_Value):
    """A delivery status notification (RFC 3464), and what it gives back of the mail it is about."""

    envelope_id: str = ""
    """What we gave as ENVID, if the mail system was given one."""
    message_id: str = ""
    """Of the returned mail, with its angle brackets."""
    mark: str = ""
    agreement: str = ""
    """Our own headers of the returned mail."""
    recipients: tuple[RecipientReport, ...] = ()


class Enquired(_Value):
    """What a mail says of an enquiry (`enquiry`): nobody has checked any of it."""

    org_numbers: tuple[str, ...] = Field(default=(), max_length=MAX_ENQUIRED)
    """What it calls organisation numbers, digits only, with a right check digit."""
    name: str = Field(default="", max_length=130)
    email: str = Field(default="", max_length=260)
    about_the_service: bool = False
    """It names Digipost."""


class MailReading(_Value):
    """The headers of a mail that say where it belongs, and what kind of mail it is."""

    kind: MailKind
    bar_to_reply: BarToReply | None = None
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    """Message-IDs with their angle brackets, oldest first."""
    sender: str = ""
    """The From address; empty if there is none, or more than one."""
    recipients: tuple[str, ...] = ()
    """To, Cc and where the servers say it was delivered: among them our own address with its token."""
    subject: str = ""
    date: datetime | None = None
    """As the sender claims."""
    mark: str = ""
    agreement: str = ""
    """Our own headers, in a copy of our mail."""
    report: DeliveryReport | None = None
    asks: bool = False
    """The sender's own words, without what they quote, ask something."""
    sender_ids: tuple[str, ...] = Field(default=(), max_length=MAX_SENDER_IDS)
    """Numbers that those words call a sender id: digits only, for a person to confirm."""
    enquired: Enquired = Enquired()
    codes: tuple[str, ...] = Field(default=(), max_length=MAX_CODES)
    """Attestation codes (`agreements.verification`) in those words."""

    @property
    def by_program(self) -> bool:
        """True if a program wrote it, or sent it for somebody."""
        return self.bar_to_reply in BY_PROGRAM

    @property
    def may_reply(self) -> bool:
        """True if a program may answer it; see also `intake.replies`."""
        return self.bar_to_reply is None


class Candidate(_Value):
    """A PDF in a delivery."""

    name: str = Field(max_length=MAX_DISPLAY_NAME)
    """As people may see it; `_` for one without a name."""
    path: tuple[str, ...] = Field(default=(), max_length=MAX_DEPTH + 1)
    """What it lay in, from the outside in: subjects of forwarded messages, names of archives."""
    size: int = Field(ge=0)
    """Bytes."""
    sha256: str


class Other(_Value):
    """A file in a delivery that is no document and holds none that can be had."""

    name: str = Field(max_length=MAX_DISPLAY_NAME)
    path: tuple[str, ...] = Field(default=(), max_length=MAX_DEPTH + 1)
    """As of a candidate."""
    size: int = Field(ge=0)
    """Bytes."""
    kind: str
    """A kind of package (`asice`, `sdo`, `rar` …), `encrypted`, `signature`, or `other`. Words: `terms.kind`."""


class Unpacking(_Value):
    """What a delivery holds: the documents to judge, and what a person must be told."""

    mail: MailReading | None = None
    """None for what is no mail."""
    candidates: tuple[Candidate, ...] = Field(default=(), max_length=MAX_PDFS)
    findings: tuple[Finding, ...] = ()
    others: tuple[Other, ...] = Field(default=(), max_length=MAX_OTHERS)
    """What lay beside the documents, the first of them."""
