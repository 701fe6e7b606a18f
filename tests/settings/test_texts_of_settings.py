"""Every code that settings, set-up and import can end in has its texts, in three languages."""

import re
from pathlib import Path

import pytest

from agreements.language import Language
from agreements.texts import flat_texts
from onboarding.doctor.checks import CHECKS

ONBOARDING = Path(__file__).parents[2] / "onboarding"
SOURCES = [
    *sorted((ONBOARDING / "settings").glob("*.py")),
    *sorted((ONBOARDING / "doctor").glob("*.py")),
    ONBOARDING / "importing.py",
    ONBOARDING / "initialise.py",
]
SOURCE = "\n".join(path.read_text() for path in SOURCES)
RAISED = set(re.findall(r'(?:Configuration|Usage)Error\("(\w+)"', SOURCE))
WRITTEN = set(re.findall(r'"((?:setting|doctor)_\w+)"', SOURCE))
MODEL = {f"setting_{code}" for code in re.findall(r'(?:_fault\(|_matching\(.*, )"(\w+)"\)', SOURCE)}
FROM_ELSEWHERE = {
    *("setting_orgnr_not_nine_digits", "setting_orgnr_check_digit", "setting_orgnr_synthetic"),
    *("setting_recipient_not_allowed", "setting_recipient_form", "setting_test_recipient_unsafe"),
}
ROWS = set(re.findall(r'_fault\([^,()]+(?:\([^)]*\))?, "(\w+)"', SOURCE))
FINE = set(re.findall(r'fine\("\w+", "(\w+)"', SOURCE))


@pytest.mark.parametrize("language", list(Language))
def test_every_code_has_its_texts(language: Language) -> None:
    texts = flat_texts(language)
    errors = RAISED | WRITTEN | MODEL | FROM_ELSEWHERE | {"settings_invalid"}
    wanted = {f"errors.{code}.{part}" for code in errors for part in ("message", "hint")}
    wanted |= {f"faults.{code}" for code in ROWS} | {f"doctor.{code}" for code in FINE}
    wanted |= {f"doctor.names.{name}" for name in CHECKS}
    assert sorted(wanted - texts.keys()) == []


def test_the_codes_are_found_in_the_source() -> None:
    """A pattern that finds nothing would let every text be missing."""
    assert {"no_user", "init_exists", "import_columns"} <= RAISED
    assert {"setting_wrong_truth", "doctor_mail"} <= WRITTEN
    assert {"setting_tilde", "setting_bad_id"} <= MODEL
    assert {"column_twice", "row_repeated", "missing"} <= ROWS
    assert {"folder_scan_remote", "template"} <= FINE
