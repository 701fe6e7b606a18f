"""A scanned agreement, read: places are cut out in the sandbox, recognised by tesseract, and told as sightings.

The child draws, finds the pages and writes the pictures of the places to one file it was handed (ADR 0020); the roof
has tesseract read that file. Neither decides what is agreed: `agreements.reconciling` compares (ADR 0028).
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from agreements.canonical import JsonValue
from agreements.casenumber import AgreementNumber
from agreements.errors import TemporaryError
from agreements.fieldmap import FieldMap
from agreements.marking import read_qr_payload
from agreements.parameters import Method, Reading, Sighting
from intake.reading.ocr import Recognised, read_words
from intake.reading.scans import Cut, Cutting, SeenMark
from onboarding.inspection import DOCUMENT, FIELD_MAP, ISSUED
from onboarding.ocr import OcrProblem, recognise
from onboarding.sandbox import Limits, Sandbox

SCAN_LIMITS: Final = Limits(  # six pages take 11 s without a single mark (docs/scans.md); 88 pictures are 6 MB
    memory_bytes=2**30, cpu_seconds=60, wall_seconds=90.0, file_bytes=64 * 2**20
)


class _Arguments(BaseModel):
    marks: tuple[SeenMark, ...]
    pages: dict[int, int]


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What is to be read. Descriptors are open for reading, their hashes checked; they stay open."""

    document: int
    sha256: str
    """The document's."""
    issued: int
    """The agreement as it was issued; or a blank form, with a field map of its places."""
    field_map: int
    marks: tuple[SeenMark, ...] = ()
    """As seen in the document."""
    pages: Mapping[int, int]
    """Which issued page each returned page is, by `known_pages`; empty: they are found by how they look."""


@dataclass(frozen=True, kw_only=True)
class ScanReading:
    """What was seen, and why some of it could not be recognised: then it has no text and no confidence."""

    reading: Reading
    problem: OcrProblem | None = None


def known_pages(key: bytes, number: AgreementNumber, marks: Sequence[SeenMark]) -> dict[int, int]:
    """Which issued page of this agreement each returned page says it is, under the installation's key.

    A page that says two things, and two pages that say the same, are left out.
    """
    said: dict[int, set[int]] = {}
    for seen in marks:
        mark = read_qr_payload(key, seen.payload)
        if mark is not None and mark.number == number:
            said.setdefault(seen.page, set()).add(mark.page)
    clear = {returned: pages.pop() for returned, pages in said.items() if len(pages) == 1}
    times = Counter(clear.values())
    return {returned: page for returned, page in clear.items() if times[page] == 1}


def cut_in_child(files: Mapping[str, bytes], arguments: JsonValue, write: Callable[[bytes], None]) -> JsonValue:
    """Runs in the child: find the pages, cut out the places, and write their pictures as one TIFF."""
    from intake.reading.crops import cut_out

    given = _Arguments.model_validate(arguments)
    field_map = FieldMap.model_validate_json(files[FIELD_MAP])
    cutting, sheet = cut_out(files[DOCUMENT], files[ISSUED], field_map, given.marks, given.pages)
    write(sheet)
    return cutting.model_dump(mode="json")


def read_scan(sandbox: Sandbox, scan: Scan, *, work_dir: Path) -> ScanReading:
    """Everything that can be seen of the values in a scan.

    `work_dir`: where a temporary file may stand, which nobody can open by name. Never raises for what the document
    holds. Raises TemporaryError for a full disk.
    """
    with tempfile.TemporaryFile(dir=work_dir) as output:
        arguments = _Arguments(marks=scan.marks, pages=dict(scan.pages)).model_dump(mode="json")
        result = sandbox.run(
            "onboarding.scanning:cut_in_child",
            files={DOCUMENT: scan.document, ISSUED: scan.issued, FIELD_MAP: scan.field_map},
            arguments=arguments,
            limits=SCAN_LIMITS,
            output=output.fileno(),
        )
        if result.error == "OSError":  # nothing else is written or read there
            raise TemporaryError("disk_full", place=str(work_dir))
        if not result.ok:
            problem = OcrProblem.FAILED if result.limit is None else OcrProblem.OVER_LIMIT
            return ScanReading(reading=Reading(document=scan.sha256), problem=problem)
        return _recognised(scan.sha256, result.value, output.fileno())


def _recognised(sha256: str, value: JsonValue, sheet: int) -> ScanReading:
    try:
        cutting = Cutting.model_validate(value)
    except ValidationError:
        return ScanReading(reading=Reading(document=sha256), problem=OcrProblem.FAILED)
    words: Mapping[int, Recognised] = {}
    problem: OcrProblem | None = None
    if any(cut.picture is not None for cut in cutting.cuts):
        answer = recognise(sheet)
        words, problem = read_words(answer.table), answer.problem
    sightings = tuple(_sighting(cut, words) for cut in cutting.cuts)
    return ScanReading(
        reading=Reading(document=sha256, sightings=sightings, lost_pages=cutting.lost_pages), problem=problem
    )


def _sighting(cut: Cut, words: Mapping[int, Recognised]) -> Sighting:
    """A picture that nothing was recognised in has no text and no confidence."""
    seen = Recognised(text=cut.text, confidence=cut.confidence) if cut.picture is None else words.get(cut.picture)
    return Sighting(
        field_id=cut.field_id,
        page=cut.page,
        rectangle=cut.rectangle,
        text="" if seen is None else seen.text,
        field=cut.field,
        method=Method.OCR,
        confidence=0.0 if seen is None else seen.confidence,
    )
