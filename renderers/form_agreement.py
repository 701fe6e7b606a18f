"""The operator's own form, filled: the same agreement as the standard template makes, on the pages Digipost supplies.

Values are laid out once as text in our own fonts and put over the form's pages; nothing of the form is changed. Only
what has a place on the form is on the signed pages, so only that is attached for machines.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from agreements.agreement import SIGNATURE_FIELDS, SigningRoute
from agreements.canonical import JsonValue, canonical_json
from agreements.casenumber import AgreementNumber, parse_agreement_number
from agreements.catalogue import Values, load_catalogue
from agreements.errors import ConfigurationError, UsageError
from agreements.fieldmap import FieldKind, FormField, PrintedValue, Rectangle, pdf_field_name
from agreements.language import Language
from agreements.marking import PageMark, control_code, qr_payload
from agreements.values import Fault
from renderers.agreement import AgreementDocument, RenderedAgreement, attachments, render_agreement
from renderers.agreement_view import AgreementView, plain
from renderers.forms.model import SMALLEST_TYPE, Form, MarkSpot, Spot, ValueSpot
from renderers.forms.overlay import Text, lay_over, mark_form, open_over, values_unfit
from renderers.templates import words
from renderers.versions import template_version

if TYPE_CHECKING:
    from pikepdf import Pdf

    from renderers.layout import LaidOut

_CROSS: Final = "X"
_CROSS_HEIGHT: Final = 0.8  # of the box
_LARGEST_CROSS: Final = 14.0  # points
_APART: Final = " · "
_PREVIEW_TYPE: Final = 26.0  # points: the longest of the sentences just crosses an A4 page


def render_form_agreement(document: AgreementDocument, form: Form) -> RenderedAgreement:
    """The filled form with empty signature fields; a preview has none, and no QR codes and attachments.

    Raises ConfigurationError: `form_language`, `form_signers` or `form_open_values` where the form has no such place;
    `form_values_unfit` listing every value that its place can't show; `render_failed`, `document_too_large`. Raises
    UsageError `signers_count` unless one or two sign.
    """
    _refuse_unfit(document, form)
    number = parse_agreement_number(document.number)
    values = {**document.values, **_own_values(document, form)}
    code = control_code(document.marking_key, number, values)
    texts = tuple(_texts(document, form, values, code))
    laid_out = lay_over(texts, form, document.language, _title(document, form))
    pdf = _put_together(document, form, laid_out, number=number, values=values)
    return RenderedAgreement(
        pdf=pdf,
        pages=len(form.layout.pages),
        template_version=form_version(form),
        control_code=code,
        values=tuple(_printed(laid_out, texts)),
        fields=tuple(_fields(document, form)),
    )


def render(document: AgreementDocument) -> RenderedAgreement:
    """The agreement by the operator's own form if the document has one, else by the template."""
    return render_agreement(document) if document.form is None else render_form_agreement(document, document.form)


def form_version(form: Form) -> str:
    """`<name> 0123456789ab`: 12 hex digits over the form, its map, and all that the program fills it with.

    The rest of the program is in the standard template's version: this module, fonts, catalogue, libraries.
    """
    modules = [item for item in files("renderers").joinpath("forms").iterdir() if item.name.endswith(".py")]
    code = [item.read_bytes() for item in sorted(modules, key=lambda item: item.name)]
    layout = canonical_json(form.layout.model_dump(mode="json")).encode()
    parts = (template_version().encode(), b"".join(code), layout, form.base)
    return f"{form.name} {sha256(b''.join(sha256(part).digest() for part in parts)).hexdigest()[:12]}"


def _refuse_unfit(document: AgreementDocument, form: Form) -> None:
    """What no layout can mend: another language, more signers, or open values than the form has places for."""
    layout = form.layout
    if not 1 <= len(document.signers) <= len(SIGNATURE_FIELDS):
        raise UsageError("signers_count", count=len(document.signers))
    if document.language not in layout.languages:
        languages = ", ".join(language.value for language in layout.languages)
        raise ConfigurationError("form_language", form=form.name, language=document.language.value, languages=languages)
    if len(document.signers) > len(layout.signatures):
        raise ConfigurationError("form_signers", form=form.name, count=len(document.signers))
    homeless = [field_id for field_id in document.open_fields if field_id not in layout.printed]
    if homeless or (document.open_fields and document.route is not SigningRoute.PAPER):
        raise ConfigurationError("form_open_values", form=form.name, fields=", ".join(homeless or document.open_fields))


