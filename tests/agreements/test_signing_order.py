"""The order for a signing service keeps to the service's limits, or says which it breaks."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.parties import Signer, SigningBasis
from agreements.signing_order import (
    DELETED_AFTER_DAYS,
    DOCUMENT_VERSIONS,
    MAX_DESCRIPTION,
    MAX_DOCUMENT_BYTES,
    MAX_SIGNERS,
    MAX_SIGNING_DAYS,
    MAX_TITLE,
    OrderDocument,
    SigningOrder,
    broken_limits,
    order_json,
    pdf_version,
    require_accepted,
    signing_deadline,
    unreachable_signers,
)
from agreements.texts import has_text

ISSUED_ON = date(2026, 11, 23)
SIGNERS = (
    Signer(
        name="Kari Nordmann", basis=SigningBasis.SIGNATURE_RIGHT, birth_date=date(1980, 5, 17), email="kari@example.org"
    ),
    Signer(name="Ola Nordmann", basis=SigningBasis.PROKURA, phone="+4722865500"),
)
ORDER = SigningOrder(
    number=AgreementNumber(CaseNumber(2026, 42), 2),
    title="T" * MAX_TITLE,
    description="D" * MAX_DESCRIPTION,
    language=Language.NB,
    document=OrderDocument(file="Avtale.pdf", sha256="ab" * 32, size=MAX_DOCUMENT_BYTES, version="1.7"),
    signers=SIGNERS,
    issued_on=ISSUED_ON,
    deadline=signing_deadline(ISSUED_ON, MAX_SIGNING_DAYS),
)
BREACHES = {
    "signing_order_signers": replace(ORDER, signers=SIGNERS[:1] * (MAX_SIGNERS + 1)),
    "signing_order_title": replace(ORDER, title=ORDER.title + "T"),
    "signing_order_description": replace(ORDER, description=ORDER.description + "D"),
    "signing_order_size": replace(ORDER, document=replace(ORDER.document, size=MAX_DOCUMENT_BYTES + 1)),
    "signing_order_version": replace(ORDER, document=replace(ORDER.document, version="2.0")),
    "signing_order_deadline": replace(ORDER, deadline=ORDER.deadline + timedelta(days=1)),
}


def test_an_order_at_every_limit_is_accepted() -> None:
    assert broken_limits(ORDER) == ()
    require_accepted(ORDER)


@pytest.mark.parametrize("code", sorted(BREACHES))
def test_each_limit_is_told_by_its_own_code(code: str) -> None:
    assert [limit.code for limit in broken_limits(BREACHES[code])] == [code]
    with pytest.raises(ConfigurationError, match="signing_service_limits") as refused:
        require_accepted(BREACHES[code])
    assert refused.value.exit_code == 3
    assert has_text(f"errors.{code}.message")
    assert has_text(f"errors.{code}.hint")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (replace(ORDER, signers=()), "signing_order_signers"),
        (replace(ORDER, title=""), "signing_order_title"),
        (replace(ORDER, description=""), "signing_order_description"),
        (replace(ORDER, document=replace(ORDER.document, size=0)), "signing_order_size"),
        (replace(ORDER, document=replace(ORDER.document, version="")), "signing_order_version"),
        (replace(ORDER, deadline=ISSUED_ON), "signing_order_deadline"),
    ],
)
def test_nothing_is_no_order(order: SigningOrder, code: str) -> None:
    assert [limit.code for limit in broken_limits(order)] == [code]


def test_all_broken_limits_are_told_at_once() -> None:
    worst = replace(ORDER, title="", signers=(), document=replace(ORDER.document, size=0, version="2.0"))
    assert len(broken_limits(worst)) == 4


def test_the_deadline_leaves_time_to_fetch_what_was_signed_on_the_last_day() -> None:
    assert MAX_SIGNING_DAYS < DELETED_AFTER_DAYS
    assert (ORDER.deadline - ISSUED_ON).days == MAX_SIGNING_DAYS


def test_the_order_as_json_names_the_document_and_who_signs_for_the_organisation_in_which_order() -> None:
    said = order_json(ORDER)
    assert said["schema"] == "avtale/signing-order/v1"
    assert said["reference"] == "DA-2026-000042-J.2"
    assert said["document"] == {
        "file": "Avtale.pdf",
        "media_type": "application/pdf",
        "pdf_version": "1.7",
        "sha256": "ab" * 32,
        "size": MAX_DOCUMENT_BYTES,
    }
    kari = {"order": 1, "name": "Kari Nordmann", "basis": "signature_right", "on_behalf_of": "OTHER"}
    ola = {"order": 2, "name": "Ola Nordmann", "basis": "prokura", "on_behalf_of": "OTHER"}
    assert said["signers"] == [
        {**kari, "email": "kari@example.org", "phone": None},
        {**ola, "email": None, "phone": "+4722865500"},
    ]
    assert said["to_complete"] == []
    assert (said["issued_on"], said["deadline"]) == ("2026-11-23", "2026-12-28")
    assert "1980" not in str(said)


def test_a_signer_whom_the_service_can_not_tell_is_named_and_the_order_is_good_all_the_same() -> None:
    silent = replace(ORDER, signers=(SIGNERS[0], replace(SIGNERS[1], phone=None)))
    assert (unreachable_signers(ORDER), unreachable_signers(silent)) == ((), (2,))
    assert order_json(silent)["to_complete"] == [{"signer": 2, "missing": "email_or_phone"}]
    require_accepted(silent)


@pytest.mark.parametrize("version", [*DOCUMENT_VERSIONS, "2.0"])
def test_the_version_is_what_the_file_itself_says(version: str) -> None:
    assert pdf_version(f"%PDF-{version}\n%".encode()) == version


@given(st.binary(max_size=2000))
def test_a_version_is_read_from_whatever_bytes(data: bytes) -> None:
    assert pdf_version(data) == "" or b"%PDF-" in data[:1024]
