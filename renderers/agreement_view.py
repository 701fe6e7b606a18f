"""What the agreement's templates show: labels and values as people read them, in sections. No codes, no empty rows.

A row holds a value or, where the value is open, the place to fill it in; never both.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from agreements.agreement import SIGNATURE_FIELDS, SigningRoute, TermsFile
from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Field, FieldType, Owner, Phase, Values
from agreements.language import Language
from agreements.machine_readable import is_birth_date
from agreements.parties import POSTEN_ORG_NUMBER, Signer
from agreements.texts import capitalised
from agreements.values import format_date, format_value
from renderers.open_values import Blank, blank

DIGIPOST_NAME = "Posten Bring AS"
DIGIPOST_ORG_NUMBER = POSTEN_ORG_NUMBER
"""The company behind Digipost; renamed from Posten Norge AS 2023-06-06 (facts/domain.md §0)."""
_OPENING, _CONTACTS, _AUTHORISATION, _INFORMATION, _PRIVACY, _SIGNATURE, _ANNEXES = 1, 3, 4, 9, 10, 11, 12
_PARTS = {
    _OPENING: "opening",
    _CONTACTS: "contacts",
    _AUTHORISATION: "authorisation",
    _INFORMATION: "information",
    _PRIVACY: "privacy",
    _SIGNATURE: "signature",
    _ANNEXES: "annexes",
}
_ALWAYS = frozenset({_OPENING, _CONTACTS, _AUTHORISATION, _PRIVACY, _SIGNATURE, _ANNEXES})
_FACTS = ("agreement.id", "agreement.kind", "agreement.issued_at")
_ELSEWHERE = frozenset(
    {
        "agreement.terms_version",  # the list of terms files, in its own section
        "launch.plan_needed",  # decided by all parties in step 3 (catalogue), not agreed here
        "signer.name",
        "signer.role",
        "signer.birth_date",
        "signer.joint",
        "signer2",  # the signature boxes
    }
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One value with its label."""

    id: str
    """The catalogue's id."""
    label: str
    value: str
    """Empty where the value is open."""
    information: bool = False
    """For planning, not binding."""
    blank: Blank | None = None
    """The place to fill in, where the value is open and this is its section."""
    filled_in: int | None = None
    """On the front page, for an open value: the number of the section where it is filled in."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A section as printed; `part` names its template."""

    key: int
    """The catalogue's number."""
    number: int
    """The printed number."""
    title: str
    part: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class SignerBox:
    """Who signs, and the name of the signature field in the PDF. `born` is empty where no birth date is known."""

    id: str
    field: str
    name: str
    basis: str
    born: str


@dataclass(frozen=True, kw_only=True)
class TermsLine:
    """One of the terms files as listed."""

    id: str
    name: str
    date: str
    checksum: str


