"""A signed package in a watched folder: its agreement is never approved out of it, and a person gets a ready reply."""

import pytest

from agreements.language import Language
from onboarding.intake_view import receipt_details
from tests.intake.mails import a_zip
from tests.onboarding.installation import Installation
from tests.onboarding.test_odd_files import quarantined


@pytest.mark.parametrize(
    ("name", "signature", "says"),
    [
        ("avtale.zip", "META-INF/signatures.xml", "ASiC-E"),
        ("avtale.asice", "les-meg.txt", "ASiC-E"),
        ("avtale.sdo", "les-meg.txt", "SDO"),
    ],
)
def test_an_honest_agreement_in_a_signed_package_is_for_a_person(
    installation: Installation, name: str, signature: str, says: str
) -> None:
    data = a_zip(("avtale.pdf", installation.template.honest), (signature, b"<x/>"))
    installation.drop(name, data)
    installation.run()
    receipt = quarantined(installation, data, "INT-011")
    assert installation.mails() == []
    shown = receipt_details(installation.workspace, receipt.id, Language.NB).data
    assert isinstance(shown, dict)
    assert isinstance(shown["reply"], dict)
    assert says in str(shown["reply"]["body"])


def test_a_file_that_only_its_name_tells_to_be_an_sdo_is_for_a_person_too(installation: Installation) -> None:
    data = b"<?xml version='1.0'?><Signert/>"
    installation.drop("avtale.sdo", data)
    installation.run()
    quarantined(installation, data, "INT-011")
