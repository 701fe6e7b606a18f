"""The data attached to a returned PDF (`avtale.json`): one witness more, which nobody believes by itself."""

import json
from typing import Any, Final

import pypdfium2  # type: ignore[import-untyped]

from agreements.canonical import canonical_json

NAME: Final = "avtale.json"
MAX_ATTACHED: Final = 256 * 2**10  # bytes; the program's own have some five thousand
MAX_ATTACHMENTS: Final = 100  # of one document; an agreement has one and its terms


def read_attached(document: Any) -> str | None:
    """The `values` of the attached agreement of an opened document, as canonical JSON; None if there is none to read.

    Where two attachments have the name, none is read: which one a person would open is not known.
    """
    try:
        count = min(document.count_attachments(), MAX_ATTACHMENTS)
        found = [one for index in range(count) if (one := document.get_attachment(index)).get_name() == NAME]
        data = bytes(found[0].get_data()) if len(found) == 1 else b""
    except (pypdfium2.PdfiumError, UnicodeDecodeError):
        return None
    return _values(data) if 0 < len(data) <= MAX_ATTACHED else None


def _values(data: bytes) -> str | None:
    try:
        agreement = json.loads(data)
        values = agreement.get("values") if isinstance(agreement, dict) else None
        text = canonical_json(values) if isinstance(values, dict) else None
        return None if text is None else text.encode().decode()  # half a surrogate pair is no text
    except (ValueError, RecursionError, UnicodeError):
        return None
