"""Forms as a supplier would hand them out, made here: a flat one, and the same with form fields. Nothing is real."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from typing import Any

import pikepdf
import yaml
from pikepdf import Array, Dictionary, Name, String

from agreements.catalogue import load_catalogue
from renderers.forms.examining import examine
from renderers.forms.formmap import FormMap
from renderers.forms.model import Form
from renderers.forms.placing import place
from renderers.layout import lay_out

MM = 72 / 25.4
HEIGHT = 297.0  # A4, mm

# What is written on the form: page, x and y of the text in mm from the upper left.
_LABELS = (
    (1, 20, 34, "Organisasjonsnummer"),
    (1, 110, 34, "Foretakets navn"),
    (1, 20, 52, "Postadresse"),
    (1, 110, 52, "Postnr."),
    (1, 140, 52, "Poststed"),
    (1, 20, 70, "Kontaktperson"),
    (1, 110, 70, "E-post"),
    (1, 20, 88, "Tilkobling: API"),
    (1, 70, 88, "SFTP"),
    (1, 100, 88, "Nettside"),
    (1, 140, 88, "Utskrift ønskes"),
    (1, 20, 100, "Perioder med mye post (særlig lønn og avgift)"),
    (1, 110, 100, "Forretningsadresse"),
    (2, 20, 34, "Vilkår: Blåbærsyltetøy er godt på vaffel. Her ville vilkårene ha stått."),
    (2, 20, 60, "For virksomheten"),
    (2, 110, 60, "For virksomheten, i fellesskap"),
)
VALUES: dict[str, Any] = {
    "customer.orgnr": {"page": 1, "at": [20, 38, 80, 8]},
    "customer.name": {"page": 1, "at": [110, 38, 80, 11], "size": 11, "lines": "many"},
    "customer.postal_address": [
        {"page": 1, "at": [20, 56, 80, 8], "part": "lines"},
        {"page": 1, "at": [110, 56, 25, 8], "part": "postal_code"},
        {"page": 1, "at": [140, 56, 50, 8], "part": "city"},
    ],
    "contact.contract.name": {"page": 1, "at": [20, 74, 80, 8]},
    "contact.contract.email": {"page": 1, "at": [110, 74, 80, 8]},
    "launch.peaks": {"page": 1, "at": [20, 105, 80, 30], "lines": "many"},
    "customer.business_address": {"page": 1, "at": [110, 105, 80, 20], "lines": "many"},
}
MARKS: dict[str, Any] = {
    "service.channel": {
        "api": {"page": 1, "at": [50, 87, 5, 5]},
        "batch_sftp": {"page": 1, "at": [82, 87, 5, 5]},
        "portal": {"page": 1, "at": [117, 87, 5, 5]},
    },
    "service.print_fallback": {"true": {"page": 1, "at": [172, 87, 5, 5]}},
}
SIGNATURES: dict[str, Any] = {
    "Signatur1": {"page": 2, "at": [20, 65, 80, 25]},
    "Signatur2": {"page": 2, "at": [110, 65, 80, 25]},
}
_FIELDS = {
    "kunde.orgnr": "customer.orgnr",
    "kunde.navn": "customer.name",
    "kontakt.navn": "contact.contract.name",
    "kontakt.epost": "contact.contract.email",
    "perioder": "launch.peaks",
}


def flat_map(**changes: Any) -> dict[str, Any]:
    """The map of the flat form. `changes`: whole keys that are replaced."""
    return {
        "name": "digipost-avtale",
        "title": "Avtale om bruk av Digipost",
        "languages": ["nb", "nn"],
        "values": VALUES,
        "marks": MARKS,
        "signatures": SIGNATURES,
        "number": {"page": 2, "at": [20, 40, 60, 6]},
        "qr": {"at": [182, 8]},
        "footer": {"at": [20, 284, 170, 6], "align": "center"},
        **changes,
    }


def fillable_map(**changes: Any) -> dict[str, Any]:
    """The map of the form with fields: what has a field is placed by it."""
    values = {**VALUES, **{field_id: {"field": name} for name, field_id in _FIELDS.items()}}
    channel = {code: {"field": "kanal", "option": option} for code, option in CHANNELS.items()}
    marks = {"service.channel": channel, "service.print_fallback": {"true": {"field": "utskrift"}}}
    signatures = {**SIGNATURES, "Signatur1": {"field": "underskrift"}}
    return flat_map(values=values, marks=marks, signatures=signatures, leave_empty=["kundenummer"], **changes)


CHANNELS = {"api": "API", "batch_sftp": "SFTP", "portal": "Nett"}


@cache
def flat() -> bytes:
    """Two pages of labels and lines to write on."""
    boxes = "".join(_box(*box["at"]) for code in MARKS.values() for box in code.values())
    first, second = ("".join(_label(label) for label in _LABELS if label[0] == page) for page in (1, 2))
    sheets = f'<div class="sheet">{first}{boxes}</div><div class="sheet">{second}</div>'
    style = (
        "@page { size: A4; margin: 0 } .sheet { position: relative; height: 296mm; break-after: page } "
        ".sheet:last-child { break-after: auto } .at { position: absolute; font-size: 9pt; line-height: 1 } "
        ".box { position: absolute; border: .5pt solid #333 }"
    )
    html = f"<html lang=nb><title>Skjema</title><style>{style}</style><body>{sheets}"
    return lay_out(html, "page.css").pdf


def _label(label: tuple[int, float, float, str]) -> str:
    return f'<div class="at" style="left:{label[1]}mm;top:{label[2]}mm">{label[3]}</div>'


def _box(x: float, y: float, width: float, height: float) -> str:
    return f'<div class="box" style="left:{x}mm;top:{y}mm;width:{width}mm;height:{height}mm"></div>'


def fillable() -> bytes:
    """The same pages with form fields: text, radio buttons, a check box, a signature field, one for Digipost's use."""
    return changed(lambda pdf: None, base=_with_fields())