def _title(document: AgreementDocument, form: Form) -> str:
    return f"{form.layout.title} {document.number}"


def _own_values(document: AgreementDocument, form: Form) -> dict[str, JsonValue]:
    """What only the pipeline knows, when it issues."""
    return {
        "agreement.id": document.number,
        "agreement.template_version": form_version(form),
        "agreement.language": document.language.value,
        "agreement.issued_at": document.issued_on.isoformat(),
    }


# --- what stands where ------------------------------------------------------------------------------------------------


def _texts(document: AgreementDocument, form: Form, values: Values, code: str) -> Iterator[Text]:
    """Every text of every page. Raises ConfigurationError `form_values_unfit` for a code that has no box."""
    catalogue, layout = load_catalogue(), form.layout
    view = AgreementView(catalogue, values, document.language)
    for index, spot in enumerate(layout.values):
        if text := _value_text(view, values, spot, document.language):
            label = catalogue.field(spot.field_id).label(document.language)
            kind = "many" if spot.many else "one"
            yield Text(
                key=f"value-{index}",
                spot=spot,
                text=text,
                size=spot.size,
                kind=kind,
                field_id=spot.field_id,
                label=label,
            )
    yield from _crosses(document, form, values)
    for index, place in enumerate(layout.numbers):
        key = f"number-{index}"
        yield Text(key=key, spot=place, text=document.number, size=place.size, kind="one", field_id="agreement.id")
    version = str(values["agreement.template_version"])
    for index, place in enumerate(layout.footers):
        text = footer(document.number, document.language, version, code, page=place.page, pages=len(layout.pages))
        yield Text(key=f"footer-{index}", spot=place, text=text, size=place.size, kind="footer")
    if document.preview:
        yield from _preview_texts(document, form)


def _preview_texts(document: AgreementDocument, form: Form) -> Iterator[Text]:
    """Across every page, and where somebody would sign, that this is nothing but a preview."""
    say = words(document.language)
    said = f"{say('agreement.preview')}. {say('agreement.preview_reason')}"
    for number, page in enumerate(form.layout.pages, start=1):
        middle = page.height / 2
        place = Rectangle(x0=0, y0=middle - _PREVIEW_TYPE * 2, x1=page.width, y1=middle + _PREVIEW_TYPE * 2)
        spot = Spot(page=number, rectangle=place, align="center")
        yield Text(key=f"preview-{number}", spot=spot, text=said, size=_PREVIEW_TYPE, kind="preview")
    for index, place_to_sign in enumerate(form.layout.signatures):
        yield Text(key=f"unsigned-{index}", spot=place_to_sign, text=said, size=SMALLEST_TYPE, kind="unsigned")


def _value_text(view: AgreementView, values: Values, spot: ValueSpot, language: Language) -> str:
    """The value as people read it; of an address or a signer, the part that the place asks for."""
    value = values.get(spot.field_id)
    if not isinstance(value, dict):
        return view.text(spot.field_id)
    lines = value.get("lines")
    street = [str(line) for line in lines] if isinstance(lines, list) else []
    match spot.part:
        case "lines":
            return plain(("\n" if spot.many else ", ").join(street), lines=True)
        case "role":
            return load_catalogue().value_label("signer.role", str(value.get("role", "")), language)
        case None if spot.many and street:
            return plain("\n".join([*street, f"{value.get('postal_code')} {value.get('city')}"]), lines=True)
        case None:
            return view.text(spot.field_id)
        case part:
            return plain(str(value.get(part, "")))


def _crosses(document: AgreementDocument, form: Form, values: Values) -> Iterator[Text]:
    """A cross in the box of each code that the values hold."""
    boxes: dict[str, dict[str, list[MarkSpot]]] = {}
    for spot in form.layout.marks:
        boxes.setdefault(spot.field_id, {}).setdefault(spot.code, []).append(spot)
    lacking: list[Fault] = []
    for field_id, by_code in boxes.items():
        for code in _codes(values.get(field_id)):
            if code not in by_code and code != "false":  # an empty box says no
                lacking.append(Fault(field_id=field_id, code="no_box", params={"value": code}))
            for index, spot in enumerate(by_code.get(code, ())):
                box = spot.rectangle
                size = min(_CROSS_HEIGHT * min(box.x1 - box.x0, box.y1 - box.y0), _LARGEST_CROSS)
                yield Text(
                    key=f"mark-{field_id}-{code}-{index}",
                    spot=spot.model_copy(update={"align": "center"}),
                    text=_CROSS,
                    size=round(size, 2),
                    kind="mark",
                    field_id=field_id,
                    label=_box_label(field_id, code, document.language),
                )
    if lacking:
        raise values_unfit(form, lacking)


