"""What Digipost is told of the right to sign, whoever approved; and what speaks for a launch plan."""

import pytest

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.parties import Signer, SigningBasis
from agreements.plan import PlanReason, reasons_for_plan
from agreements.signers import ExpectedSigners, SignerPolicy, SigningRight, name_key, signing_right
from tests.agreements.ground_examples import a_report, expecting, sealed_by, signed_by

KARI = Signer(name="Kari Nordmann", basis=SigningBasis.SIGNATURE_RIGHT)
NILS = Signer(name="Nils Nordmann", basis=SigningBasis.POWER_OF_ATTORNEY)
CONFIRMED = frozenset({name_key(KARI.name)})


@pytest.mark.parametrize(
    ("signed", "expected", "right"),
    [
        ((KARI.name,), expecting(KARI), SigningRight.DECLARED),
        ((KARI.name,), expecting(KARI, policy=SignerPolicy.CONFIRMED), SigningRight.UNSETTLED),
        ((KARI.name,), expecting(KARI, policy=SignerPolicy.CONFIRMED, confirmed=CONFIRMED), SigningRight.CONFIRMED),
        ((KARI.name,), expecting(KARI, NILS, confirmed=CONFIRMED), SigningRight.UNSETTLED),
        ((KARI.name, NILS.name), expecting(KARI, NILS, confirmed=CONFIRMED), SigningRight.UNSETTLED),
        ((NILS.name,), expecting(KARI, confirmed=CONFIRMED), SigningRight.UNSETTLED),
        ((), expecting(KARI, confirmed=CONFIRMED), SigningRight.UNSETTLED),
        ((KARI.name,), expecting(), SigningRight.UNSETTLED),
    ],
)
def test_the_right_is_confirmed_only_where_everybody_has_signed_and_something_confirms_it(
    signed: tuple[str, ...], expected: ExpectedSigners, right: SigningRight
) -> None:
    assert signing_right(a_report(*(signed_by(name) for name in signed)), expected) is right


def test_the_organisations_own_seal_stands_in_the_place_of_people() -> None:
    expected = expecting(KARI)
    assert expected.org_number is not None
    assert signing_right(a_report(sealed_by(expected.org_number)), expected) is SigningRight.SEALED


def test_what_speaks_for_a_plan_is_read_from_the_agreement() -> None:
    catalogue = load_catalogue()
    assert reasons_for_plan(catalogue, {"customer.sector": "private", "launch.monthly_volume": 10}) == ()
    much: dict[str, JsonValue] = {
        "customer.sector": "public",
        "service.print_fallback": True,
        "service.channel": "batch_sftp",
        "launch.monthly_volume": 10_000,
        "launch.peaks": "januar",
        "dpa.special_categories": True,
        "launch.recruitment": ["brev"],
    }
    assert reasons_for_plan(catalogue, much) == tuple(PlanReason)
