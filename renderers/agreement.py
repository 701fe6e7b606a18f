"""The agreement: values of the catalogue to the PDF that is issued, signed and judged.

Every value stands as text on the page: the only thing that survives every signing service (facts/domain.md §5.7).
Same input, same bytes, on machines with the same template version and the same layout library (Pango).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from agreements.agreement import SIGNATURE_FIELDS, SigningRoute, TermsFile
from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Values, load_catalogue
from agreements.errors import ConfigurationError, UsageError
from agreements.fieldmap import FormField, PrintedValue
from agreements.language import Language
from agreements.parties import Signer
from agreements.texts import flat_texts
from renderers.agreement_view import DIGIPOST_NAME, DIGIPOST_ORG_NUMBER, AgreementView, section_numbers
from renderers.templates import fill, words

TEMPLATE_NAME = "standard"
MAX_TITLE = 80  # characters: the strictest signing service's limit (facts/domain.md §5, Posten signering)
_TEXTS = ("values.", "dates.")  # the shared texts that an agreement prints
_STYLESHEETS = ("page.css", "agreement.css")


@dataclass(frozen=True, kw_only=True)
class AgreementDocument:
    """One version of an agreement, ready to be laid out."""

    number: str
    """The agreement number, e.g. DA-2026-000042-J.1."""
    values: Values
    signers: tuple[Signer, ...]
    """One, or two jointly; each gets a box with a signature field."""
    language: Language
    issued_on: date
    terms: tuple[TermsFile, ...]
    example: bool
    """Marks every page as an example: made without the operator's configured terms."""
    terms_content: tuple[bytes, ...] = ()
    """The terms files' bytes in the order of `terms`, attached as they are; empty: they are listed only."""
    marking_key: bytes = field(repr=False)
    """The installation's key (`keys.qr`) for the QR code and the control code of each page; never printed."""
    route: SigningRoute = SigningRoute.SERVICE
    open_fields: tuple[str, ...] = ()
    """Catalogue ids the customer fills in: form fields on the route `own_tool`, ruled lines on `paper`, never else."""


@dataclass(frozen=True, kw_only=True)
class RenderedAgreement:
    """What is issued."""

    pdf: bytes
    pages: int
    template_version: str
    values: tuple[PrintedValue, ...] = ()
    """Where each value was printed."""
    fields: tuple[FormField, ...] = ()
    """Where each place to sign or fill in stands."""


def render_agreement(document: AgreementDocument) -> RenderedAgreement:
    """The agreement as a tagged PDF with empty signature fields.

    Raises ConfigurationError: `terms_missing` without terms (unless it is an example), `render_failed` if the page
    can't be made exactly as meant. Raises UsageError `signers_count` unless one or two sign.
    """
    from renderers.finishing import finish
    from renderers.layout import lay_out

    if not document.terms and not document.example:
        raise ConfigurationError("terms_missing")
    if not 1 <= len(document.signers) <= len(SIGNATURE_FIELDS):
        raise UsageError("signers_count", count=len(document.signers))
    html = fill("agreement.html", document.language, **_view(load_catalogue(), document))
    finished = finish(lay_out(html, *_STYLESHEETS, fields=True), SIGNATURE_FIELDS[: len(document.signers)])
    return RenderedAgreement(pdf=finished.pdf, pages=finished.pages, template_version=template_version())


@cache
def template_version() -> str:
    """`standard 0123456789ab`: the name, and 12 hex digits over everything that decides how an agreement looks."""
    digest = sha256()
    for name, content in sorted(_ingredients()):
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return f"{TEMPLATE_NAME} {digest.hexdigest()[:12]}"


def _ingredients() -> list[tuple[str, bytes]]:
    parts = [(f"version {package}", version(package).encode()) for package in ("jinja2", "pikepdf", "weasyprint")]
    parts.append(("catalogue", files("agreements").joinpath("catalogue.yaml").read_bytes()))
    for language in Language:
        texts = sorted(item for item in flat_texts(language).items() if item[0].startswith(_TEXTS))
        parts.append((f"texts {language.value}", repr(texts).encode()))
    package = files("renderers")
    for folder in (package, package / "templates", package / "fonts"):
        parts += [(item.name, item.read_bytes()) for item in folder.iterdir() if _decides_the_look(item)]
    return parts


def _decides_the_look(item: Traversable) -> bool:
    if item.name.endswith(".py"):
        return item.name in {"agreement.py", "agreement_view.py", "finishing.py", "layout.py", "templates.py"}
    return (
        item.name == "page.css"
        or item.name.startswith(("agreement", "words."))
        or item.name.endswith((".ttf", ".conf"))
    )


def _view(catalogue: Catalogue, document: AgreementDocument) -> Mapping[str, Any]:
    values = {**document.values, **_own_values(document)}
    view = AgreementView(catalogue, values, document.language)
    sections = view.sections()
    title = words(document.language)("agreement.document_title", number=document.number)
    if len(title) > MAX_TITLE:
        raise ConfigurationError("render_failed", reason=f"the title is longer than {MAX_TITLE} characters")
    return {
        "number": document.number,
        "title": title,
        "template_version": template_version(),
        "example": document.example,
        "kind": values.get("agreement.kind", "new"),
        "customer": {"name": view.text("customer.name"), "org_number": view.text("customer.orgnr")},
        "digipost": {"name": DIGIPOST_NAME, "org_number": DIGIPOST_ORG_NUMBER.grouped},
        "vendor": _vendor(view),
        "admin": view.text("admin.name"),
        "also": view.also_authorised(),
        "facts": view.facts(),
        "front": view.front(),
        "sections": sections,
        "numbers": section_numbers(sections),
        "signers": view.signers(document.signers),
        "terms": view.terms(document.terms),
    }


def _own_values(document: AgreementDocument) -> dict[str, JsonValue]:
    """What only the pipeline knows, when it issues."""
    return {
        "agreement.id": document.number,
        "agreement.template_version": template_version(),
        "agreement.language": document.language.value,
        "agreement.issued_at": document.issued_on.isoformat(),
    }


def _vendor(view: AgreementView) -> dict[str, str]:
    names = ("name", "system_name", "broker_id")
    vendor = {name: view.text(f"vendor.{name}") for name in names}
    return vendor | {"org_number": view.text("vendor.orgnr"), "contact": view.text("contact.technical.email")}
