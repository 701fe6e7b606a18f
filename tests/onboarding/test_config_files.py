"""What `config set` takes out of a file: what a certificate says of itself, a key's fingerprint, a logo. No secrets."""

import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.errors import UsageError
from agreements.language import Language
from agreements.national_id import is_national_id
from agreements.values import Fault, ValueFault, check_value, format_value
from onboarding.configuring import set_configuration
from onboarding.references import MAX_REFERENCE_BYTES, read_certificate, read_fingerprint
from onboarding.steps.configuration import read_summary
from tests.onboarding.installation import Installation, sha256_of

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FIELD = load_catalogue().field("setup.certificate")
NATIONAL_ID = next(digits for n in range(10**5) if is_national_id(digits := f"158290{n:05}"))


def make(name: str = "Eksempel Regnskap AS", *, days: int = 365, issues: bool = False) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "NO"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, "315000017"),
        ]
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Utsteder CA")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(KEY.public_key())
        .serial_number(0x1F2E3D)
        .not_valid_before(NOW - timedelta(days=730))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issues, path_length=None), critical=True)
        .sign(KEY, hashes.SHA256())
    )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def key_as(encoding: Encoding, form: PrivateFormat, password: bytes | None = None) -> bytes:
    return KEY.private_bytes(encoding, form, BestAvailableEncryption(password) if password else NoEncryption())


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(ValueFault) as fault:
        read()
    return fault.value.code


def test_what_a_certificate_says_of_itself_is_taken_from_pem_and_der_alike() -> None:
    certificate = make("Blåbær & Sønn AS")
    der = certificate.public_bytes(Encoding.DER)
    said = read_certificate(der, now=NOW)
    assert said == {
        "subject": "2.5.4.5=315000017,O=Blåbær & Sønn AS,C=NO",
        "issuer": "CN=Utsteder CA",
        "serial": "1f2e3d",
        "not_after": "2027-11-23",
        "sha256": sha256_of(der),
    }
    assert read_certificate(b"Bag Attributes\n" + pem(certificate), now=NOW) == said
    assert list(check_value(load_catalogue(), FIELD, said, {})) == []
    shown = format_value(load_catalogue(), FIELD, said, Language.NB)
    assert "23. november 2027" in shown
    assert "1f2e3d" in shown


def test_the_chain_may_stand_in_the_same_file() -> None:
    chain = pem(make(issues=True)) + pem(make("Eget AS")) + pem(make("Rot", issues=True))
    assert "O=Eget AS" in str(read_certificate(chain, now=NOW)["subject"])


KEYS = {
    "pem": key_as(Encoding.PEM, PrivateFormat.PKCS8),
    "pem beside a certificate": pem(make()) + key_as(Encoding.PEM, PrivateFormat.TraditionalOpenSSL),
    "encrypted pem": key_as(Encoding.PEM, PrivateFormat.PKCS8, b"hemmelig"),
    "der": key_as(Encoding.DER, PrivateFormat.PKCS8),
    "old der": key_as(Encoding.DER, PrivateFormat.TraditionalOpenSSL),
    "encrypted der": key_as(Encoding.DER, PrivateFormat.PKCS8, b"hemmelig"),
    "openssh": key_as(Encoding.PEM, PrivateFormat.OpenSSH),
    "pkcs12": pkcs12.serialize_key_and_certificates(b"x", KEY, make(), None, NoEncryption()),
    "pkcs12 with password": pkcs12.serialize_key_and_certificates(
        b"x", KEY, make(), None, BestAvailableEncryption(b"hemmelig")
    ),
    "java": b"\xfe\xed\xfe\xed" + bytes(100),
}


@pytest.mark.parametrize("data", KEYS.values(), ids=KEYS)
def test_a_private_key_in_whatever_form_is_refused_as_one(data: bytes) -> None:
    assert refused(lambda: read_certificate(data, now=NOW)) == "private_key"
    assert refused(lambda: read_fingerprint(data)) == "private_key"


def test_what_is_no_certificate_of_the_organisation_is_refused_and_each_is_told_apart() -> None:
    cases = {
        "not_a_certificate": b"dette er ikke et sertifikat",
        "certificate_several": pem(make("En AS")) + pem(make("To AS")),
        "certificate_of_issuer": pem(make(issues=True)),
        "certificate_expired": pem(make(days=-1)),
    }
    assert {code: refused(lambda data=data: read_certificate(data, now=NOW)) for code, data in cases.items()} == {  # type: ignore[misc]
        code: code for code in cases
    }
    broken = pem(make()).replace(b"M", b"A", 3)
    assert refused(lambda: read_certificate(broken, now=NOW)) == "not_a_certificate"


