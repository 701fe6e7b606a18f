"""Who may sign: a whole combination by name and birth date, or a person decides."""

from datetime import date

import pytest

from agreements.parties import Signer, SigningBasis
from agreements.signing_authority import (
    AuthorityReason,
    AuthorityVerdict,
    Combination,
    RegisteredPerson,
    Rule,
    SigningAuthority,
    judge_authority,
)

BORN, OTHER = date(1980, 2, 29), date(1975, 3, 14)
V, R = AuthorityVerdict, AuthorityReason


def person(name: str, born: date | None = BORN) -> RegisteredPerson:
    return RegisteredPerson(name=name, birth_date=born)


def rule(*combinations: tuple[RegisteredPerson, ...], for_machines: bool = True, text: str = "") -> Rule:
    return Rule(
        combinations=tuple(Combination(persons=one) for one in combinations), for_machines=for_machines, text=text
    )


def signer(name: str, born: date | None = BORN, basis: SigningBasis = SigningBasis.SIGNATURE_RIGHT) -> Signer:
    return Signer(name=name, basis=basis, birth_date=born)


ALONE = SigningAuthority(signature=rule((person("KARI NORDMANN"),)), prokura=rule())
JOINTLY = SigningAuthority(signature=rule((person("Kari Nordmann"), person("Per Øye", OTHER))), prokura=rule())
EITHER = SigningAuthority(
    signature=rule((person("Kari Nordmann"),), (person("Per Øye", OTHER), person("Åse Li"))),
    prokura=rule((person("Nils Prokurist", OTHER),)),
)
FREE_TEXT = SigningAuthority(signature=rule(for_machines=False, text="Styret i fellesskap."), prokura=rule())
KARI, PER = signer("Kari Nordmann"), signer("Per Øye", OTHER)


@pytest.mark.parametrize(
    ("authority", "signers", "verdict", "reason"),
    [
        (ALONE, (KARI,), V.CONFIRMED, R.COMBINATION),
        (ALONE, (KARI, PER), V.CONFIRMED, R.COMBINATION),
        (ALONE, (signer("Kari Nordmann", None),), V.UNCLEAR, R.NO_BIRTH_DATE),
        (ALONE, (signer("Kari Nordmann", OTHER),), V.REFUTED, R.NO_COMBINATION),
        (ALONE, (PER,), V.REFUTED, R.NO_COMBINATION),
        (JOINTLY, (KARI,), V.REFUTED, R.NO_COMBINATION),
        (JOINTLY, (PER, KARI), V.CONFIRMED, R.COMBINATION),
        (JOINTLY, (KARI, signer("Per Øye", None)), V.UNCLEAR, R.NO_BIRTH_DATE),
        (EITHER, (signer("Åse Li"), PER), V.CONFIRMED, R.COMBINATION),
        (EITHER, (signer("Nils Prokurist", OTHER),), V.REFUTED, R.NO_COMBINATION),
        (EITHER, (signer("Nils Prokurist", OTHER, SigningBasis.PROKURA),), V.CONFIRMED, R.COMBINATION),
        (EITHER, (signer("Kari Nordmann", BORN, SigningBasis.PROKURA),), V.CONFIRMED, R.COMBINATION),
        (EITHER, (signer("Ola Li", BORN, SigningBasis.POWER_OF_ATTORNEY),), V.UNCLEAR, R.NO_RULE),
        (FREE_TEXT, (KARI,), V.UNCLEAR, R.NO_RULE),
        (SigningAuthority(signature=rule(), prokura=rule()), (KARI,), V.UNCLEAR, R.NO_RULE),
        (None, (KARI,), V.UNCLEAR, R.UNAVAILABLE),
        (ALONE, (), V.UNCLEAR, R.NO_SIGNERS),
    ],
)
def test_verdicts(
    authority: SigningAuthority | None,
    signers: tuple[Signer, ...],
    verdict: AuthorityVerdict,
    reason: AuthorityReason,
) -> None:
    judged = judge_authority(authority, signers)
    assert (judged.verdict, judged.reason) == (verdict, reason)


@pytest.mark.parametrize(
    ("registered", "declared", "fits"),
    [
        ("NORDMANN KARI", "Kari Nordmann", True),
        ("Kari Berit Nordmann", "Kari Nordmann", True),
        ("Kari Nordmann", "Kari Berit Nordmann", True),
        ("Anne-Lise Dahl", "Anne Lise Dahl", True),
        ("Åse Li", "Aase Li", False),
        ("Kari Nordmann", "Kari Hansen", False),
        ("Kari Berit Nordmann", "Kari Anne Nordmann", False),
        ("Nordmann", "Nordmann", False),
    ],
)
def test_names_are_the_same_but_for_order_and_middle_names(registered: str, declared: str, fits: bool) -> None:
    authority = SigningAuthority(signature=rule((person(registered),)), prokura=rule())
    assert (judge_authority(authority, (signer(declared),)).verdict is V.CONFIRMED) is fits


def test_one_who_signs_is_never_two_of_a_combination() -> None:
    twice = SigningAuthority(signature=rule((person("Kari Nordmann"), person("Kari Nordmann"))), prokura=rule())
    assert judge_authority(twice, (KARI,)).verdict is V.REFUTED
