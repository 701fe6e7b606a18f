"""What rendering costs before the first page is laid out."""

import subprocess
import sys

LOADED = """
import sys
started = []
sys.addaudithook(lambda event, args: started.append(args[0]) if event == "subprocess.Popen" else None)
import ctypes.util
search = ctypes.util.find_library
{load}
assert ctypes.util.find_library is search
print(len(started))
"""


def _said(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_no_program_is_started_to_find_the_layouts_libraries() -> None:
    assert int(_said(LOADED.format(load="import renderers.layout"))) > 0  # what it would be otherwise
    assert int(_said(LOADED.format(load="from onboarding.rendering import load_layout; load_layout()"))) == 0


def test_pages_are_laid_out_by_what_was_loaded_so() -> None:
    program = """
from onboarding.rendering import load_layout
load_layout()
from renderers.layout import lay_out
print(lay_out("<html lang=nb><title>x</title><body><p>x</p>", "page.css").pdf[:5].decode())
"""
    assert _said(program).strip() == "%PDF-"


def test_garbage_is_looked_for_less_often_and_not_at_the_end() -> None:
    program = """
import atexit, gc
from onboarding.rendering import LOOKS_FOR_GARBAGE, collect_garbage_seldom
atexit.register(lambda: print(gc.get_freeze_count() > 1000))
collect_garbage_seldom()
print(gc.isenabled(), gc.get_threshold() == LOOKS_FOR_GARBAGE)
"""
    assert _said(program).split() == ["True", "True", "True"]


def test_issuing_loads_neither_the_migrations_nor_the_calendar() -> None:
    program = """
import sys, onboarding.issuing
print(*(name for name in ("holidays", "alembic") if name in sys.modules))
"""
    assert _said(program).strip() == ""
