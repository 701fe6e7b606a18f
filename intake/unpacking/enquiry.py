"""What a mail without a document says of an enquiry (step 1): which organisation, by what name, at which address.

The whole text is looked at, for an enquiry is often passed on. Nothing here is to be believed: it makes at most a case
that somebody must confirm. Linear in its input, whatever that is.
"""

import re
from collections.abc import Iterable
from typing import Final

from agreements.national_id import mask_national_ids
from agreements.orgnumber import find_org_number
from intake.unpacking.limits import MAX_LOOKED_AT
from intake.unpacking.values import MAX_ENQUIRED, Enquired

_ORG_NUMBER: Final = re.compile(
    r"(?i)\b(?:org(?:anisasjons?|anisation|\.)?[ .-]{0,2}(?:n(?:umme)?r|number|no)\.?|foretaksnummer)[^\S\n]{0,3}"
    r"(?:er|is|[:=])?[^\S\n]{0,3}(?:NO[ ]?)?(\d{3}[ \u00a0.]?\d{3}[ \u00a0.]?\d{3})(?:[ ]?MVA)?(?!\d)"
)
_VAT_NUMBER: Final = re.compile(r"(?i)\bNO[ ]?(\d{3}[ \u00a0.]?\d{3}[ \u00a0.]?\d{3})[ ]?MVA\b")
_NAME: Final = re.compile(
    r"(?im)^[ >*\t]{0,8}(?:(?:navn(?:et)?|namn(?:et)?|name)[ ](?:p\u00e5|of)[ ](?:the[ ])?)?"
    r"(?:virksomhet(?:en|snavn)?|verksemd(?:a|snamn)?|firma(?:navn|namn)?|foretak(?:et|snavn)?|organisation|company)"
    r"[^\S\n]{0,3}[:=][^\S\n]{0,3}(\S[^\n]{1,129})$"
)
_EMAIL: Final = re.compile(
    r"(?im)^[ >*\t]{0,8}(?:e-?post(?:adress[ea])?|e-?mail(?:[ ]address)?)[^\S\n]{0,3}[:=][^\S\n]{0,3}"
    r"(?:<|mailto:)?([^\s<>,;:\"]{1,64}@[^\s<>,;:\"]{1,190})"
)
_SERVICE: Final = re.compile(r"(?i)\bdigipost\b")


def find_enquired(subject: str, texts: Iterable[str]) -> Enquired:
    """What the mail names; empty where it names nothing."""
    text = mask_national_ids("\n".join((subject, *texts))[:MAX_LOOKED_AT])
    spelled = [match[1] for pattern in (_ORG_NUMBER, _VAT_NUMBER) for match in pattern.finditer(text)]
    numbers = dict.fromkeys(number.digits for one in spelled if (number := find_org_number(one)) is not None)
    name, email = _NAME.search(text), _EMAIL.search(text)
    return Enquired(
        org_numbers=tuple(numbers)[:MAX_ENQUIRED],
        name="" if name is None else " ".join(name[1].split()),
        email="" if email is None else email[1],
        about_the_service=_SERVICE.search(text) is not None,
    )