def _box_label(field_id: str, code: str, language: Language) -> str:
    """What stands beside the box: the value's name, or the question where the answer is yes or no."""
    field = load_catalogue().field(field_id)
    return load_catalogue().value_label(field_id, code, language) if field.values else field.label(language)


def _codes(value: JsonValue) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    return (str(value).lower() if isinstance(value, bool) else str(value),)


def footer(number: str, language: Language, version: str, code: str, *, page: int, pages: int) -> str:
    """The line that stands on every page: `Avtale DA-… · Mal … · Kontrollkode … · Side 1 av 2`."""
    say = words(language)
    return _APART.join(
        (
            say("agreement.footer", number=number),
            say("agreement.template", version=version),
            say("agreement.control", code=code),
            f"{say('agreement.page')} {page} {say('agreement.of')} {pages}",
        )
    )


# --- putting it together ----------------------------------------------------------------------------------------------


def _put_together(
    document: AgreementDocument, form: Form, laid_out: "LaidOut", *, number: AgreementNumber, values: Values
) -> bytes:
    from renderers.finishing.attachments import attach
    from renderers.finishing.fields import add_signature_field
    from renderers.finishing.writing import write

    with open_over(form, laid_out) as pdf:
        if not document.preview:
            mark_form(pdf, form, lambda page: qr_payload(document.marking_key, PageMark(number=number, page=page)))
            attach(pdf, tuple(attachments(document, values, form.layout.printed)), document.issued_on)
        for field, signer in zip(_signature_fields(document, form), document.signers, strict=not document.preview):
            label = words(document.language)("agreement.signature_field", signer=plain(signer.name))
            add_signature_field(pdf, pdf.pages[field.page - 1], field.rectangle, name=field.name, label=label)
        _describe(pdf, document, form)
        return write(pdf)


def _describe(pdf: "Pdf", document: AgreementDocument, form: Form) -> None:
    """Title, language and dates. No claim to a standard: what the supplied pages keep to is not known."""
    from pikepdf import Dictionary, String

    from renderers.finishing.metadata import CREATOR, pdf_date

    info = pdf.docinfo
    info.Title, info.Creator = String(_title(document, form)), String(CREATOR)
    info.CreationDate = info.ModDate = String(pdf_date(document.issued_on))
    pdf.Root.Lang = String(document.language.value)
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)


def _printed(laid_out: "LaidOut", texts: Sequence[Text]) -> Iterator[PrintedValue]:
    """Where each value came to stand, under its catalogue id."""
    by_key = {text.key: text for text in texts}
    for place in laid_out.places.values:
        text = by_key[place.field_id]
        if text.field_id:
            yield place.model_copy(update={"field_id": text.field_id})


def _fields(document: AgreementDocument, form: Form) -> Iterator[FormField]:
    """Where somebody signs, and on paper the places that are left open."""
    yield from _signature_fields(document, form)
    places: list[ValueSpot | MarkSpot] = [*form.layout.values, *form.layout.marks]
    for spot in places:
        if spot.field_id in document.open_fields:
            name = pdf_field_name(spot.field_id)
            yield FormField(
                name=name, field_id=spot.field_id, kind=FieldKind.RULED, page=spot.page, rectangle=spot.rectangle
            )


def _signature_fields(document: AgreementDocument, form: Form) -> tuple[FormField, ...]:
    """One for each signer; a second place that nobody is to sign in stays part of the page. A preview has none."""
    if document.preview:
        return ()
    return tuple(
        FormField(name=name, field_id=None, kind=FieldKind.SIGNATURE, page=spot.page, rectangle=spot.rectangle)
        for name, spot, _ in zip(SIGNATURE_FIELDS, form.layout.signatures, document.signers, strict=False)
    )
