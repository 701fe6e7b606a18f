"""A supplied PDF opened once: what is wrong with it, what it offers, its pages alone. Runs in the roof's sandbox."""

from dataclasses import dataclass
from io import BytesIO

from pikepdf import PasswordError, Pdf, PdfError

from renderers.forms.inspection import find_faults, find_faults_of_terms
from renderers.forms.model import MAX_FORM_BYTES, FormFault, Outline
from renderers.forms.normalising import make_upright, normalised, read_outline


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A form that may be used, or why it may not."""

    faults: tuple[FormFault, ...] = ()
    outline: Outline | None = None
    base: bytes = b""
    """The normalised file; empty if there are faults."""


def examine(data: bytes) -> Examined:
    """Look at the file. Never raises for what a damaged file holds, unless its reader fails in a way of its own."""
    if len(data) > MAX_FORM_BYTES:
        return _unfit("form_too_large", size=len(data), limit=MAX_FORM_BYTES)
    try:
        with Pdf.open(BytesIO(data)) as pdf:
            if faults := find_faults(pdf):
                return Examined(faults=faults)
            make_upright(pdf)
            outline = read_outline(pdf)
            base = normalised(pdf)
    except PasswordError:
        return _unfit("form_encrypted")
    except PdfError:
        return _unfit("form_unreadable")
    if len(base) > MAX_FORM_BYTES:
        return _unfit("form_too_large", size=len(base), limit=MAX_FORM_BYTES)
    return Examined(outline=outline, base=base)


def examine_terms(data: bytes) -> tuple[FormFault, ...]:
    """What makes a file unfit to be attached as terms. Raises pikepdf.PdfError for what can't be opened."""
    with Pdf.open(BytesIO(data)) as pdf:
        return find_faults_of_terms(pdf)


def _unfit(code: str, **params: str | int) -> Examined:
    return Examined(faults=(FormFault(code=code, params=params),))
