"""The issuer's seal: what it is made with, what it refuses, and that its key is loaded once."""

import io
import subprocess
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding as As
from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat, pkcs12
from cryptography.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader

from agreements.agreement import SEAL_FIELD
from agreements.errors import ConfigurationError
from agreements.findings import SIG_ISSUER_SEAL
from agreements.signature_report import Indication, SignatureKind
from renderers.pdf_rules import check_pdf
from signatures.seal import Sealer, open_pkcs11, open_pkcs12
from signatures.throwaway import Credential, Key, LeafOptions, ThrowawayPki, sign
from tests.signatures.conftest import Judge
from tests.signatures.papers import NOW
from tests.zoo import keeper as zoo

SECRET = b"hemmelig"
VENDOR = "310028142"
LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def vendor(pki: ThrowawayPki, key: Key | None = None, **options: object) -> Credential:
    return pki.seal("Fjordsystem AS", VENDOR, options=LeafOptions(key=key, **options))  # type: ignore[arg-type]


def packed(credential: Credential, key: pkcs12.PKCS12PrivateKeyTypes | None = None) -> bytes:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

    chain = [credential.pki.intermediate.certificate]
    own = key or credential.key
    return pkcs12.serialize_key_and_certificates(
        b"segl", own, credential.certificate, chain, BestAvailableEncryption(SECRET)
    )


def sealer(credential: Credential) -> Sealer:
    return open_pkcs12(packed(credential), SECRET)


def refused(error: pytest.ExceptionInfo[ConfigurationError]) -> str:
    return error.value.code


