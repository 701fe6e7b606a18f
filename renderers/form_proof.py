"""The proof of an imported form: its pages with each value's name in that value's place, for a person to look at."""

from collections.abc import Iterator

from agreements.agreement import SIGNATURE_FIELDS
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.marking import KEY_BYTES, PageMark, qr_payload
from renderers.form_agreement import footer, form_version
from renderers.forms.model import SMALLEST_TYPE, Form, Spot
from renderers.forms.overlay import Text, lay_over, mark_form, open_over

_NUMBER = AgreementNumber(CaseNumber(2026, 42), 100)  # the documentation's case; as long as a number can be
_KEY = bytes(KEY_BYTES)  # nobody's: what is scanned off a proof leads nowhere
_NO_CODE = "0000-0000"


def render_proof(form: Form) -> bytes:
    """A PDF without form fields, in the form's first language.

    Raises ConfigurationError `form_values_unfit` if the number or the footer, which are on every agreement, have no
    room in one of the form's languages.
    """
    from renderers.finishing.writing import write

    laid_out = [
        lay_over(tuple(_texts(form, language)), form, language, form.name) for language in form.layout.languages
    ]
    with open_over(form, laid_out[0]) as pdf:
        mark_form(pdf, form, lambda page: qr_payload(_KEY, PageMark(number=_NUMBER, page=page)))
        return write(pdf)


def _texts(form: Form, language: Language) -> Iterator[Text]:
    catalogue, layout = load_catalogue(), form.layout
    named: list[tuple[Spot, str]] = [
        (spot, f"{catalogue.field(spot.field_id).label(language)} {spot.part or ''}") for spot in layout.values
    ]
    named += [(spot, spot.code) for spot in layout.marks]
    named += list(zip(layout.signatures, SIGNATURE_FIELDS, strict=False))
    for index, (spot, name) in enumerate(named):
        yield Text(key=f"proof-{index}", spot=spot, text=name, size=SMALLEST_TYPE, kind="proof")
    for index, spot in enumerate(layout.numbers):
        yield Text(key=f"number-{index}", spot=spot, text=str(_NUMBER), size=spot.size, kind="one")
    for index, spot in enumerate(layout.footers):
        text = footer(str(_NUMBER), language, form_version(form), _NO_CODE, page=spot.page, pages=len(layout.pages))
        yield Text(key=f"footer-{index}", spot=spot, text=text, size=spot.size, kind="footer")
