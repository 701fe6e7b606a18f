"""Prepares this process for rendering: only the fonts that are shipped, so that every machine makes the same pages."""

import atexit
import ctypes.util
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

# New objects between two looks for garbage, and how many looks at the youngest and at the middle ones make one at the
# next older. A document makes about 260,000: its garbage is gone before the next but one. Python's own: 700, 10, 10.
LOOKS_FOR_GARBAGE: Final = (50_000, 5, 2)


@cache
def private_fonts() -> None:
    """Point fontconfig at the package's own fonts. Must happen before WeasyPrint is imported; once is enough."""
    from onboarding.settings import use_private_fonts
    from renderers import fontconfig_file

    use_private_fonts(fontconfig_file())


@cache
def load_layout() -> None:
    """Load what lays out pages, with the package's own fonts. Raises OSError if Pango is missing."""
    private_fonts()
    with _libraries_by_their_names():
        import renderers.layout  # noqa: F401 - loaded for the modules that import it when they need it


def collect_garbage_seldom() -> None:
    """Let the interpreter look for garbage less often, in the whole process.

    Loading the program and laying out a document make hundreds of thousands of objects that stay: looking through them
    again and again took a sixth of the time of issuing one agreement, and once more at the very end a tenth. Memory
    stays as bounded as it was (`make bench`).
    """
    gc.set_threshold(*LOOKS_FOR_GARBAGE)
    atexit.register(gc.freeze)


@contextmanager
def _libraries_by_their_names() -> Iterator[None]:
    """While WeasyPrint loads Pango on Linux: only by the names that Linux knows, which it tries last.

    For every other name `ctypes.util.find_library` asks the linker's cache, a compiler and a linker: fifty processes
    and 0.3 s, to end with the very names that are tried anyway.
    """
    search = ctypes.util.find_library
    if sys.platform == "linux":
        ctypes.util.find_library = _not_searched
    try:
        yield
    finally:
        ctypes.util.find_library = search


def _not_searched(name: str) -> None:
    """In place of `ctypes.util.find_library`: nothing of this name."""