class AgreementView:
    """Everything the templates ask for. `values` must hold the agreement's own number, date and template version.

    `open_fields` are shown as places to fill in; one that has a value all the same is printed like any other.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        values: Values,
        language: Language,
        *,
        route: SigningRoute = SigningRoute.SERVICE,
        open_fields: tuple[str, ...] = (),
    ) -> None:
        self._catalogue = catalogue
        self._values = values
        self._language = language
        self._route = route
        self._open = frozenset(open_fields)
        self._shown = tuple(self._shown_fields())

    def sections(self) -> tuple[Section, ...]:
        """The sections that have something to say, numbered without gaps."""
        kept = [key for key in self._catalogue.sections if key in _ALWAYS or self._rows(key)]
        return tuple(
            Section(
                key=key,
                number=number,
                title=self._catalogue.sections[key][self._language],
                part=_PARTS.get(key, "values"),
                rows=self._rows(key),
            )
            for number, key in enumerate(kept, start=1)
        )

    def front(self) -> tuple[Section, ...]:
        """The front page's entries (`front: true`) by section, less those in `facts`; and the second signer."""
        on_front = [f for f in self._shown if (f.front or f.id == "signer2") and f.id not in _FACTS]
        return tuple(
            replace(section, rows=tuple(self._front_row(field, section.number) for field in entries))
            for section in self.sections()
            if (entries := [field for field in on_front if field.section == section.key])
        )

    def facts(self) -> tuple[Row, ...]:
        """Number, kind and date, at the head of the front page."""
        return tuple(self.row(self._catalogue.field(field_id)) for field_id in _FACTS if self._values.get(field_id))

    def also_authorised(self) -> tuple[str, ...]:
        """What the customer authorises the vendor to beside sending: the section's other switches that are on."""
        return tuple(
            field.label(self._language)
            for field in self._shown
            if field.section == _AUTHORISATION
            and field.owner is Owner.CUSTOMER
            and field.must_be is None
            and self._values.get(field.id) is True
        )

    def row(self, field: Field) -> Row:
        """One field as it is printed."""
        return Row(
            id=field.id,
            label=field.label(self._language),
            value=self.text(field.id),
            information=not field.binding,
            blank=None
            if self._has_value(field)
            else blank(self._catalogue, field, self._values, self._language, self._route),
        )

    def text(self, field_id: str) -> str:
        """A field's value as people read it; empty if it has none."""
        value = self._values.get(field_id)
        return value_text(self._catalogue, self._catalogue.field(field_id), value, self._language)

    def code(self, field_id: str) -> str:
        """A closed list's value as the catalogue writes it; empty if it has none."""
        return str(self._values.get(field_id) or "")

    def signers(self, signers: tuple[Signer, ...]) -> tuple[SignerBox, ...]:
        """The signature boxes in signing order."""
        return tuple(
            SignerBox(
                id=f"signature.{number}",
                field=name,
                name=plain(signer.name),
                basis=self._catalogue.value_label("signer.role", signer.basis.value, self._language),
                born=masked_birth_date(signer.birth_date),
            )
            for number, (name, signer) in enumerate(zip(SIGNATURE_FIELDS, signers, strict=False), start=1)
        )

    def terms(self, terms: tuple[TermsFile, ...]) -> tuple[TermsLine, ...]:
        """The terms files with their date in words and the checksum in groups that an eye can follow."""
        return tuple(
            TermsLine(
                id=f"terms.{number}",
                name=plain(file.name),
                date=format_date(date.fromisoformat(file.date), self._language),
                checksum=group_checksum(file.sha256),
            )
            for number, file in enumerate(terms, start=1)
        )

    def _shown_fields(self) -> Iterator[Field]:
        for field in self._catalogue.of_phase(Phase.AGREEMENT):
            if self._catalogue.is_asked(field, self._values) and (self._has_value(field) or field.id in self._open):
                yield field

    def _has_value(self, field: Field) -> bool:
        return self._values.get(field.id) not in (None, "", [])

    def _front_row(self, field: Field, section: int) -> Row:
        """An open value is filled in once, in its section; the front page says where."""
        row = self.row(field)
        return row if row.blank is None else replace(row, blank=None, filled_in=section)

    def _rows(self, section: int) -> tuple[Row, ...]:
        return tuple(
            self.row(field) for field in self._shown if field.section == section and field.id not in _ELSEWHERE
        )


def value_text(catalogue: Catalogue, field: Field, value: JsonValue, language: Language) -> str:
    """A value as every document shows it: of a birth date the year alone; empty if there is none."""
    if is_birth_date(field) and isinstance(value, str):
        if len(value) == len("1975"):
            return f"xx.xx.{value}"
        return masked_birth_date(date.fromisoformat(value))
    if isinstance(value, dict) and field.type is FieldType.CERTIFICATE:
        return plain(", ".join(f"{name}: {part}" for name, part in value.items()))
    shown = plain(format_value(catalogue, field, value, language), lines=field.type is FieldType.TEXT)
    # A word alone in its cell (ja, bokmål) begins like a sentence; texts that people typed stay as they are.
    return capitalised(shown) if field.type in {FieldType.BOOL, FieldType.ENUM} else shown


def section_numbers(sections: tuple[Section, ...]) -> Mapping[str, int]:
    """The printed number of each section with its own template, by the template's name: for references in the prose."""
    return {section.part: section.number for section in sections if section.part != "values"}


def masked_birth_date(day: date | None) -> str:
    """The year alone (`xx.xx.1975`): enough to tell namesakes apart, and no more than a document in the mail needs."""
    return "" if day is None else f"xx.xx.{day.year}"


def group_checksum(sha256: str) -> str:
    """A SHA-256 in eight groups of eight."""
    return " ".join(sha256[start : start + 8] for start in range(0, len(sha256), 8))


def plain(text: str, *, lines: bool = False) -> str:
    """Text fit for one line of a document: composed letters, no control characters. `lines`: line breaks may stay."""
    composed = unicodedata.normalize("NFC", text)
    kept = (
        letter if unicodedata.category(letter) not in {"Cc", "Cf", "Zl", "Zp"} or (lines and letter == "\n") else " "
        for letter in composed
    )
    return "".join(kept).strip()
