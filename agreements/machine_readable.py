"""The agreement as data: what the PDF says, for machines, attached to it as `avtale.json`.

Published under `docs/schemas/agreement-v1.schema.json` (`agreements.schema`). It says no more than the pages do: of a
birth date the year alone, and nothing that is not printed. Nobody may believe the attachment by itself: the pages are
what was signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from agreements.agreement import SIGNATURE_FIELDS, SigningRoute, TermsFile
from agreements.canonical import JsonValue, canonical_json
from agreements.casenumber import parse_agreement_number
from agreements.catalogue import Catalogue, Field, FieldType, Phase, Values
from agreements.language import Language
from agreements.parties import Signer

SCHEMA_NAME: Final = "avtale/agreement/v1"
ALWAYS_PRINTED: Final = ("customer.orgnr", "customer.name")
"""What ties the pages to their customer for whoever holds them: every agreement prints it, on whatever form."""
_SAID_APART: Final = ("agreement.", "signer2")
"""Fields that have a place of their own in the document, by the beginning of their ids."""
_SIGNERS: Final = frozenset({"signer.name", "signer.role", "signer.birth_date", "signer.joint"})
_NOT_AGREED: Final = frozenset({"launch.plan_needed"})
"""Decided by all parties in step 3, not on the agreement (catalogue)."""


@dataclass(frozen=True, kw_only=True)
class AgreementFacts:
    """What the document is made of; the names are `renderers.agreement.AgreementDocument`'s."""

    number: str
    template_version: str
    language: Language
    issued_on: date
    route: SigningRoute
    example: bool
    values: Values
    signers: tuple[Signer, ...]
    terms: tuple[TermsFile, ...]
    open_fields: tuple[str, ...]
    printed: frozenset[str] | None = None
    """Of the values, those that stand on the pages: an operator's own form has no place for some. None: all of them."""


def agreement_json(catalogue: Catalogue, facts: AgreementFacts) -> bytes:
    """The canonical JSON, UTF-8. Same input, same bytes. Raises UsageError for what is no agreement number."""
    number = parse_agreement_number(facts.number)
    document: Mapping[str, JsonValue] = {
        "schema": SCHEMA_NAME,
        "agreement": str(number),
        "case": str(number.case),
        "version": number.version,
        "kind": facts.values.get("agreement.kind", "new"),
        "template_version": facts.template_version,
        "language": facts.language.value,
        "issued_on": facts.issued_on.isoformat(),
        "route": facts.route.value,
        "example": facts.example,
        "values": _printed_values(catalogue, facts),
        "signers": [_signer(name, signer) for name, signer in zip(SIGNATURE_FIELDS, facts.signers, strict=False)],
        "terms": [{"name": file.name, "date": file.date, "sha256": file.sha256} for file in facts.terms],
        "open": list(facts.open_fields),
    }
    return canonical_json(document).encode()


def value_fields(catalogue: Catalogue) -> tuple[Field, ...]:
    """The fields that may stand under `values`, in the catalogue's order."""
    return tuple(
        field
        for field in catalogue.of_phase(Phase.AGREEMENT)
        if not field.id.startswith(_SAID_APART) and field.id not in _SIGNERS | _NOT_AGREED
    )


def is_birth_date(field: Field) -> bool:
    """True for a date of which only the year may be shown."""
    return field.type is FieldType.DATE and field.id.endswith(".birth_date")


def shown_value(field: Field, value: JsonValue) -> JsonValue:
    """A value as data of it may be shown: of a birth date the year alone."""
    return str(value)[:4] if is_birth_date(field) and value is not None else value


def _printed_values(catalogue: Catalogue, facts: AgreementFacts) -> dict[str, JsonValue]:
    values = facts.values
    return {
        field.id: shown_value(field, values[field.id])
        for field in value_fields(catalogue)
        if values.get(field.id) not in (None, "", []) and catalogue.is_asked(field, values)
        if facts.printed is None or field.id in facts.printed
    }


def _signer(name: str, signer: Signer) -> dict[str, JsonValue]:
    return {
        "field": name,
        "name": signer.name,
        "basis": signer.basis.value,
        "birth_year": signer.birth_date.year if signer.birth_date else None,
    }
