"""Who signed, read from certificates of many makes."""

from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agreements.signature_report import SignatureKind
from signatures.algorithms import DatedAlgorithms
from signatures.cms import require_searchable
from signatures.document import TooManyError
from signatures.identity import kind_of, read_identity
from signatures.knowledge import Knowledge
from tests.signatures.papers import NOW

KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(*attributes: tuple[Any, str], serial: int = 7) -> Any:
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Utsteder AS")]))
        .public_key(KEY.public_key())
        .serial_number(serial)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(KEY, hashes.SHA256())
    )
    return asn1_x509.Certificate.load(made.public_bytes(serialization.Encoding.DER))


@pytest.mark.parametrize(
    ("attributes", "number"),
    [
        (((NameOID.ORGANIZATION_IDENTIFIER, "NTRNO-310028142"),), "310028142"),
        (((NameOID.SERIAL_NUMBER, "310028142"),), "310028142"),
        (((NameOID.SERIAL_NUMBER, "UN:NO-310028142"),), "310028142"),
        (((NameOID.ORGANIZATION_NAME, "Fjord Regnskap AS-310028142"),), "310028142"),
        (((NameOID.ORGANIZATION_NAME, "Fjord Regnskap AS 310028142"),), "310028142"),
        (((NameOID.ORGANIZATION_IDENTIFIER, "NTRNO-310028143"),), None),  # the check digit is wrong
        (((NameOID.ORGANIZATION_IDENTIFIER, "NTRSE-310028142"),), None),
        (((NameOID.SERIAL_NUMBER, "9578-6000-4-310028142"),), None),  # a person's number at the bank
        (((NameOID.COMMON_NAME, "310028142"),), None),
    ],
)
def test_the_organisation_number_is_found_by_three_rules(
    attributes: tuple[tuple[Any, str], ...], number: str | None
) -> None:
    made = certificate(*attributes)
    assert read_identity(made, trusted=True).org_number == number
    assert read_identity(made, trusted=False).org_number is None


def test_a_name_is_put_together_where_there_is_no_common_name() -> None:
    made = certificate((NameOID.SURNAME, "Nordmann"), (NameOID.GIVEN_NAME, "Kari"))
    identity = read_identity(made, trusted=True)
    assert (identity.name, identity.issuer, identity.qualified) == ("Kari Nordmann", "Utsteder AS", None)
    assert read_identity(certificate(), trusted=True).name is None


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        (((NameOID.ORGANIZATION_IDENTIFIER, "NTRNO-310028142"),), SignatureKind.SEAL),
        (
            ((NameOID.ORGANIZATION_IDENTIFIER, "NTRNO-310028142"), (NameOID.SURNAME, "Nordmann")),
            SignatureKind.SIGNATURE,
        ),
        (((NameOID.COMMON_NAME, "Kari Nordmann"),), SignatureKind.SIGNATURE),
    ],
)
def test_a_seal_names_an_organisation_and_no_person(attributes: Any, kind: SignatureKind) -> None:
    assert kind_of(certificate(*attributes)) is kind


def test_a_heap_of_authorities_of_one_name_is_not_searched() -> None:
    same = [certificate((NameOID.ORGANIZATION_NAME, "Utsteder AS"), serial=number) for number in range(10, 14)]
    with pytest.raises(TooManyError, match="issuers-of-one-name"):
        require_searchable(same)
    require_searchable([certificate((NameOID.COMMON_NAME, "Svar"), serial=number) for number in range(10, 30)])


def test_broken_pieces_in_the_store_are_passed_over() -> None:
    knowledge = Knowledge()
    for kind in ("/Certs", "/CRLs", "/OCSPs"):
        knowledge.add(kind, b"nonsense")
        knowledge.add(kind, b"")
    assert knowledge.revoked_since(certificate()) is None
    assert knowledge.local().known_certs == []


@pytest.mark.parametrize(
    ("digest", "moment", "allowed"),
    [
        ("sha256", None, True),
        ("sha3_512", NOW, True),
        ("md5", NOW, False),
        ("sha1", NOW, False),
        ("sha1", NOW.replace(year=2010), True),
        ("sha1", None, False),
    ],
)
def test_digests_are_allowed_by_name_and_date(digest: str, moment: Any, allowed: bool) -> None:
    class Named:
        native = digest

    assert bool(DatedAlgorithms().digest_algorithm_allowed({"algorithm": Named()}, moment)) is allowed
