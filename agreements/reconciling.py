"""Three witnesses for each value: what was issued, what the form field says, what the page shows. Pure.

Where they agree there is a parameter with its proof; where they don't there is a finding, and never a value. What the
customer filled in has no issued value beside it: what the field says and the page shows must be the same, and keep the
catalogue's rules; a person still looks whether whoever signed could see it. What was recognised in a picture counts
only where it was recognised surely, and what was filled in by hand is told as uncertain all the same.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Field, FieldType, Values
from agreements.day_rules import check_days
from agreements.fieldmap import PrintedValue
from agreements.findings import (
    CAS_OPEN_VALUES,
    VAL_ATTACHMENT_DIFFERS,
    VAL_DIFFERS,
    VAL_FILLED_IN,
    VAL_INVALID,
    VAL_MISSING,
    VAL_NOT_FOUND,
    VAL_NOT_SHOWN,
    VAL_UNCERTAIN,
    Finding,
    FindingCode,
)
from agreements.language import Language
from agreements.machine_readable import shown_value
from agreements.national_id import mask_national_ids
from agreements.pages import solid
from agreements.parameters import (
    MIN_CONFIDENCE,
    MIN_CONFIDENCE_OF_ISSUED,
    Method,
    Parameter,
    Parameters,
    Reading,
    Sighting,
    Source,
)
from agreements.printed import parse_printed
from agreements.values import Fault, ValueFault, check_value

MAX_QUOTED: Final = 80  # characters of a value that a finding quotes, as `signatures.provenance`


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What the issued agreement says, and where it leaves a value to the customer."""

    values: Values
    language: Language
    printed: tuple[PrintedValue, ...]
    open_fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What is held to be agreed, and what is wrong with the rest."""

    parameters: Parameters = Parameters()  # noqa: RUF009 - frozen, and empty
    findings: tuple[Finding, ...] = ()


def reconcile(
    catalogue: Catalogue, issued: Issued, reading: Reading | None, *, today: date, allow_synthetic: bool
) -> Reconciled:
    """Compare what was read with what was issued. `today`: the Norwegian day, for rules about dates.

    None was read: of an agreement without open values that says nothing against it, for the document itself is proven
    otherwise; what was left open is a finding then.
    """
    if reading is None:
        left = issued.open_fields
        return Reconciled(findings=(CAS_OPEN_VALUES(entries=", ".join(left)),) if left else ())
    work = _Comparison(catalogue, issued, reading, today=today, allow_synthetic=allow_synthetic)
    return work.outcome()


class _Comparison:
    """One document's values against one agreement's."""

    def __init__(
        self, catalogue: Catalogue, issued: Issued, reading: Reading, *, today: date, allow_synthetic: bool
    ) -> None:
        self._catalogue = catalogue
        self._issued = issued
        self._reading = reading
        self._today = today
        self._allow_synthetic = allow_synthetic
        self._findings: list[Finding] = []
        self._told: defaultdict[FindingCode, list[str]] = defaultdict(list)
        """Findings that name all their fields at once."""

    def outcome(self) -> Reconciled:
        found = {one.field_id: one for one in self._printed()}
        filled = {one.field_id: one for one in self._filled_in()}
        found |= self._without_faults(filled)
        self._look_at_attachment()
        return Reconciled(
            parameters=Parameters(values=tuple(found[one.id] for one in self._catalogue.fields if one.id in found)),
            findings=(*self._findings, *self._summed()),
        )

    @cached_property
    def _seen(self) -> Mapping[str, list[Sighting]]:
        seen: defaultdict[str, list[Sighting]] = defaultdict(list)
        for sighting in self._reading.sightings:
            seen[sighting.field_id].append(sighting)
        return seen

    # --- what we printed

    def _printed(self) -> Iterator[Parameter]:
        """The printed values that the document shows, all of their places alike."""
        expected: defaultdict[str, set[str]] = defaultdict(set)
        for place in self._issued.printed:
            expected[place.field_id].add(place.text)
        for field_id, texts in expected.items():
            known = self._catalogue.find_field(field_id)
            if known is None or field_id in self._issued.open_fields or field_id not in self._issued.values:
                continue  # prose, signature boxes and the like: the text of the pages is proven as a whole
            sighting = self._agreeing(field_id, texts)
            if sighting is not None:
                yield self._parameter(known, self._issued.values[field_id], sighting)

    def _agreeing(self, field_id: str, texts: set[str]) -> Sighting | None:
        """The surest sighting of a printed value; None, and told, where one says otherwise or there is none."""
        seen = self._seen.get(field_id, [])
        wanted = {solid(text) for text in texts}
        recognised = {
            text.casefold() for text in wanted
        }  # a picture's capitals and small letters are told apart by size
        other = [
            one
            for one in seen
            if solid(one.text) not in wanted
            and not (one.method is Method.OCR and solid(one.text).casefold() in recognised)
        ]
        sure = [one for one in other if one.confidence >= MIN_CONFIDENCE]
        if sure:
            said = _quoted(" / ".join(sorted(texts)))
            self._findings.append(
                VAL_DIFFERS(entry=field_id, page=sure[0].page, seen=_quoted(sure[0].text) or "-", issued=said)
            )
            return None
        best = max(seen, key=lambda one: one.confidence, default=None)
        if best is None:
            self._told[VAL_NOT_FOUND].append(field_id)
        elif other or best.confidence < MIN_CONFIDENCE_OF_ISSUED:
            self._told[VAL_UNCERTAIN].append(field_id)
            return None
        return best

    # --- what the customer filled in

    def _filled_in(self) -> Iterator[Parameter]:
        for field_id in self._issued.open_fields:
            field = self._catalogue.field(field_id)
            seen = self._seen.get(field_id, [])
            if not seen:
                self._told[VAL_NOT_FOUND].append(field_id)
            for sighting in seen[:1]:
                yield from self._customers_own(field, sighting)

    def _customers_own(self, field: Field, sighting: Sighting) -> Iterator[Parameter]:
        if sighting.method is Method.OCR:
            self._told[VAL_UNCERTAIN].append(field.id)
            if sighting.confidence < MIN_CONFIDENCE:
                return
        if sighting.field is None and not sighting.text:
            self._told[VAL_NOT_FOUND].append(field.id)  # the carrier dropped the field: nobody knows what stood there
            return
        try:
            value = self._typed(field, sighting)
        except ValueFault as fault:
            self._invalid(Fault(field_id=field.id, code=fault.code, params=fault.params))
            return
        if value is _DISAGREEING:
            self._findings.append(VAL_NOT_SHOWN(entry=field.id, page=sighting.page))
        else:
            yield self._parameter(field, None if value in ("", []) else value, sighting)

    def _typed(self, field: Field, sighting: Sighting) -> JsonValue:
        """What field and page say alike; `_DISAGREEING` where they don't. Raises ValueFault."""
        if field.type is FieldType.BOOL:
            ticked = sighting.text != ""
            return ticked if sighting.field is None or sighting.field_value is ticked else _DISAGREEING
        written = sighting.field_value
        if sighting.field is None:
            return self._parsed(field, sighting.text)
        if not isinstance(written, str) or not written.strip():
            return _DISAGREEING if sighting.text else None
        value = self._parsed(field, written)
        alike = solid(written) == solid(sighting.text) or (
            field.type is FieldType.ENUM and self._parsed(field, sighting.text) == value
        )
        return value if alike else _DISAGREEING

    def _parsed(self, field: Field, text: str) -> JsonValue:
        if field.type is FieldType.ENUM and text in field.values:
            return text
        return parse_printed(self._catalogue, field, text, self._issued.language, allow_synthetic=self._allow_synthetic)

    def _without_faults(self, filled: Mapping[str, Parameter]) -> Mapping[str, Parameter]:
        """The filled in values that keep the rules, given all the others; what is lacking is told."""
        given = {name: one.value for name, one in filled.items() if one.value is not None}
        values = {**self._issued.values, **given}
        faults = [
            fault
            for name, value in given.items()
            for fault in check_value(self._catalogue, self._catalogue.field(name), value, values)
        ]
        faults += check_days(given, today=self._today)
        for fault in faults:
            self._invalid(fault)
        wrong = {fault.field_id for fault in faults}
        lacking = [name for name in filled if name not in given and self._catalogue.field(name).required]
        self._told[VAL_MISSING] += lacking
        self._told[VAL_FILLED_IN] += [name for name in given if name not in wrong]
        return {name: one for name, one in filled.items() if name not in wrong and name not in lacking}

    # --- the attached data

    def _look_at_attachment(self) -> None:
        """The attachment is a witness against, never one for: nobody sees it when signing."""
        attached = _object(self._reading.attached)
        wrong = [
            one.id
            for one in self._catalogue.fields
            if one.id in attached and attached[one.id] != shown_value(one, self._issued.values.get(one.id))
        ]
        self._told[VAL_ATTACHMENT_DIFFERS] += wrong

    def _parameter(self, field: Field, value: JsonValue, sighting: Sighting) -> Parameter:
        source = Source(
            document=self._reading.document,
            page=sighting.page,
            rectangle=sighting.rectangle,
            field=sighting.field,
            method=Method.FORM_FIELD if sighting.field is not None else sighting.method,
            confidence=sighting.confidence,
        )
        return Parameter(field_id=field.id, value=shown_value(field, value), source=source)

    def _invalid(self, fault: Fault) -> None:
        self._findings.append(VAL_INVALID(entry=fault.field_id, rule=fault.code, **_quoted_params(fault.params)))

    def _summed(self) -> Iterator[Finding]:
        for code, names in self._told.items():
            if names:
                yield code(entries=", ".join(dict.fromkeys(names)))


_DISAGREEING: Final = "\x00"
"""No value can be this: none may hold a control character."""


def _object(text: str | None) -> Mapping[str, JsonValue]:
    loaded = json.loads(text) if text is not None else {}
    return loaded if isinstance(loaded, dict) else {}


def _quoted(text: str) -> str:
    return mask_national_ids(" ".join(text.split()))[:MAX_QUOTED]


def _quoted_params(params: Mapping[str, str | int]) -> Mapping[str, str | int]:
    return {name: _quoted(value) if isinstance(value, str) else value for name, value in params.items()}