@pytest.mark.parametrize(
    "key", [None, rsa.generate_private_key(public_exponent=65537, key_size=2048)], ids=["ec", "rsa"]
)
def test_a_sealed_agreement_is_signed_and_passes(
    key: Key | None, pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    issued = sealer(vendor(pki, key)).seal(agreement, now=NOW)
    report = judged(sign(issued, pki.person("Kari Nordmann"), field="Signatur1", now=NOW), issued=issued)
    assert report.indication is Indication.TOTAL_PASSED
    seal, signature = report.signatures
    assert (seal.field, seal.kind, seal.issuer) == (SEAL_FIELD, SignatureKind.SEAL, True)
    assert (signature.field, signature.issuer) == ("Signatur1", False)
    assert [finding.code for finding in report.findings] == [SIG_ISSUER_SEAL.code]


def test_the_seal_alone_is_no_signature(pki: ThrowawayPki, agreement: bytes, judged: Judge) -> None:
    issued = sealer(vendor(pki)).seal(agreement, now=NOW)
    assert judged(issued, issued=issued).indication is Indication.NO_SIGNATURE


def test_without_the_issued_document_a_seal_is_judged_as_every_seal(
    pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    stranger = ThrowawayPki.create(NOW, demo=False, label="fremmed")
    issued = sealer(vendor(stranger)).seal(agreement, now=NOW)
    (seal,) = judged(issued).signatures
    assert (seal.issuer, seal.trusted, seal.indication) == (False, False, Indication.INDETERMINATE)


def test_the_seal_certifies_for_filling_and_signing_only(pki: ThrowawayPki, agreement: bytes) -> None:
    issued = sealer(vendor(pki)).seal(agreement, now=NOW)
    (embedded,) = PdfFileReader(io.BytesIO(issued)).embedded_signatures
    with pikepdf.open(io.BytesIO(issued)) as pdf:
        certified = pdf.Root.Perms.DocMDP
        assert int(certified.Reference[0].TransformParams.P) == 2
        assert str(certified.SubFilter) == "/ETSI.CAdES.detached"
        assert "/DigestMethod" not in certified.Reference[0]  # PDF/A-3, 6.1.12
    assert embedded.self_reported_timestamp == NOW
    assert issued.startswith(agreement)


def test_a_sealed_agreement_keeps_to_its_standards(pki: ThrowawayPki) -> None:
    agreement = zoo.issued()
    issued = sealer(vendor(pki)).seal(agreement, now=NOW)
    assert check_pdf(issued) == check_pdf(agreement) == ()


def test_the_key_is_loaded_once(pki: ThrowawayPki, agreement: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    own = sealer(vendor(pki, rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    monkeypatch.setattr("cryptography.hazmat.primitives.serialization.load_der_private_key", _never)
    assert own.seal(agreement, now=NOW) != agreement


def _never(*_: object, **__: object) -> None:
    raise AssertionError("the key was loaded again")


def test_a_wrong_password_and_what_is_no_file_of_the_kind_are_told(pki: ThrowawayPki) -> None:
    for data, password in ((packed(vendor(pki)), b"feil"), (b"tull", SECRET), (b"", None)):
        with pytest.raises(ConfigurationError) as error:
            open_pkcs12(data, password)
        assert refused(error) == "seal_unreadable"


def test_a_kind_of_key_that_readers_do_not_know_is_refused(pki: ThrowawayPki) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    data = pkcs12.serialize_key_and_certificates(b"segl", key, None, None, NoEncryption())
    with pytest.raises(ConfigurationError) as error:
        open_pkcs12(data, None)
    assert refused(error) == "seal_unreadable"


class _Another:
    """Stands for a token that holds the key of another certificate."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    async def async_sign_raw(self, data: bytes, _digest: str) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))


def test_a_key_that_is_not_the_certificates_is_refused(pki: ThrowawayPki) -> None:
    certificate: Certificate = vendor(pki).certificate
    with pytest.raises(ConfigurationError) as error:
        Sealer(_Another(ec.generate_private_key(ec.SECP256R1())), certificate)  # type: ignore[arg-type]
    assert refused(error) == "seal_key"


@pytest.mark.parametrize("moment", [NOW - timedelta(days=400), NOW + timedelta(days=400)])
def test_nothing_is_sealed_before_or_after_the_certificates_time(
    moment: object, pki: ThrowawayPki, agreement: bytes
) -> None:
    with pytest.raises(ConfigurationError) as error:
        sealer(vendor(pki)).seal(agreement, now=moment)  # type: ignore[arg-type]
    assert refused(error) == "seal_expired"


def test_a_short_key_is_refused(pki: ThrowawayPki, agreement: bytes) -> None:
    short = vendor(pki, rsa.generate_private_key(public_exponent=65537, key_size=1024))
    with pytest.raises(ConfigurationError) as error:
        sealer(short).seal(agreement, now=NOW)
    assert refused(error) == "seal_weak"


def test_a_certificate_for_something_else_is_refused(pki: ThrowawayPki, agreement: bytes) -> None:
    authority = Credential(certificate=pki.intermediate.certificate, key=pki.intermediate.key, pki=pki)
    with pytest.raises(ConfigurationError) as error:
        sealer(authority).seal(agreement, now=NOW)
    assert refused(error) == "seal_usage"


@pytest.fixture
def token(pki: ThrowawayPki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token of software (SoftHSM) with the vendor's key and certificate; gives the library's path."""
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    library = next(Path(name) for name in LIBRARIES if Path(name).exists())
    _run("softhsm2-util", "--init-token", "--free", "--label", "avtaler", "--pin", "1234", "--so-pin", "5678")
    own = vendor(pki, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    key = tmp_path / "key.pem"
    key.write_bytes(own.key.private_bytes(As.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _run("softhsm2-util", "--import", str(key), "--token", "avtaler", "--label", "segl", "--id", "01", "--pin", "1234")
    _put_certificate(library, own)
    return library


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _put_certificate(library: Path, own: Credential) -> None:
    import pkcs11
    from pkcs11.util.x509 import decode_x509_certificate

    der = own.certificate.public_bytes(As.DER)
    with pkcs11.lib(str(library)).get_token(token_label="avtaler").open(rw=True, user_pin="1234") as session:
        session.create_object(
            {**decode_x509_certificate(der), pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: "segl"}
        )


def test_a_key_in_hardware_seals_as_a_file_does(
    token: Path, pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    own = open_pkcs11(token, token="avtaler", label="segl", pin="1234")
    issued = own.seal(agreement, now=NOW)
    again = own.seal(agreement, now=NOW)
    assert judged(sign(again, pki.person("Kari Nordmann"), field="Signatur1", now=NOW), issued=again).indication is (
        Indication.TOTAL_PASSED
    )
    assert len(PdfFileReader(io.BytesIO(issued)).embedded_signatures) == 1
    for wrong in ({"token": "andre"}, {"label": "annet"}, {"pin": "0000"}):
        with pytest.raises(ConfigurationError) as error:
            open_pkcs11(token, **{"token": "avtaler", "label": "segl", "pin": "1234", **wrong})
        assert refused(error) == "seal_unreadable"
