"""Opening a received document: what happens inside the sandbox child, and how the program asks for it.

A received document is opened once for everything that needs it: visible text, signatures, identity numbers. The child
gets the
bytes and gives back JSON; nothing it returns is believed to be more than values.
"""

from collections.abc import Mapping
from datetime import datetime

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

    `arguments`: trust, time and whether sources are wanted, as `inspect_document` sends.
    """
    from intake.reading.national_ids import search_document
    from intake.reading.pages import EncryptedPdfError, UnreadablePdfError, read_pages
    from signatures.judge import judge

    assert isinstance(arguments, dict)
    pages: Pages | None = None
    failure: Finding | None = None
    try:
        pages = read_pages(files[DOCUMENT])
    except EncryptedPdfError:
        failure = INT_ENCRYPTED()
    except UnreadablePdfError:
        failure = INT_UNREADABLE_PDF()
    issued_pages = _issued_pages(files)
    trust = Trust.from_json(arguments["trust"])
    report = judge(
        files[DOCUMENT],
        trust=trust,
        at=parse_utc(str(arguments["at"])),
        issued=files.get(ISSUED),
        pages=pages,
        issued_pages=issued_pages,
        likeness=_compare_pages(files, pages),
    )
    reading = _read_values(files, report, pages) if pages is not None and pages.has_text else None
    text = "" if pages is None else pages.all_text
    numbers = tuple(f"{case}.{version}" if version else str(case) for case, version in find_agreement_numbers(text))
    organisations = tuple(number.digits for number in find_org_numbers(text))
    return Inspection(
        report=report,
        has_text=pages is not None and pages.has_text,
        numbers=numbers[:MAX_NUMBERS],
        organisations=organisations[:MAX_NUMBERS],
        marks=_see_marks(files[DOCUMENT], pages),
        reading=reading,
        identity=search_document(files[DOCUMENT], pages),
        failure=failure,
        sources=_missing(files, report, trust) if arguments["sources"] else (),
    ).model_dump(mode="json")


def _missing(files: Mapping[str, bytes], report: SignatureReport, trust: Trust) -> tuple[RevocationSource, ...]:
    """What could be asked for, where an answer would change anything."""
    from signatures.missing import find_sources

    unknown = any(finding.code == SIG_REVOCATION_UNKNOWN.code for finding in report.findings)
    refused = any(finding.severity is Severity.REJECT for finding in report.findings)
    return (
        find_sources(files[DOCUMENT], report, trust=trust, issued=files.get(ISSUED)) if unknown and not refused else ()
    )


def _compare_pages(files: Mapping[str, bytes], pages: Pages | None) -> Likeness | None:
    """How the pages compare, where there is anything to compare: the issued bytes do not stand first."""
    from intake.reading.likeness import compare_pages
    from intake.reading.pages import UnreadablePdfError

    if ISSUED not in files or pages is None or not pages.has_text or files[DOCUMENT].startswith(files[ISSUED]):
        return None
    field_map = FieldMap.model_validate_json(files[FIELD_MAP]) if FIELD_MAP in files else None
    try:
        return compare_pages(files[DOCUMENT], issued=files[ISSUED], field_map=field_map)
    except UnreadablePdfError:
        return None  # that it was not compared is a finding


def _see_marks(document: bytes, pages: Pages | None) -> tuple[SeenMark, ...]:
    """On a page that has text, the text says what it is."""
    from intake.reading.qr import read_marks

    pictures = pages is not None and any(not normal_lines(page.text) for page in pages.pages)
    return read_marks(document) if pictures else ()


def _read_values(files: Mapping[str, bytes], report: SignatureReport, pages: Pages) -> Reading | None:
    """What stands in the places of the issued document; its fields as they were when the first signer signed."""
    from intake.reading.values import read_values

    if ISSUED not in files or FIELD_MAP not in files:
        return None
    signed = [one.signed_bytes for one in report.signatures if one.counts and one.signed_bytes]
    return read_values(
        files[DOCUMENT],
        issued=files[ISSUED],
        field_map=FieldMap.model_validate_json(files[FIELD_MAP]),
        same_pages=report.provenance is not None and report.provenance.shape is Shape.APPENDED,
        signed_end=min(signed, default=None),
        pages=pages,
    )


def _issued_pages(files: Mapping[str, bytes]) -> Pages | None:
    """The text of the issued document: as it was read when it was issued, if by the same reader; else read now."""
    from intake.reading.pages import READER, read_pages

    if FIELD_MAP in files and (stored := FieldMap.model_validate_json(files[FIELD_MAP])).reader == READER:
        return stored.pages
    return read_pages(files[ISSUED]) if ISSUED in files else None


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
