"""What all letters share: whose case it is, the subject on one line, and text that stays where it is put."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agreements.language import Language
from agreements.national_id import mask_national_ids
from agreements.parties import Customer, Vendor
from renderers.agreement_view import plain
from renderers.templates import Words, fill, words

MAX_SUBJECT: Final = 120
"""Characters. Ours: mail programs show some seventy, and nobody reads on after a hundred and twenty."""
MAX_INLINE: Final = 254
"""Characters of one quoted value: what the longest e-mail address has (RFC 5321 4.5.3.1.3, erratum 1690)."""
MAX_QUOTED_LINES: Final = 20
"""Lines of what a person adds in their own words; ours."""
_SHORTEST = 16  # characters that a name keeps in a subject: enough to know it by
_ELLIPSIS = "…"
_BLANK_LINES = re.compile(r"\n{3,}")
_BRACKETS = str.maketrans("[]", "()")  # the case number alone stands in brackets: mail is sorted by it


@dataclass(frozen=True, kw_only=True)
class Correspondence:
    """Whose case a letter is about, and which vendor writes it."""

    case_number: str
    customer: Customer
    vendor: Vendor
    subject_prefix: str = ""
    """Marks mail that is not for real (test, demo)."""


def names(about: Correspondence) -> dict[str, str]:
    """The names that sentences ask for: customer, org_number, vendor, system, broker_id, contact, email."""
    customer = {"customer": inline(about.customer.name), "org_number": about.customer.org_number.grouped}
    return customer | vendor_names(about.vendor)


def vendor_names(vendor: Vendor) -> dict[str, str]:
    """Those of them that name the vendor."""
    return {
        "vendor": inline(vendor.name),
        "system": inline(vendor.system_name),
        "broker_id": str(vendor.broker_id),
        "contact": inline(vendor.contact_name),
        "email": inline(vendor.contact_email),
    }


def inline(text: str) -> str:
    """What somebody else wrote, on one line: no control or direction marks, no identity numbers, not endless."""
    whole = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate can't be sent
    line = mask_national_ids(" ".join(plain(whole).split()))
    return _shorten(line, MAX_INLINE)


def quoted(text: str) -> list[str]:
    """What a person added in their own words, as lines to be set in."""
    lines = [line for line in map(inline, text.splitlines()) if line]
    return lines[:MAX_QUOTED_LINES]


def write(template: str, about: Correspondence, language: Language, *, subject: str, **view: Any) -> tuple[str, str]:
    """Subject and body. `subject`: key of the sentence; the template gets `names`, `about` and the view's values."""
    say, known = words(language), names(about)
    line = subject_line(say, subject, {**known, "number": about.case_number}, prefix=about.subject_prefix)
    body = fill(template, language, about=about, names=known, **view)
    return line, _BLANK_LINES.sub("\n\n", body).strip() + "\n"


def subject_line(say: Words, key: str, params: Mapping[str, str], *, prefix: str = "") -> str:
    """The subject on one line of at most `MAX_SUBJECT` characters: long names give way, the case number never."""
    said = {name: value if name == "number" else value.translate(_BRACKETS) for name, value in params.items()}
    for name in ("customer", "system", "vendor"):
        line = _line(say, key, said, prefix)
        if len(line) <= MAX_SUBJECT:
            break
        room = max(_SHORTEST, len(said[name]) - (len(line) - MAX_SUBJECT))
        said[name] = _shorten(said[name], room)
    return _line(say, key, said, prefix)


def _line(say: Words, key: str, params: Mapping[str, str], prefix: str) -> str:
    return " ".join(f"{prefix} {say(key, **params)}".split())


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + _ELLIPSIS