def test_a_persons_certificate_with_an_identity_number_is_no_enterprise_certificate() -> None:
    said = read_certificate(pem(make(f"Ola {NATIONAL_ID}")), now=NOW)
    assert [fault.code for fault in check_value(load_catalogue(), FIELD, said, {})] == ["national_id"]


def test_nothing_but_what_is_said_of_a_certificate_is_one() -> None:
    said = read_certificate(pem(make()), now=NOW)
    wrong: list[JsonValue] = [
        {**said, "key": "hemmelig"},
        {name: part for name, part in said.items() if name != "serial"},
        {**said, "serial": "xyz"},
        {**said, "sha256": "ab"},
        {**said, "not_after": "i morgen"},
        {**said, "subject": 5},
        "sti.pem",
    ]
    codes = [[fault.code for fault in check_value(load_catalogue(), FIELD, value, {})] for value in wrong]
    assert codes == [["certificate_form"]] * 4 + [["not_a_date"]] + [["certificate_form"]] * 2


def test_a_fingerprint_is_what_ssh_keygen_says(tmp_path: Path) -> None:
    public = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    path = tmp_path / "key.pub"
    path.write_bytes(public + b" drift@example.org\n")
    said = subprocess.run(["ssh-keygen", "-lf", str(path)], check=True, capture_output=True, text=True).stdout
    assert read_fingerprint(path.read_bytes()) == said.split()[1]


@pytest.mark.parametrize("data", [b"ssh-rsa AAAA", b"", b"a b\nc d\n", b"ssh-rsa !!!! x", b"\x00" * 40])
def test_what_is_no_public_key_has_no_fingerprint(data: bytes) -> None:
    assert refused(lambda: read_fingerprint(data)) == "ssh_public_key"


# --- the whole way ----------------------------------------------------------------------------------------------------


def put(installation: Installation, **typed: str) -> None:
    number = str(installation.template.by_one.agreement.number.case)
    named = {name.replace("__", "."): value for name, value in typed.items()}
    set_configuration(installation.workspace, number, named, reason="Nytt sertifikat", actor=installation.actor)


def test_certificate_and_logo_are_set_from_their_files_and_the_logo_is_kept(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "virksomhet.cer").write_bytes(pem(make(days=1000)))
    (tmp_path / "Logo æøå.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    put(
        installation,
        setup__certificate=f" {tmp_path / 'virksomhet.cer'}",
        setup__logo=str(tmp_path / "Logo æøå.png"),
        setup__certificate_kind="buypass",
    )
    summary = read_summary(installation.workspace, str(installation.template.by_one.agreement.number.case))
    values = {entry.field_id: entry.value for entry in (*summary.vendor, *summary.customer)}
    certificate, logo = values["setup.certificate"], values["setup.logo"]
    assert isinstance(certificate, dict)
    assert certificate.keys() == {"subject", "issuer", "serial", "not_after", "sha256"}
    assert date.fromisoformat(str(certificate["not_after"])) == (NOW + timedelta(days=1000)).date()
    assert isinstance(logo, dict)
    assert logo["name"] == "Logo æøå.png"
    assert installation.workspace.blobs.read(str(logo["sha256"])).startswith(b"\x89PNG")


def test_files_that_are_not_there_empty_or_too_large_are_told_of_together(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "tom.png").touch()
    (tmp_path / "stor.pem").write_bytes(bytes(MAX_REFERENCE_BYTES + 1))
    with pytest.raises(UsageError) as refusal:
        put(installation, setup__certificate=str(tmp_path / "stor.pem"), setup__logo=str(tmp_path / "tom.png"))
    with pytest.raises(UsageError) as missing:
        put(installation, setup__certificate=str(tmp_path / "borte.pem"), setup__logo=str(tmp_path))
    found = [
        [fault.code for fault in error.value.params["faults"] if isinstance(fault, Fault)]  # type: ignore[attr-defined]
        for error in (refusal, missing)
    ]
    assert found == [["file_size", "file_size"], ["file_not_readable", "file_not_readable"]]
