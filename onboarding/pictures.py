"""The pages of a return beside those that were issued, drawn in a sandbox child for a person to compare."""

import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from pydantic import BaseModel, ValidationError

from agreements.canonical import JsonValue
from onboarding.inspection import DOCUMENT, ISSUED
from onboarding.sandbox import Limits
from onboarding.workspace import Workspace

_LIMITS: Final = Limits(  # ours: eighty pages at 90 dots to the inch take some 8 s and 6 MB
    memory_bytes=2**30, cpu_seconds=60, wall_seconds=90.0, file_bytes=24 * 2**20
)


class _Drawn(BaseModel):
    issued: tuple[int, ...]
    returned: tuple[int, ...]
    """Bytes of each page's picture, in the order they were written; 0 for a page that can't be drawn."""


@dataclass(frozen=True, kw_only=True)
class PagePair:
    """One page number in both documents, as PNG; None where there is no such page, or it can't be drawn."""

    number: int
    issued: bytes | None
    returned: bytes | None


def draw_in_child(files: Mapping[str, bytes], arguments: JsonValue, write: Callable[[bytes], None]) -> JsonValue:
    """Runs in the child: every page of both documents, one picture after the other."""
    from intake.reading.pictures import page_pictures

    sizes: dict[str, list[int]] = {}
    for name, file in (("issued", ISSUED), ("returned", DOCUMENT)):
        sizes[name] = []
        for picture in page_pictures(files.get(file, b"")):
            write(picture or b"")
            sizes[name].append(len(picture or b""))
    return {name: list(each) for name, each in sizes.items()}


def draw_pages(workspace: Workspace, *, issued: str | None, returned: str) -> tuple[PagePair, ...]:
    """The pages of two originals (SHA-256), side by side; nothing where the child did not live to draw them."""
    with ExitStack() as stack, tempfile.TemporaryFile(dir=workspace.blobs.work_dir) as output:
        files = {DOCUMENT: _opened(stack, workspace, returned)}
        if issued is not None:
            files[ISSUED] = _opened(stack, workspace, issued)
        result = workspace.sandbox.run(
            "onboarding.pictures:draw_in_child", files=files, limits=_LIMITS, output=output.fileno()
        )
        if not result.ok:
            return ()
        try:
            drawn = _Drawn.model_validate(result.value)
        except ValidationError:
            return ()
        return _pairs(drawn, output.fileno())


def _opened(stack: ExitStack, workspace: Workspace, sha256: str) -> int:
    descriptor = workspace.blobs.open(sha256)
    stack.callback(os.close, descriptor)
    return descriptor


def _pairs(drawn: _Drawn, output: int) -> tuple[PagePair, ...]:
    data = os.pread(output, _LIMITS.file_bytes, 0)
    pictures: list[bytes | None] = []
    offset = 0
    for size in (*drawn.issued, *drawn.returned):
        pictures.append(data[offset : offset + size] if size else None)
        offset += size
    ours, theirs = pictures[: len(drawn.issued)], pictures[len(drawn.issued) :]
    pairs = enumerate(zip_longest(ours, theirs), start=1)
    return tuple(PagePair(number=number, issued=one, returned=other) for number, (one, other) in pairs)
