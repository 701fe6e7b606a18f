"""Trust anchors are read from files and folders, and a trust configuration has an id."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from agreements.errors import ConfigurationError
from agreements.signature_report import RevocationPolicy
from signatures.throwaway import ThrowawayPki
from signatures.trust import MAX_ANCHORS, REFUSE_DEMO, REFUSE_IN_PRODUCTION, REFUSE_NONE, Refusal, Trust, load_trust
from tests.signatures.papers import NOW

REQUIRE = RevocationPolicy.REQUIRE


def load(*paths: Path, accept_demo: bool = False, refuse: Refusal = REFUSE_DEMO) -> Trust:
    return load_trust(paths, revocation=REQUIRE, accept_demo=accept_demo, refuse=refuse)


def pem(*ders: bytes) -> bytes:
    from cryptography import x509

    certificates = (x509.load_der_x509_certificate(der) for der in ders)
    return b"\n".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def test_pem_der_and_folders_are_read(pki: ThrowawayPki, tmp_path: Path) -> None:
    (tmp_path / "one.pem").write_bytes(pki.root_pem())
    (tmp_path / "two.pem").write_bytes(pem(pki.root.der, pki.intermediate.der))
    (tmp_path / "three.der").write_bytes(pki.timestamper.der)
    (tmp_path / "README.md").write_text("not a certificate")
    assert load(tmp_path / "one.pem").anchors == (pki.root.der,)
    assert set(load(tmp_path / "two.pem").anchors) == {pki.root.der, pki.intermediate.der}
    assert set(load(tmp_path).anchors) == {pki.root.der, pki.intermediate.der, pki.timestamper.der}


def test_an_empty_folder_gives_no_anchors(tmp_path: Path) -> None:
    assert load(tmp_path).anchors == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"-----BEGIN CERTIFICATE-----\nx\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ],
)
def test_what_is_no_certificate_is_an_error_of_the_configuration(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_bytes(content)
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path / "bad.pem")
    assert raised.value.code == "bad_anchor"
    assert raised.value.params["path"].endswith("bad.pem")  # type: ignore[attr-defined]


def test_a_private_key_is_no_anchor(pki: ThrowawayPki, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(
        pki.root.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    with pytest.raises(ConfigurationError, match="bad_anchor"):
        load(tmp_path / "key.pem")


def test_a_file_that_is_not_there_or_is_huge_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="anchor_unreadable"):
        load(tmp_path / "none.pem")
    (tmp_path / "huge.pem").write_bytes(b"x" * (5 * 2**20))
    with pytest.raises(ConfigurationError, match="bad_anchor"):
        load(tmp_path / "huge.pem")


def test_too_many_anchors_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="too_many_anchors"):
        Trust.from_der(
            (bytes([n % 256, n // 256]) for n in range(MAX_ANCHORS + 1)), revocation=REQUIRE, accept_demo=False
        )


def test_a_demo_anchor_is_refused_outside_the_demo(tmp_path: Path) -> None:
    (tmp_path / "demo.pem").write_bytes(ThrowawayPki.create(NOW).root_pem())
    with pytest.raises(ConfigurationError, match="demo_anchor"):
        load(tmp_path / "demo.pem")
    assert len(load(tmp_path / "demo.pem", accept_demo=True).anchors) == 1
    assert len(load(tmp_path / "demo.pem", refuse=REFUSE_NONE).anchors) == 1


def test_the_id_says_what_a_verdict_was_made_under(pki: ThrowawayPki) -> None:
    def made(*anchors: bytes, policy: RevocationPolicy = REQUIRE, stamps: tuple[bytes, ...] = ()) -> Trust:
        return Trust.from_der(anchors, timestamp_anchors=stamps, revocation=policy, accept_demo=False)

    one = made(pki.root.der, pki.intermediate.der)
    assert one.id == made(pki.intermediate.der, pki.root.der, pki.root.der).id
    others = [made(pki.root.der), made(pki.root.der, pki.intermediate.der, policy=RevocationPolicy.OFF)]
    others.append(made(pki.root.der, pki.intermediate.der, stamps=(pki.root.der,)))
    assert len({one.id, *(other.id for other in others)}) == 4


def test_time_stamps_have_their_own_anchors_where_given(pki: ThrowawayPki) -> None:
    both = Trust.from_der([pki.root.der], revocation=REQUIRE, accept_demo=False)
    own = Trust.from_der(
        [pki.root.der], timestamp_anchors=[pki.intermediate.der], revocation=REQUIRE, accept_demo=False
    )
    assert both.timestamp_anchors == (pki.root.der,)
    assert own.timestamp_anchors == (pki.intermediate.der,)


def test_trust_travels_as_json(pki: ThrowawayPki) -> None:
    trust = Trust.from_der(
        [pki.root.der], timestamp_anchors=[pki.intermediate.der], revocation=REQUIRE, accept_demo=True
    )
    back = Trust.from_json(json.loads(json.dumps(trust.to_json())))
    assert (back, back.id) == (trust, trust.id)


# --- the roots of test services ---------------------------------------------------------------------------------------


def test_the_folder_of_test_roots_is_read_everywhere_but_in_production(pki: ThrowawayPki, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "real.pem").write_bytes(pki.root_pem())
    (tmp_path / "test" / "try.pem").write_bytes(pem(pki.intermediate.der))
    assert set(load(tmp_path).anchors) == {pki.root.der, pki.intermediate.der}
    assert load(tmp_path, refuse=REFUSE_IN_PRODUCTION).anchors == (pki.root.der,)


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("Buypass Class 3 Test4 Root CA", True),
        ("Commfides TEST CA", True),
        ("BankID_TestBank", True),
        ("Attest Trust Root", False),
        ("Latest Root", False),
    ],
)
def test_a_root_that_is_called_a_test_is_refused_in_production(name: str, refused: bool, tmp_path: Path) -> None:
    root = ThrowawayPki.create(NOW, demo=False, label=name).root
    (tmp_path / "root.der").write_bytes(root.der)
    assert load(tmp_path).anchors == (root.der,)
    if refused:
        with pytest.raises(ConfigurationError, match="test_anchor"):
            load(tmp_path, refuse=REFUSE_IN_PRODUCTION)
    else:
        assert load(tmp_path, refuse=REFUSE_IN_PRODUCTION).anchors == (root.der,)
