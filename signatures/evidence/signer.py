"""Who signed, by evidence: name, birth date and method, from signed elements or from the signer's own certificate.

A national identity number tells the birth date and is not kept.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lxml import etree  # type: ignore[import-untyped]

from agreements.national_id import birth_date_of, mask_national_ids
from agreements.signature_report import SignerIdentity
from signatures.evidence.statement import text_of
from signatures.profiles import SignerRule

MAX_SIGNERS: Final = 64  # ours: signers named in one file
MAX_WORDS: Final = 200  # characters of a name or a method
_DATES: Final = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?:T00:00:00(?:\.0+)?Z?)?\Z"),
    re.compile(r"(?P<day>[0-9]{2})[./-](?P<month>[0-9]{2})[./-](?P<year>[0-9]{4})\Z"),
)
_ONE_NUMBER: Final = re.compile(r"\A(?:UN:NO-|PNONO-)?([0-9]{11})\Z")  # ETSI EN 319 412-1, 5.1.3; Buypass


@dataclass(frozen=True, kw_only=True)
class Named:
    """One person."""

    name: str | None = None
    birth_date: date | None = None
    method: str | None = None

    @classmethod
    def of_certificate(cls, certificate: Any, identity: SignerIdentity) -> "Named":
        """The holder."""
        serial = certificate.subject.native.get("serial_number")
        born = identity.birth_date or (birth_date(serial) if isinstance(serial, str) else None)
        return cls(name=None if identity.name is None else _shown(identity.name), birth_date=born)


def named_signers(elements: Iterable[etree._Element], rule: SignerRule) -> tuple[Named, ...]:
    """Everybody that signed XML names, once.

    What belongs to a name stands in the widest element that has no other name in it; if it stands there twice, it
    belongs to nobody.
    """
    found = (_one(name, rule) for root in elements for name in root.iter(f"{{*}}{rule.name}"))
    return tuple(dict.fromkeys(found))[:MAX_SIGNERS]


def _one(name: etree._Element, rule: SignerRule) -> Named:
    around = name
    for wider in name.iterancestors():
        if len(list(wider.iter(f"{{*}}{rule.name}"))) > 1:
            break
        around = wider
    born = _only(around, rule.birth_date)
    return Named(
        name=_shown(text_of(name)) or None,
        birth_date=None if born is None else birth_date(born),
        method=_only(around, rule.method),
    )


def _only(around: etree._Element, element: str | None) -> str | None:
    found = [] if element is None else [text_of(item).strip() for item in around.iter(f"{{*}}{element}")]
    return found[0][:MAX_WORDS] if len(found) == 1 else None


def _shown(words: str) -> str:
    return mask_national_ids(" ".join(words.split()))[:MAX_WORDS]


def birth_date(words: str) -> date | None:
    """From a date as people or machines write it, or from a national identity number; None where it is neither."""
    stripped = words.strip()
    number = _ONE_NUMBER.match(stripped)
    if number is not None:
        return birth_date_of(number[1])
    found = next((match for form in _DATES if (match := form.match(stripped)) is not None), None)
    try:
        return None if found is None else date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
