"""An XLSX file of enquiries becomes CSV in a sandbox child: what the child answers is read as any CSV is."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from agreements.canonical import JsonValue
from agreements.errors import UsageError
from onboarding.sandbox import Limits, Sandbox

_FILE: Final = "file"
MAX_CSV_BYTES: Final = 8 * 2**20
"""What a child may answer; the reader of CSV takes less (`importing.MAX_FILE_BYTES`), and says so."""
_LIMITS: Final = Limits(memory_bytes=2**30, cpu_seconds=30, wall_seconds=45.0, file_bytes=MAX_CSV_BYTES)
"""Ours: 5,000 rows of thirty columns take some 4 s and 60 MB."""


def sheet_in_child(files: Mapping[str, bytes], arguments: JsonValue, write: Callable[[bytes], None]) -> JsonValue:
    """Runs in the child: the sheet as CSV goes out; the answer is None, or why there is none."""
    from intake.reading.sheet import SheetFault, sheet_as_csv

    try:
        write(sheet_as_csv(files[_FILE]))
    except SheetFault as fault:
        return {"code": fault.code, "params": dict(fault.params)}
    return None


def read_sheet(sandbox: Sandbox, data: bytes, *, work_dir: Path) -> bytes:
    """The CSV of a spreadsheet. Raises UsageError: the child's reason, or `import_sheet_broken` if it did not live."""
    with tempfile.TemporaryFile(dir=work_dir) as given, tempfile.TemporaryFile(dir=work_dir) as output:
        given.write(data)
        given.flush()
        result = sandbox.run(
            "onboarding.spreadsheets:sheet_in_child",
            files={_FILE: given.fileno()},
            limits=_LIMITS,
            output=output.fileno(),
        )
        if not result.ok:
            raise UsageError("import_sheet_broken")
        if isinstance(result.value, dict):
            raise _refused(result.value)
        return os.pread(output.fileno(), MAX_CSV_BYTES, 0)


_KNOWN: Final = frozenset({"import_sheet_broken", "import_sheet_too_large", "import_sheets", "import_formula"})


def _refused(answer: Mapping[str, JsonValue]) -> UsageError:
    """A child is not believed: a code it must not say is a broken file."""
    code, params = answer.get("code"), answer.get("params")
    if code not in _KNOWN or not isinstance(params, dict):
        return UsageError("import_sheet_broken")
    return UsageError(str(code), **{name: str(value)[:20] for name, value in params.items()})
