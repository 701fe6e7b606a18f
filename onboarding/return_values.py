"""From what was read of a return to what is held to be agreed: the issued version's own facts beside the reading."""

import os
from contextlib import ExitStack

from agreements.agreement import Agreement
from agreements.calendar import norwegian_day
from agreements.catalogue import load_catalogue
from agreements.fieldmap import FieldMap
from agreements.findings import VAL_NOT_RECOGNISED
from agreements.parameters import Reading
from agreements.reconciling import Issued, Reconciled, reconcile
from onboarding.inspection import Inspection
from onboarding.scanning import Scan, ScanReading, known_pages, read_scan
from onboarding.workspace import Workspace


def return_values(workspace: Workspace, agreement: Agreement, inspection: Inspection) -> Reconciled:
    """The values of a return of this version: parameters with their proofs, and what disagrees.

    Of a picture they are recognised now that it is known what it is a picture of. Raises IntegrityError if the stored
    field map is not what it was.
    """
    mapped = agreement.field_map_sha256
    if mapped is None:
        return _reconciled(workspace, agreement, None, inspection.reading)
    field_map = FieldMap.model_validate_json(workspace.blobs.read(mapped))
    if inspection.has_text or inspection.report is None or agreement.adopted:
        return _reconciled(workspace, agreement, field_map, inspection.reading)
    scanned = _scanned(workspace, agreement, inspection, mapped)
    if scanned.problem is not None:
        return Reconciled(findings=(VAL_NOT_RECOGNISED(ocr=scanned.problem.value),))
    return _reconciled(workspace, agreement, field_map, scanned.reading)


def _scanned(workspace: Workspace, agreement: Agreement, inspection: Inspection, mapped: str) -> ScanReading:
    assert inspection.report is not None
    document = inspection.report.sha256
    with ExitStack() as stack:
        opened = [workspace.blobs.open(sha256) for sha256 in (document, agreement.sha256, mapped)]
        for descriptor in opened:
            stack.callback(os.close, descriptor)
        scan = Scan(
            document=opened[0],
            sha256=document,
            issued=opened[1],
            field_map=opened[2],
            marks=inspection.marks,
            pages=known_pages(workspace.marking_key, agreement.number, inspection.marks),
        )
        return read_scan(workspace.sandbox, scan, work_dir=workspace.blobs.work_dir)


def _reconciled(
    workspace: Workspace, agreement: Agreement, field_map: FieldMap | None, reading: Reading | None
) -> Reconciled:
    issued = Issued(
        values=agreement.values,
        language=agreement.language,
        printed=() if field_map is None else field_map.values,
        open_fields=agreement.open_fields,
    )
    return reconcile(
        load_catalogue(),
        issued,
        reading,
        today=norwegian_day(workspace.clock()),
        allow_synthetic=workspace.settings.allow_synthetic,
    )
