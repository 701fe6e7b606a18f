"""Who signed, against who should have."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.parties import Signer, SigningBasis
from agreements.signature_report import SignatureResult
from agreements.signers import ExpectedSigners, SignerCheck, SignerJudgement, SignerPolicy, judge_signers, name_key
from tests.agreements.ground_examples import (
    CUSTOMER,
    KARI,
    OLA,
    STRANGER,
    a_report,
    expecting,
    sealed_by,
    signed_by,
    time_stamp,
)

BORN = date(1980, 1, 2)
OTHER_DAY = date(1990, 3, 4)


def codes(judgement: SignerJudgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


@pytest.mark.parametrize(
    ("signatures", "expected", "check", "found"),
    [
        pytest.param([signed_by("Kari Nordmann")], expecting(KARI), "expected", [], id="the named person"),
        pytest.param([signed_by("NORDMANN, KARI")], expecting(KARI), "expected", [], id="as banks write names"),
        pytest.param(
            [sealed_by(CUSTOMER)], expecting(KARI, OLA), "expected", [], id="the customer's own seal is enough"
        ),
        pytest.param([sealed_by(CUSTOMER)], expecting(), "expected", [], id="an own seal where nobody is named"),
        pytest.param(
            [signed_by("Per Hansen")], expecting(KARI), "unexpected", ["WHO-002", "WHO-003"], id="a stranger instead"
        ),
        pytest.param(
            [signed_by("Kari Nordmann"), signed_by("Per Hansen")],
            expecting(KARI),
            "unexpected",
            ["WHO-002"],
            id="a stranger as well",
        ),
        pytest.param(
            [sealed_by(CUSTOMER), signed_by("Per Hansen")],
            expecting(KARI),
            "unexpected",
            ["WHO-002"],
            id="a stranger beside the seal",
        ),
        pytest.param(
            [sealed_by(STRANGER)], expecting(KARI), "unexpected", ["WHO-005", "WHO-003"], id="another firm's seal"
        ),
        pytest.param(
            [sealed_by(None)], expecting(KARI), "unexpected", ["WHO-005", "WHO-003"], id="a seal without a number"
        ),
        pytest.param(
            [sealed_by(None)],
            expecting(KARI, org_number=None),
            "unexpected",
            ["WHO-005", "WHO-003"],
            id="no number on either side",
        ),
        pytest.param([signed_by("Kari Nordmann")], expecting(KARI, OLA), "unexpected", ["WHO-003"], id="one of two"),
        pytest.param(
            [signed_by("Ola Nordmann"), signed_by("Kari Nordmann")], expecting(KARI, OLA), "expected", [], id="both"
        ),
        pytest.param([], expecting(KARI), "unexpected", ["WHO-003"], id="nobody"),
        pytest.param([time_stamp()], expecting(KARI), "unexpected", ["WHO-003"], id="only a time-stamp"),
        pytest.param(
            [signed_by("Kari Nordmann")], expecting(), "unexpected", ["WHO-002", "WHO-008"], id="nobody was named"
        ),
        pytest.param(
            [signed_by(None)], expecting(KARI), "unexpected", ["WHO-002", "WHO-003"], id="a certificate without a name"
        ),
        pytest.param(
            [signed_by("Kari Nordmann", trusted=False)], expecting(KARI), "unexpected", ["WHO-003"], id="not trusted"
        ),
        pytest.param(
            [sealed_by(CUSTOMER, trusted=False)],
            expecting(KARI),
            "unexpected",
            ["WHO-003"],
            id="an own seal, not trusted",
        ),
    ],
)
def test_only_those_who_should_sign_are_expected(
    signatures: list[SignatureResult], expected: ExpectedSigners, check: str, found: list[str]
) -> None:
    judgement = judge_signers(a_report(*signatures), expected)
    assert judgement.check is SignerCheck(check)
    assert codes(judgement) == found


def test_a_seal_in_the_signers_name_is_not_the_signer() -> None:
    sealed = signed_by("Kari Nordmann").model_copy(update={"kind": sealed_by(STRANGER).kind})
    assert codes(judge_signers(a_report(sealed), expecting(KARI))) == ["WHO-005", "WHO-003"]


def test_nothing_is_judged_where_nobody_said_who_should_sign() -> None:
    judgement = judge_signers(a_report(signed_by("Kari Nordmann")), None)
    assert judgement.check is SignerCheck.NOT_JUDGED
    assert codes(judgement) == ["WHO-001"]


def test_a_namesake_with_another_birth_date_is_not_the_signer() -> None:
    born = replace(KARI, birth_date=BORN)
    assert codes(judge_signers(a_report(signed_by("Kari Nordmann", birth_date=OTHER_DAY)), expecting(born))) == [
        "WHO-006",
        "WHO-003",
    ]
    assert codes(judge_signers(a_report(signed_by("Kari Nordmann", birth_date=BORN)), expecting(born))) == []
    assert codes(judge_signers(a_report(signed_by("Kari Nordmann")), expecting(born))) == []


def test_two_signers_of_one_name_need_two_signatures() -> None:
    twice = expecting(KARI, KARI)
    assert codes(judge_signers(a_report(signed_by("Kari Nordmann")), twice)) == ["WHO-003"]
    assert codes(judge_signers(a_report(signed_by("Kari Nordmann"), signed_by("Kari Nordmann")), twice)) == []


def test_two_signatures_with_one_certificate_are_one_person() -> None:
    signature = signed_by("Kari Nordmann", certificate="d" * 64)
    other = signed_by("Kari Nordmann", certificate="e" * 64)
    assert codes(judge_signers(a_report(signature, signature), expecting(KARI, KARI))) == ["WHO-003"]
    assert codes(judge_signers(a_report(signature, other), expecting(KARI, KARI))) == []


def test_a_name_without_letters_is_nobodys() -> None:
    nobody = Signer(name="—", basis=SigningBasis.SIGNATURE_RIGHT)
    assert codes(judge_signers(a_report(signed_by("9578-6000-4")), expecting(nobody))) == ["WHO-002", "WHO-003"]


@pytest.mark.parametrize(
    ("basis", "policy", "confirmed", "found"),
    [
        (SigningBasis.SIGNATURE_RIGHT, SignerPolicy.DECLARED, False, []),
        (SigningBasis.PROKURA, SignerPolicy.DECLARED, False, []),
        (SigningBasis.SIGNATURE_RIGHT, SignerPolicy.CONFIRMED, False, ["WHO-004"]),
        (SigningBasis.PROKURA, SignerPolicy.CONFIRMED, False, ["WHO-004"]),
        (SigningBasis.SIGNATURE_RIGHT, SignerPolicy.CONFIRMED, True, []),
        (SigningBasis.POWER_OF_ATTORNEY, SignerPolicy.DECLARED, False, ["WHO-007"]),
        (SigningBasis.POWER_OF_ATTORNEY, SignerPolicy.CONFIRMED, False, ["WHO-007"]),
        (SigningBasis.POWER_OF_ATTORNEY, SignerPolicy.CONFIRMED, True, []),
    ],
)
def test_the_right_to_sign_must_be_confirmed_unless_the_coordinators_word_counts(
    basis: SigningBasis, policy: SignerPolicy, confirmed: bool, found: list[str]
) -> None:
    signer = replace(KARI, basis=basis)
    keys = frozenset({name_key(signer.name)}) if confirmed else frozenset()
    judgement = judge_signers(a_report(signed_by(signer.name)), expecting(signer, policy=policy, confirmed=keys))
    assert codes(judgement) == found


def test_an_own_seal_needs_nobodys_right_to_sign() -> None:
    assert codes(judge_signers(a_report(sealed_by(CUSTOMER)), expecting(KARI, policy=SignerPolicy.CONFIRMED))) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Kari Nordmann", "NORDMANN, KARI", True),
        ("André Østbø", "Ostbo Andre", True),
        ("Anne-Lise Berg", "Berg Anne Lise", True),
        ("Pål Åsen", "PÅL ÅSEN", True),
        ("Kari Ås", "Kari Aas", False),
        ("Kari Nordmann", "Kari Nordmann Hansen", False),
        ("Kari Nordmann", "Karin Ordmann", False),
        ("Kari Kari Nordmann", "Kari Nordmann", False),
    ],
)
def test_names_are_compared_as_people_read_them(one: str, other: str, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same


@given(st.lists(st.sampled_from(["Kari", "Nordmann", "Ås", "Ødegård", "Čapek"]), min_size=1), st.randoms())
def test_neither_order_nor_letter_case_tells_names_apart(words: list[str], chance: object) -> None:
    mixed = sorted(words, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert name_key(" ".join(words)) == name_key(", ".join(mixed).upper())


PEOPLE = [KARI, OLA, Signer(name="Per Hansen", basis=SigningBasis.SIGNATURE_RIGHT)]
SIGNATURES = st.lists(
    st.one_of(
        st.builds(signed_by, st.sampled_from([person.name for person in PEOPLE]), trusted=st.booleans()),
        st.builds(sealed_by, st.sampled_from([CUSTOMER, STRANGER]), trusted=st.booleans()),
        st.builds(time_stamp),
    ),
    max_size=4,
)


@given(SIGNATURES, st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True))
def test_expected_means_that_every_required_signer_or_the_own_seal_is_there_and_nobody_else(
    signatures: list[SignatureResult], named: list[Signer]
) -> None:
    """The whole rule, said a second time in another way."""
    trusted = [signature for signature in signatures if signature.trusted]
    people = {signature.signer.name for signature in trusted if signature.kind == "signature"}
    seals = {signature.signer.org_number for signature in trusted if signature.kind == "seal"}
    names = {signer.name for signer in named}
    complete = CUSTOMER.digits in seals or (bool(names) and names <= people)
    strangers = (people - names) | (seals - {CUSTOMER.digits})
    check = judge_signers(a_report(*signatures), expecting(*named)).check
    assert (check is SignerCheck.EXPECTED) == (complete and not strangers)
