"""Taking a delivery apart: what happens inside the sandbox child, and how the program asks for it.

The child gets the delivery's bytes, and gives back what it found as JSON and the documents' bytes in a file it was
handed, one after the other. Nothing of that is believed: a document is what its own SHA-256 says, and judged by itself.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from agreements.canonical import JsonValue
from agreements.errors import TemporaryError
from agreements.findings import INT_ENGINE_ERROR, INT_RESOURCE_LIMIT, Finding
from agreements.ports import Blobs
from intake.unpacking import Unpacking, unpack
from intake.unpacking.limits import MAX_RAW_BYTES, MAX_UNPACKED_BYTES
from onboarding.sandbox import Limits, Sandbox, SandboxResult

DELIVERY: Final = "delivery"
UNPACK_LIMITS: Final = Limits(  # facts/mail-and-folders.md §5; a 40 MB mail, copied once for each level, has room
    memory_bytes=2**30, cpu_seconds=20, wall_seconds=30.0, file_bytes=MAX_RAW_BYTES + MAX_UNPACKED_BYTES
)


def unpack_in_child(files: Mapping[str, bytes], arguments: JsonValue, write: Callable[[bytes], None]) -> JsonValue:
    """Runs in the child: take the delivery apart, and write its documents out in the order they are named.

    `arguments`: the name of a file whose bytes are to tell what it is, None for a mail.
    """
    name = arguments if isinstance(arguments, str) else None
    unpacked = unpack(files[DELIVERY], mail=True if name is None else None, name=name or "")
    for candidate in unpacked.unpacking.candidates:
        write(unpacked.contents[candidate.sha256])
    return unpacked.unpacking.model_dump(mode="json")


def unpack_delivery(sandbox: Sandbox, blobs: Blobs, delivery: int, *, name: str | None, work_dir: Path) -> Unpacking:
    """Have the child take a delivery apart; its documents are among the originals when this returns.

    `delivery`: a descriptor open for reading, which stays open. `name`: what a file is called, None for a mail from a
    mailbox. `work_dir`: where a temporary file may stand, which nobody can open by name. Never raises for what the
    delivery holds: a killed child, or one whose answer can't be right, is a finding, and no documents. Raises
    TemporaryError for a full disk.
    """
    with tempfile.TemporaryFile(dir=work_dir) as output:
        result = sandbox.run(
            "onboarding.unpack:unpack_in_child",
            files={DELIVERY: delivery},
            arguments=name,
            limits=UNPACK_LIMITS,
            output=output.fileno(),
        )
        if result.error == "OSError":  # nothing else is written or read there
            raise TemporaryError("disk_full", place=str(work_dir))
        failure = _failure(result)
        return Unpacking(findings=(failure,)) if failure else _kept(result.value, blobs, output.fileno())


def _failure(result: SandboxResult) -> Finding | None:
    if result.limit is not None:
        return INT_RESOURCE_LIMIT(limit=result.limit)
    return None if result.error is None else INT_ENGINE_ERROR(error=result.error)


def _kept(value: JsonValue, blobs: Blobs, output: int) -> Unpacking:
    """The answer, once every document it names is stored as it was named."""
    try:
        unpacking = Unpacking.model_validate(value)
    except ValidationError:
        return Unpacking(findings=(INT_ENGINE_ERROR(error="ValidationError"),))
    if sum(candidate.size for candidate in unpacking.candidates) != os.fstat(output).st_size:
        return Unpacking(findings=(INT_ENGINE_ERROR(error="IntegrityError"),))
    offset = 0
    for candidate in unpacking.candidates:
        data = os.pread(output, candidate.size, offset)
        if blobs.put(data) != candidate.sha256:
            return Unpacking(findings=(INT_ENGINE_ERROR(error="IntegrityError"),))
        offset += candidate.size
    return unpacking
