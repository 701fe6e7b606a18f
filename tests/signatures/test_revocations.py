"""The revocation data that this machine keeps: read, handed on, and believed only for what its issuer has signed."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from agreements.signature_report import Indication, Revocation, RevocationPolicy, SignatureReport
from signatures.judge import judge
from signatures.revocations import MAX_FILE_BYTES, NOTHING_KEPT, read_revocations
from signatures.throwaway import Credential, LeafOptions, ThrowawayPki, sign
from signatures.trust import Trust, load_trust
from tests.signatures.papers import NOW, RECEIVED
from tests.zoo import pens

REQUIRE = RevocationPolicy.REQUIRE


def keep(folder: Path, *pieces: bytes, ending: str = "crl") -> Path:
    for number, piece in enumerate(pieces):
        (folder / f"{number}.{ending}").write_bytes(piece)
    return folder


def answer(
    credential: Credential,
    status: x509_ocsp.OCSPCertStatus = x509_ocsp.OCSPCertStatus.GOOD,
    signer: Credential | None = None,
) -> bytes:
    issuer = credential.pki.intermediate
    by = signer or issuer
    revoked = status is x509_ocsp.OCSPCertStatus.REVOKED
    built = x509_ocsp.OCSPResponseBuilder().add_response(
        cert=credential.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA256(),
        cert_status=status,
        this_update=NOW,
        next_update=NOW + timedelta(days=1),
        revocation_time=NOW - timedelta(minutes=10) if revoked else None,
        revocation_reason=None,
    )
    named = built.responder_id(x509_ocsp.OCSPResponderEncoding.HASH, by.certificate).certificates([by.certificate])
    return named.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def report(signed: bytes, pki: ThrowawayPki, folder: Path | None, tmp_path: Path) -> SignatureReport:
    anchor = tmp_path / "root.pem"
    anchor.write_bytes(pki.root_pem())
    trust = load_trust([anchor], revocation=REQUIRE, accept_demo=False, revocation_folder=folder)
    return judge(signed, trust=Trust.from_json(json.loads(json.dumps(trust.to_json()))), at=RECEIVED)


def test_kept_lists_answer_for_a_document_that_brings_none(pki: ThrowawayPki, agreement: bytes, tmp_path: Path) -> None:
    kari = pki.person("Kari Nordmann")
    signed = sign(agreement, kari, field="Signatur1", level="CMS", now=NOW)
    without = report(signed, pki, None, tmp_path).signatures[0]
    assert (without.indication, without.revocation) == (Indication.INDETERMINATE, Revocation.UNKNOWN)
    assert report(signed, pki, tmp_path / "none", tmp_path).signatures[0].revocation is Revocation.UNKNOWN
    with_lists = report(signed, pki, keep(tmp_path, *pki.crls(NOW)), tmp_path).signatures[0]
    assert (with_lists.indication, with_lists.revocation) == (Indication.TOTAL_PASSED, Revocation.GOOD)
    assert with_lists.level == "CMS"  # what we keep does not make the document one with long-term material


@pytest.mark.parametrize("url", ["http://localhost:9/ocsp", None], ids=["a responder named", "no responder named"])
def test_kept_answers_do_too(url: str | None, pki: ThrowawayPki, agreement: bytes, tmp_path: Path) -> None:
    kari = pki.person("Kari Nordmann", options=LeafOptions(ocsp_url=url))
    signed = sign(agreement, kari, field="Signatur1", now=NOW, embed_revocation=False)
    folder = keep(tmp_path, answer(kari), ending="ocsp")
    keep(folder, pki.crls(NOW)[0])  # the root's list says that the issuer itself is good
    assert report(signed, pki, folder, tmp_path).signatures[0].revocation is Revocation.GOOD


def responder(pki: ThrowawayPki, issuer: Credential, *, may_answer: bool) -> Credential:
    """Somebody with a certificate by `issuer`, delegated to answer for it (RFC 6960, 4.2.2.2) or not."""
    purpose = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False) if may_answer else None
    trusted = (x509.OCSPNoCheck(), False)
    return pens.issued_by(issuer, "Svarer", trusted, *(() if purpose is None else (purpose,)))


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (lambda pki: responder(pki, pki.intermediate, may_answer=True), Revocation.GOOD),
        (lambda pki: responder(pki, pki.intermediate, may_answer=False), Revocation.UNKNOWN),
        (lambda pki: responder(pki, pki.root, may_answer=True), Revocation.UNKNOWN),
    ],
    ids=["the issuers own", "a person with a certificate by the issuer", "the roots own"],
)
def test_an_answer_counts_only_by_whom_the_issuer_has_let_answer(
    by: Callable[[ThrowawayPki], Credential],
    expected: Revocation,
    pki: ThrowawayPki,
    agreement: bytes,
    tmp_path: Path,
) -> None:
    kari = pki.person("Kari Nordmann")
    signed = sign(agreement, kari, field="Signatur1", now=NOW, embed_revocation=False)
    folder = keep(tmp_path, answer(kari, signer=by(pki)), ending="ocsp")
    keep(folder, pki.crls(NOW)[0])
    assert report(signed, pki, folder, tmp_path).signatures[0].revocation is expected


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_what_is_revoked_by_kept_data_is_refused_whatever_the_document_brings(
    kind: str, agreement: bytes, tmp_path: Path
) -> None:
    pki = ThrowawayPki.create(NOW, demo=False)
    kari = pki.person("Kari Nordmann")
    signed = sign(agreement, kari, field="Signatur1", now=NOW)
    assert report(signed, pki, None, tmp_path).signatures[0].revocation is Revocation.GOOD
    pki.revoke(kari, NOW - timedelta(minutes=5))
    pieces = pki.crls(NOW) if kind == "crl" else (answer(kari, x509_ocsp.OCSPCertStatus.REVOKED),)
    found = report(signed, pki, keep(tmp_path, *pieces, ending=kind), tmp_path)
    assert found.signatures[0].revocation is Revocation.REVOKED
    assert "SIG-009" in {finding.code for finding in found.findings}


def test_a_list_by_somebody_else_says_nothing(pki: ThrowawayPki, agreement: bytes, tmp_path: Path) -> None:
    signed = sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", now=NOW, embed_revocation=False)
    stranger = ThrowawayPki.create(NOW, demo=False, label=pki.label)  # of the same names, with keys of its own
    folder = keep(tmp_path, *stranger.crls(NOW))
    assert report(signed, pki, folder, tmp_path).signatures[0].revocation is Revocation.UNKNOWN


def test_pem_and_der_are_read_and_everything_else_is_passed_over(
    pki: ThrowawayPki, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root, intermediate = pki.crls(NOW)
    armoured = b"".join(
        x509.load_der_x509_crl(der).public_bytes(serialization.Encoding.PEM) for der in (root, intermediate)
    )
    (tmp_path / "both.CRL").write_bytes(armoured)
    (tmp_path / "again.crl").write_bytes(root)
    (tmp_path / "half.crl").write_bytes(root[:-7])
    (tmp_path / "junk.ocsp").write_bytes(b"junk")
    (tmp_path / "certificate.crl").write_bytes(pki.root_pem())
    (tmp_path / "huge.crl").write_bytes(b"\x30" * (MAX_FILE_BYTES + 1))
    (tmp_path / "README.txt").write_text("not read")
    kept = read_revocations(tmp_path)
    assert set(kept.crls) == {root, intermediate}
    assert kept.ocsps == ()
    passed_over = {record.file for record in caplog.records}  # type: ignore[attr-defined]
    assert passed_over == {"half.crl", "junk.ocsp", "certificate.crl", "huge.crl"}
    assert read_revocations(tmp_path / "none") == NOTHING_KEPT


def test_what_is_kept_is_part_of_what_a_verdict_was_made_under(pki: ThrowawayPki, tmp_path: Path) -> None:
    plain = Trust.from_der([pki.root.der], revocation=REQUIRE, accept_demo=False)
    folder = keep(tmp_path, *pki.crls(NOW))
    kept = Trust.from_der([pki.root.der], revocation=REQUIRE, accept_demo=False, revocations=read_revocations(folder))
    assert plain.id != kept.id
    back = Trust.from_json(json.loads(json.dumps(kept.to_json())))
    assert (back, back.id) == (kept, kept.id)
