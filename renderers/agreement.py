"""The agreement: values of the catalogue to the PDF that is issued, signed and judged.

Every value stands as text on the page: the only thing that survives every signing service (facts/domain.md §5.7).
Same input, same bytes, on machines with the same template version and the same layout library (Pango).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from agreements.agreement import SIGNATURE_FIELDS, SigningRoute, TermsFile
from agreements.canonical import JsonValue
from agreements.casenumber import AgreementNumber, parse_agreement_number
from agreements.catalogue import Catalogue, Values, load_catalogue
from agreements.errors import ConfigurationError, UsageError
from agreements.fieldmap import FormField, PrintedValue
from agreements.language import Language
from agreements.machine_readable import AgreementFacts, agreement_json
from agreements.marking import PageMark, control_code, qr_payload
from agreements.parties import Signer
from renderers.agreement_statements import (
    PREFIX,
    Demand,
    demands,
    opening_statements,
    page_statements,
    power_statements,
    signature_statements,
    terms_statements,
)
from renderers.agreement_view import (
    DIGIPOST_NAME,
    DIGIPOST_ORG_NUMBER,
    AgreementView,
    Section,
    plain,
    section_numbers,
)
from renderers.forms.model import Form
from renderers.overrides import STANDARD, Overrides
from renderers.templates import fill, words
from renderers.versions import template_version

if TYPE_CHECKING:
    from renderers.finishing import Attachment
    from renderers.override_markup import PrintedLetters

MAX_TITLE = 80  # characters: the strictest signing service's limit (facts/domain.md §5, Posten signering)
_LETTERS_IN_LINE, _ROOMY_LINES, _CLOSE_LINES = 44, 23, 34  # of the front page's values, as `agreement.css` sets them
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
    preview: bool = False
    """For looking at only: marked so on every page, without signature fields, QR codes and attachments."""
    terms_content: tuple[bytes, ...] = ()
    """The terms files' bytes in the order of `terms`, attached as they are; empty: they are listed only."""
    contact_email: str
    """The vendor's configured contact, who answers for personal data here as in every letter (`Vendor`)."""
    marking_key: bytes = field(repr=False)
    """The installation's key (`keys.qr`) for the QR code and the control code of each page; never printed."""
    route: SigningRoute = SigningRoute.SERVICE
    open_fields: tuple[str, ...] = ()
    """Catalogue ids the customer fills in: form fields on the route `own_tool`, ruled lines on `paper`, never else."""
    overrides: Overrides = STANDARD
    """The vendor's own parts of the template, checked (`renderers.overrides.check_overrides`)."""
    form: Form | None = None
    """The operator's own form, which takes the place of the template (`renderers.form_agreement.render`)."""


@dataclass(frozen=True, kw_only=True)
class RenderedAgreement:
    """What is issued."""

    pdf: bytes
    pages: int
    template_version: str
    control_code: str
    """As printed in each page's footer."""
    values: tuple[PrintedValue, ...] = ()
    """Where each value was printed."""
    statements: tuple[PrintedValue, ...] = ()
    """Where the powers of attorney, the confirmation and the terms were printed; `field_id` is the statement's id."""
    fields: tuple[FormField, ...] = ()
    """Where each place to sign or fill in stands."""
    demands: tuple[Demand, ...] = ()
    """What a person must be able to read on these pages; `renderers.visibility` proves it."""
    left_open: tuple[str, ...] = ()
    """Ids of the values that must have a place to be filled in; no others may have one."""
    letters: "PrintedLetters | None" = None
    """What all pages together must show, and no more; None if nothing but our own files made them."""


def render_agreement(document: AgreementDocument) -> RenderedAgreement:
    """The agreement as a tagged PDF with empty signature fields; a preview has none.

    Raises ConfigurationError: `terms_missing` without terms (unless it is an example), `render_failed` if the page
    can't be made exactly as meant, `template_broken` for a fault in the vendor's own files, `document_too_large`.
    Raises UsageError: `signers_count` unless one or two sign, `open_values_on_service` if a value is open on a route
    that offers no place to fill it in.
    """
    from renderers.finishing import finish
    from renderers.layout import lay_out

    _refuse_unfit(document)
    number = parse_agreement_number(document.number)
    values = {**document.values, **_own_values(document)}
    view = _view(load_catalogue(), document, number, values)
    html = fill("agreement.html", document.language, document.overrides, **view)
    laid_out = lay_out(html, *_STYLESHEETS, fields=True, overrides=document.overrides)
    finished = finish(
        laid_out,
        () if document.preview else SIGNATURE_FIELDS[: len(document.signers)],
        issued_on=document.issued_on,
        attachments=() if document.preview else tuple(attachments(document, values)),
        page_mark=None
        if document.preview
        else lambda page: qr_payload(document.marking_key, PageMark(number=number, page=page)),
    )
    printed = laid_out.places.values
    return RenderedAgreement(
        pdf=finished.pdf,
        pages=finished.pages,
        template_version=view["template_version"],
        control_code=view["control_code"],
        values=tuple(value for value in printed if not value.field_id.startswith(PREFIX)),
        statements=tuple(value for value in printed if value.field_id.startswith(PREFIX)),
        fields=laid_out.places.fields,
        demands=demands(view["sections"], view["statements"]),
        left_open=tuple(row.id for section in view["sections"] for row in section.rows if row.blank is not None),
        letters=laid_out.letters,
    )