@cache
def _with_fields() -> bytes:
    with pikepdf.open(BytesIO(flat())) as pdf:
        first, second = pdf.pages
        parents = {"kunde": _group(pdf, "kunde"), "kontakt": _group(pdf, "kontakt")}
        fields = list(parents.values())
        for name, field_id in _FIELDS.items():
            group, _, leaf = name.rpartition(".")
            field = _widget(pdf, first, leaf, VALUES[field_id]["at"], FT=Name.Tx, DA=String("/Helv 0 Tf 0 g"))
            if "lines" in VALUES[field_id]:
                field.Ff = 1 << 12
            if group:
                field.Parent = parents[group]
                parents[group].Kids.append(field)
            else:
                fields.append(field)
        fields.append(_widget(pdf, first, "kundenummer", [110, 130, 40, 7], FT=Name.Tx, MK=Dictionary(BC=Array([0]))))
        radio = pdf.make_indirect(Dictionary(FT=Name.Btn, T=String("kanal"), Ff=1 << 15, Kids=Array(), V=Name.Off))
        for code, option in CHANNELS.items():
            button = _widget(pdf, first, None, MARKS["service.channel"][code]["at"], AS=Name.Off, Parent=radio)
            button.AP = Dictionary(N=Dictionary({f"/{option}": pdf.make_stream(b""), "/Off": pdf.make_stream(b"")}))
            radio.Kids.append(button)
        box = _widget(pdf, first, "utskrift", MARKS["service.print_fallback"]["true"]["at"], FT=Name.Btn, AS=Name.Off)
        box.AP = Dictionary(N=Dictionary({"/Ja": pdf.make_stream(b""), "/Off": pdf.make_stream(b"")}))
        fields += [radio, box, _widget(pdf, second, "underskrift", SIGNATURES["Signatur1"]["at"], FT=Name.Sig)]
        pdf.Root.AcroForm = Dictionary(Fields=Array(fields), NeedAppearances=True)
        out = BytesIO()
        pdf.save(out)
        return out.getvalue()


def _group(pdf: pikepdf.Pdf, name: str) -> pikepdf.Object:
    return pdf.make_indirect(Dictionary(T=String(name), Kids=Array()))


def _widget(pdf: pikepdf.Pdf, page: pikepdf.Page, name: str | None, at: list[float], **more: Any) -> pikepdf.Object:
    x, y, width, height = at
    rect = [x * MM, (HEIGHT - y - height) * MM, (x + width) * MM, (HEIGHT - y) * MM]
    widget = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array(rect), P=page.obj, **more))
    if name is not None:
        widget.T = String(name)
    page.obj.Annots = Array([*page.obj.get("/Annots", Array()), widget])
    return widget


def changed(change: Callable[[pikepdf.Pdf], None], *, base: bytes | None = None, **saving: Any) -> bytes:
    """The form (the flat one, if no other is given) after something was done to it."""
    with pikepdf.open(BytesIO(flat() if base is None else base)) as pdf:
        change(pdf)
        out = BytesIO()
        pdf.save(out, **({"deterministic_id": True} | saving))
        return out.getvalue()


def written(form_map: dict[str, Any]) -> str:
    """The map as a file."""
    return yaml.safe_dump(form_map, allow_unicode=True, sort_keys=False)


def form(pdf: bytes | None = None, form_map: dict[str, Any] | None = None) -> Form:
    """An imported form, without the sandbox around it."""
    examined = examine(flat() if pdf is None else pdf)
    assert examined.outline is not None, examined.faults
    placed = place(FormMap.model_validate(form_map or flat_map()), examined.outline, load_catalogue())
    assert placed.layout is not None, placed.faults
    return Form(name="digipost-avtale", base=examined.base, layout=placed.layout)
