"""From what was read of a return to what is held to be agreed: the issued version's own facts beside the reading."""

from agreements.agreement import Agreement
from agreements.calendar import norwegian_day
from agreements.catalogue import load_catalogue
from agreements.fieldmap import FieldMap
from agreements.parameters import Reading
from agreements.reconciling import Issued, Reconciled, reconcile
from onboarding.workspace import Workspace


def reconcile_values(workspace: Workspace, agreement: Agreement, reading: Reading | None) -> Reconciled:
    """The values of a return of this version: parameters with their proofs, and what disagrees.

    Raises IntegrityError if the stored field map is not what it was.
    """
    mapped = agreement.field_map_sha256
    printed = () if mapped is None else FieldMap.model_validate_json(workspace.blobs.read(mapped)).values
    issued = Issued(
        values=agreement.values,
        language=agreement.language,
        printed=printed,
        open_fields=agreement.open_fields,
    )
    return reconcile(
        load_catalogue(),
        issued,
        reading,
        today=norwegian_day(workspace.clock()),
        allow_synthetic=workspace.settings.allow_synthetic,
    )