def _refuse_unfit(document: AgreementDocument) -> None:
    if not document.terms and not document.example:
        raise ConfigurationError("terms_missing")
    if not 1 <= len(document.signers) <= len(SIGNATURE_FIELDS):
        raise UsageError("signers_count", count=len(document.signers))
    if document.open_fields and document.route is SigningRoute.SERVICE:
        raise UsageError("open_values_on_service", fields=", ".join(document.open_fields))


def _view(
    catalogue: Catalogue, document: AgreementDocument, number: AgreementNumber, values: Values
) -> Mapping[str, Any]:
    view = AgreementView(catalogue, values, document.language, route=document.route, open_fields=document.open_fields)
    say, sections, terms = words(document.language), view.sections(), view.terms(document.terms)
    signers, front = view.signers(document.signers), view.front()
    version, code = template_version(document.overrides), control_code(document.marking_key, number, values)
    return {
        "number": document.number,
        "title": _title(document),
        "template_version": version,
        "control_code": code,
        "example": document.example,
        "preview": document.preview,
        "on_paper": document.route is SigningRoute.PAPER,
        "customer": {"name": view.text("customer.name"), "org_number": view.text("customer.orgnr")},
        "digipost": {"name": DIGIPOST_NAME, "org_number": DIGIPOST_ORG_NUMBER.grouped},
        "vendor": _vendor(view, document.contact_email),
        "logo": document.overrides.logo,
        "facts": view.facts(),
        "front": front,
        "crowding": _crowding(front),
        "sections": sections,
        "numbers": section_numbers(sections),
        "signers": signers,
        "terms": terms,
        "statements": {
            **page_statements(say, number=document.number, version=version, code=code, mark=_page_mark(document)),
            **opening_statements(say, view, sections, terms=bool(terms)),
            **power_statements(say, view),
            **signature_statements(say, sections, signers, terms=bool(terms)),
            **terms_statements(terms),
        },
    }


def _crowding(front: tuple[Section, ...]) -> str:
    """The classes that set the front page closer, with long names and addresses on it, to stay one page."""
    lines = sum(1 + len(row.value) // _LETTERS_IN_LINE for group in front for row in group.rows)
    return "crowded packed" if lines > _CLOSE_LINES else "crowded" if lines > _ROOMY_LINES else ""


def _page_mark(document: AgreementDocument) -> str:
    """What every page is marked as: a preview is nothing else."""
    return "preview" if document.preview else "example" if document.example else ""


def _title(document: AgreementDocument) -> str:
    title = words(document.language)("agreement.document_title", number=document.number)
    if len(title) > MAX_TITLE:
        raise ConfigurationError("render_failed", reason=f"the title is longer than {MAX_TITLE} characters")
    return title


def _own_values(document: AgreementDocument) -> dict[str, JsonValue]:
    """What only the pipeline knows, when it issues."""
    return {
        "agreement.id": document.number,
        "agreement.template_version": template_version(document.overrides),
        "agreement.language": document.language.value,
        "agreement.issued_at": document.issued_on.isoformat(),
    }


def _vendor(view: AgreementView, contact_email: str) -> dict[str, str]:
    names = ("name", "system_name", "broker_id")
    vendor = {name: view.text(f"vendor.{name}") for name in names}
    return vendor | {"org_number": view.text("vendor.orgnr"), "contact": plain(contact_email)}


def attachments(
    document: AgreementDocument, values: Values, printed: frozenset[str] | None = None
) -> Iterator["Attachment"]:
    """The values for machines, then the terms files that are to be read with the agreement.

    `values`: the agreement's own number, date and template version with them. `printed`: those that stand on the
    pages; None: all of them.
    """
    from renderers.finishing.attachments import Attachment, Relationship

    say = words(document.language)
    facts = AgreementFacts(
        number=document.number,
        template_version=str(values["agreement.template_version"]),
        language=document.language,
        issued_on=document.issued_on,
        route=document.route,
        example=document.example,
        values=values,
        signers=document.signers,
        terms=document.terms,
        open_fields=document.open_fields,
        printed=printed,
    )
    yield Attachment(
        name="avtale.json",
        media_type="application/json",
        description=say("agreement.attached_values"),
        content=agreement_json(load_catalogue(), facts),
        relationship=Relationship.DATA,
    )
    for number, (terms, content) in enumerate(zip(document.terms, document.terms_content, strict=False), start=1):
        yield Attachment(
            name=f"{say('agreement.attached_terms', number=number)}.pdf",
            media_type="application/pdf",
            description=f"{terms.name} {terms.date}",
            content=content,
            relationship=Relationship.SUPPLEMENT,
        )
