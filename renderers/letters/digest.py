"""The weekly letter to Digipost: forwarded agreements that nobody has answered. One letter, not one for each."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from agreements.language import Language
from agreements.parties import Customer, Vendor
from agreements.values import format_date
from renderers.letters.heading import inline, subject_line, vendor_names
from renderers.templates import fill, words

MAX_LISTED: Final = 100
"""Agreements in one letter; ours: who has more has another problem than a letter solves."""


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """A forwarded agreement without an answer."""

    agreement_number: str
    customer: Customer
    forwarded_on: date


@dataclass(frozen=True, kw_only=True)
class DigestLetter:
    """All of one vendor's, oldest first."""

    vendor: Vendor
    forwards: tuple[Unanswered, ...]
    week: int
    """ISO 8601 week number: tells one letter from the next in a list of subjects."""
    subject_prefix: str = ""


def render_digest(letter: DigestLetter, language: Language) -> tuple[str, str]:
    """Subject and body. The first `MAX_LISTED` are named, the rest counted."""
    say, known = words(language), vendor_names(letter.vendor)
    params = known | {"customer": "", "number": str(letter.week)}
    body = fill(
        "letter-digest.txt",
        language,
        names=known,
        forwards=[_line(forward, language) for forward in letter.forwards[:MAX_LISTED]],
        more=max(0, len(letter.forwards) - MAX_LISTED),
    )
    return subject_line(say, "letters.digest.subject", params, prefix=letter.subject_prefix), body.strip() + "\n"


def _line(forward: Unanswered, language: Language) -> str:
    return words(language)(
        "letters.digest.forward",
        agreement=forward.agreement_number,
        customer=inline(forward.customer.name),
        org_number=forward.customer.org_number.grouped,
        date=format_date(forward.forwarded_on, language),
    )
