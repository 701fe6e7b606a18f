"""Opening a received document: what happens inside the sandbox child, and how the program asks for it.

A received document is opened once for everything that needs it: visible text, signatures, identity numbers. The child
gets the bytes and gives back JSON; nothing it returns is believed to be more than values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from agreements.canonical import JsonValue
from agreements.casenumber import find_agreement_numbers
from agreements.fieldmap import FieldMap
from agreements.findings import (
    INT_ENCRYPTED,
    INT_ENGINE_ERROR,
    INT_RESOURCE_LIMIT,
    INT_UNREADABLE_PDF,
    SIG_REVOCATION_UNKNOWN,
    Finding,
    Severity,
)
from agreements.identity_search import IdentitySearch
from agreements.likeness import Likeness
from agreements.orgnumber import find_org_numbers
from agreements.pages import Pages, normal_lines
from agreements.parameters import Reading
from agreements.signature_report import Shape, SignatureReport
from agreements.times import format_utc, parse_utc
from intake.reading.scans import SeenMark
from onboarding.sandbox import Limits, Sandbox, SandboxResult
from onboarding.settings.model import Limits as ConfiguredLimits
from signatures.sources import RevocationSource
from signatures.trust import Trust

if TYPE_CHECKING:
    from intake.reading.opened import Both

DOCUMENT, ISSUED, FIELD_MAP = "document", "issued", "field_map"
MAX_NUMBERS = 100
"""Numbers a child reports; ours: an honest return holds one, a hostile one may hold thousands."""
_PRELOADED = (
    *(
        "onboarding.inspection",
        "signatures.judge",
        "signatures.missing",
        "intake.reading.national_ids",
        "onboarding.rehearsal",
    ),
    *(
        "onboarding.unpack",
        "intake.reading.values",
        "intake.reading.likeness",
        "intake.reading.crops",
        "onboarding.scanning",
    ),
)


class Inspection(BaseModel):
    """What the child found.

    `failure` is why it could not be read; `report` is None only when the child did not finish.
    """

    model_config = ConfigDict(frozen=True)

    report: SignatureReport | None = None
    has_text: bool = False
    """A picture of paper has none."""
    numbers: tuple[str, ...] = ()
    """Case and agreement numbers in the visible text; the text itself stays in the child."""
    organisations: tuple[str, ...] = ()
    """Organisation numbers in the visible text."""
    marks: tuple[SeenMark, ...] = ()
    """QR codes on pages without text; nobody has looked yet whether they are ours."""
    reading: Reading | None = None
    """The values, where the issued document with its field map was at hand and this one has text."""
    identity: IdentitySearch | None = None
    """Where identity numbers stand; None only when the child did not finish."""
    failure: Finding | None = None
    sources: tuple[RevocationSource, ...] = ()
    """Where to ask about trusted signers whose revocation is unknown; only where that was wanted."""


def inspect(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Runs in the child: read the visible text, judge the signatures, look for identity numbers.

    `arguments`: trust, time and, where wanted, sources, as `inspect_document` sends.
    """
    from intake.reading.opened import open_both

    assert isinstance(arguments, dict)
    with open_both(files.get(ISSUED, b""), files[DOCUMENT]) as both:
        return _inspect(_given(files, both), both, arguments).model_dump(mode="json")


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What the child was handed, and what it read first."""

    document: bytes
    issued: bytes | None
    field_map: FieldMap | None
    pages: Pages | None
    """The document's; None where it can't be read."""
    failure: Finding | None
    written_anew: bool
    """The issued bytes are known and do not stand first."""

    @property
    def has_text(self) -> bool:
        return self.pages is not None and self.pages.has_text


def _given(files: Mapping[str, bytes], both: "Both") -> _Given:
    from intake.reading.pages import EncryptedPdfError, UnreadablePdfError, read_pages

    pages: Pages | None = None
    failure: Finding | None = None
    document, issued = files[DOCUMENT], files.get(ISSUED)
    written_anew = issued is not None and not document.startswith(issued)
    try:  # pages that are compared below are opened once; else one after the other, which takes less memory
        pages = both.returned.read() if written_anew else read_pages(document)
    except EncryptedPdfError:
        failure = INT_ENCRYPTED()
    except UnreadablePdfError:
        failure = INT_UNREADABLE_PDF()
    field_map = FieldMap.model_validate_json(files[FIELD_MAP]) if FIELD_MAP in files else None
    return _Given(
        document=document,
        issued=issued,
        field_map=field_map,
        pages=pages,
        failure=failure,
        written_anew=written_anew,
    )


def _inspect(given: _Given, both: "Both", arguments: Mapping[str, Any]) -> Inspection:
    """`both`: the document, and the issued one where there is one."""
    from intake.reading.national_ids import search_document
    from signatures.judge import judge

    trust = Trust.from_json(arguments["trust"])
    report = judge(
        given.document,
        trust=trust,
        at=parse_utc(str(arguments["at"])),
        issued=given.issued,
        pages=given.pages,
        issued_pages=_issued_pages(given.issued, given.field_map),
        likeness=_compare_pages(given, both),
    )
    text = "" if given.pages is None else given.pages.all_text
    numbers = tuple(f"{case}.{version}" if version else str(case) for case, version in find_agreement_numbers(text))
    organisations = tuple(number.digits for number in find_org_numbers(text))
    return Inspection(
        report=report,
        has_text=given.has_text,
        numbers=numbers[:MAX_NUMBERS],
        organisations=organisations[:MAX_NUMBERS],
        marks=_see_marks(given),
        reading=_read_values(given, both, report),
        identity=search_document(given.document, given.pages),
        failure=given.failure,
        sources=_missing(given, report, trust) if arguments.get("sources") else (),
    )


def _missing(given: _Given, report: SignatureReport, trust: Trust) -> tuple[RevocationSource, ...]:
    """What could be asked for, where an answer would change anything."""
    from signatures.missing import find_sources

    unknown = any(finding.code == SIG_REVOCATION_UNKNOWN.code for finding in report.findings)
    refused = any(finding.severity is Severity.REJECT for finding in report.findings)
    if not unknown or refused:
        return ()
    return find_sources(given.document, report, trust=trust, issued=given.issued)


def _compare_pages(given: _Given, both: "Both") -> Likeness | None:
    """How the pages compare, where there is anything to compare: the issued bytes do not stand first."""
    from intake.reading.likeness import compare_pages
    from intake.reading.pages import UnreadablePdfError

    if not given.written_anew or not given.has_text:
        return None
    try:
        return compare_pages(both, field_map=given.field_map)
    except UnreadablePdfError:
        return None  # that it was not compared is a finding


def _see_marks(given: _Given) -> tuple[SeenMark, ...]:
    """On a page that has text, the text says what it is."""
    from intake.reading.qr import read_marks

    pictures = given.pages is not None and any(not normal_lines(page.text) for page in given.pages.pages)
    return read_marks(given.document) if pictures else ()


def _read_values(given: _Given, both: "Both", report: SignatureReport) -> Reading | None:
    """What stands in the places of the issued document; its fields as they were when the first signer signed."""
    from intake.reading.values import read_values

    if given.issued is None or given.field_map is None or not given.has_text:
        return None
    signed = [one.signed_bytes for one in report.signatures if one.counts and one.signed_bytes]
    return read_values(
        both,
        field_map=given.field_map,
        same_pages=report.provenance is not None and report.provenance.shape is Shape.APPENDED,
        signed_end=min(signed, default=None),
        pages=given.pages,
    )


def _issued_pages(issued: bytes | None, field_map: FieldMap | None) -> Pages | None:
    """The text of the issued document: as it was read when it was issued, if by the same reader; else read now."""
    from intake.reading.pages import READER, read_pages

    if field_map is not None and field_map.reader == READER:
        return field_map.pages
    return None if issued is None else read_pages(issued)


def open_sandbox(limits: ConfiguredLimits | None = None, *, workers: int = 1) -> Sandbox:
    """A sandbox with everything imported that `inspect` needs, under the configured limits."""
    limits = limits or ConfiguredLimits()
    return Sandbox(
        Limits(
            memory_bytes=limits.validation_bytes,
            cpu_seconds=limits.validation_seconds,
            wall_seconds=limits.validation_seconds,
        ),
        preload=_PRELOADED,
        workers=workers,
    )


def inspect_document(
    sandbox: Sandbox,
    document: int,
    *,
    issued: int | None,
    field_map: int | None = None,
    trust: Trust,
    at: datetime,
    sources: bool = False,
) -> Inspection:
    """Have the child look at a document.

    `document`, `issued` and `field_map` (of the issued one) are descriptors open for reading, their hashes checked;
    they stay open. `sources`: also tell where missing revocation data could be asked for. Never raises for what the
    document holds; a killed child is a finding.
    """
    given = {DOCUMENT: document, ISSUED: issued, FIELD_MAP: field_map}
    files = {name: descriptor for name, descriptor in given.items() if descriptor is not None}
    arguments: JsonValue = {"trust": trust.to_json(), "at": format_utc(at), "sources": sources}
    return _inspection(sandbox.run("onboarding.inspection:inspect", files=files, arguments=arguments))


def _inspection(result: SandboxResult) -> Inspection:
    if result.limit is not None:
        return Inspection(failure=INT_RESOURCE_LIMIT(limit=result.limit))
    if result.error is not None:
        return Inspection(failure=INT_ENGINE_ERROR(error=result.error))
    return Inspection.model_validate(result.value)
