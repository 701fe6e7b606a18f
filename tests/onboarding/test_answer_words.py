"""What an answer calls the place of a fault: by its label, and not at all where it has none."""

import pytest

from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.values import Fault
from onboarding.answers import error_entries, fault_entry
from onboarding.importing import _SIGNER, _WHO
from onboarding.settings.faults import Fault as SettingFault


@pytest.mark.parametrize("language", list(Language))
def test_every_column_of_the_import_has_a_label(language: Language) -> None:
    for name in ("vendor", "signing", *(f"{who}.{part}" for who in _WHO for part in _SIGNER)):
        label, colon, _ = fault_entry(Fault(field_id=name, code="missing", params={}), language)["message"].partition(
            ": "
        )
        assert colon
        assert label != name
        assert label[0].isupper()


@pytest.mark.parametrize("language", list(Language))
def test_a_fault_of_a_whole_row_begins_like_a_sentence(language: Language) -> None:
    fault = Fault(field_id="", code="row_cells", params={"found": 2, "expected": 3})
    assert fault_entry(fault, language)["message"][0].isupper()


@pytest.mark.parametrize("language", list(Language))
def test_a_fault_of_a_whole_file_has_no_empty_quotes(language: Language) -> None:
    faults = tuple(SettingFault(line=1, key=key, code="setting_wrong_group") for key in ("", "smtp"))
    error = ConfigurationError("form_refused", path="x", count=2, faults=faults)
    _, whole, part = error_entries(error, language)
    assert "``" not in whole["message"]
    assert part["message"].replace(", `smtp`", "") == whole["message"]
