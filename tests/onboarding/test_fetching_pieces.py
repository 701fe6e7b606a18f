"""Nothing is kept that the issuer has not signed, and what lies in the folder stays whole, current and bounded."""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from onboarding.fetching.cache import KEPT_AFTER, is_held, keep, name_of, tidy
from onboarding.fetching.child import Line, Order, fetch_all
from onboarding.fetching.pieces import Piece, UnfitError, read_answer, read_list
from signatures.revocations import MAX_ALL_BYTES, MAX_FILE_BYTES, read_revocations
from signatures.sources import MAX_URL, RevocationSource
from signatures.throwaway import Credential, LeafOptions, ThrowawayPki
from tests.onboarding.misbehaving import HOST, Server, Talk, answer, leading_here, serving

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@cache
def pki() -> ThrowawayPki:
    return ThrowawayPki.create(NOW, demo=False)


@cache
def kari() -> Credential:
    return pki().person("Kari Nordmann")


def crl(
    *,
    by: Credential | None = None,
    named: Credential | None = None,
    last: datetime = NOW - timedelta(hours=1),
    until: datetime = NOW + DAY,
) -> bytes:
    """The list of Kari's issuer."""
    signer = by or pki().intermediate
    builder = x509.CertificateRevocationListBuilder().issuer_name((named or signer).certificate.subject)
    made = builder.last_update(last).next_update(until).sign(signer.key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An OCSP answer about Kari, by her issuer."""

    about: Credential | None = None
    issuer: Credential | None = None
    responder: Credential | None = None
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD
    issued: datetime = NOW - timedelta(minutes=1)
    until: datetime | None = NOW + DAY

    def der(self) -> bytes:
        issuer = self.issuer or pki().intermediate
        by = self.responder or issuer
        revoked = self.status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=(self.about or kari()).certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),
            cert_status=self.status,
            this_update=self.issued,
            next_update=self.until,
            revocation_time=NOW - DAY if revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
        if self.responder is not None:
            builder = builder.certificates([by.certificate])
        return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)


def stranger() -> Credential:
    """An authority of the issuer's name with another key."""
    return ThrowawayPki.create(NOW, demo=False, label=pki().label).intermediate


def responder(*, issuer: Credential | None = None, purpose: bool = True, expired: bool = False) -> Credential:
    """Somebody whom an authority certified to answer for it."""
    authority, key = issuer or pki().intermediate, ec.generate_private_key(ec.SECP256R1())
    ends = NOW - timedelta(minutes=5) if expired else NOW + DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Svarer")]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(ends)
    )
    if purpose:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    return Credential(certificate=builder.sign(authority.key, hashes.SHA256()), key=key, pki=pki())


# --- what is fit ------------------------------------------------------------------------------------------------------


def test_a_current_list_of_the_issuer_is_fit() -> None:
    der = crl()
    found = read_list(der, pki().intermediate.certificate, now=NOW)
    assert (found.der, found.holds_until) == (der, NOW + DAY)


UNFIT_LISTS: dict[str, Callable[[], bytes]] = {
    "other-issuer": lambda: crl(by=pki().root),
    "signature": lambda: crl(by=pki().root, named=pki().intermediate),
    "out-of-date": lambda: crl(last=NOW - DAY, until=NOW - timedelta(seconds=1)),
    "of-the-future": lambda: crl(last=NOW + timedelta(minutes=6)),
    "not-a-list": lambda: b"<!doctype html><title>Velkommen</title>",
}


@pytest.mark.parametrize("why", UNFIT_LISTS)
def test_another_list_is_not(why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        read_list(UNFIT_LISTS[why](), pki().intermediate.certificate, now=NOW)


def test_a_list_with_any_byte_changed_is_not_fit() -> None:
    good = crl()
    for index in range(0, len(good), 7):
        bad = bytearray(good)
        bad[index] ^= 1
        with pytest.raises(UnfitError):
            read_list(bytes(bad), pki().intermediate.certificate, now=NOW)


@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED])
def test_the_issuers_answer_about_this_certificate_is_fit(status: ocsp.OCSPCertStatus) -> None:
    der = Answer(status=status).der()
    assert read_answer(der, kari().certificate, pki().intermediate.certificate, now=NOW).der == der


def test_so_is_one_by_whom_the_issuer_certified_to_answer_for_it() -> None:
    der = Answer(responder=responder()).der()
    assert read_answer(der, kari().certificate, pki().intermediate.certificate, now=NOW).der == der


def test_an_answer_that_names_no_end_holds_for_half_an_hour() -> None:
    der = Answer(until=None).der()
    piece = read_answer(der, kari().certificate, pki().intermediate.certificate, now=NOW)
    assert piece.holds_until == NOW + timedelta(minutes=29)
    with pytest.raises(UnfitError, match="out-of-date"):
        read_answer(der, kari().certificate, pki().intermediate.certificate, now=NOW + timedelta(minutes=30))


def unsuccessful() -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED).public_bytes(Encoding.DER)


UNFIT_ANSWERS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "another serial": ("other-certificate", lambda: Answer(about=pki().person("Ola Nordmann")).der()),
    "another issuer": ("other-certificate", lambda: Answer(issuer=pki().root).der()),
    "no success": ("not-successful", unsuccessful),
    "not known there": ("status-unknown", lambda: Answer(status=ocsp.OCSPCertStatus.UNKNOWN).der()),
    "signed by a namesake of the issuer": ("signature", lambda: Answer(responder=stranger()).der()),
    "signed by the certificate itself": ("signature", lambda: Answer(responder=kari()).der()),
    "a responder of another authority": ("signature", lambda: Answer(responder=responder(issuer=pki().root)).der()),
    "a responder for nothing": ("signature", lambda: Answer(responder=responder(purpose=False)).der()),
    "a responder that has expired": ("signature", lambda: Answer(responder=responder(expired=True)).der()),
    "out of date": ("out-of-date", lambda: Answer(issued=NOW - DAY, until=NOW - timedelta(seconds=1)).der()),
    "of the future": ("of-the-future", lambda: Answer(issued=NOW + timedelta(minutes=6)).der()),
    "a page": ("not-an-answer", lambda: b"<!doctype html>"),
    "nothing": ("not-an-answer", lambda: b""),
}


@pytest.mark.parametrize("name", UNFIT_ANSWERS)
def test_another_answer_is_not(name: str) -> None:
    why, make = UNFIT_ANSWERS[name]
    with pytest.raises(UnfitError, match=why):
        read_answer(make(), kari().certificate, pki().intermediate.certificate, now=NOW)


# --- what a certificate names -----------------------------------------------------------------------------------------


def test_a_source_holds_what_the_certificate_names_within_bounds() -> None:
    crl_url, ocsp_url = f"http://{HOST}/a.crl", f"http://{HOST}/ocsp"
    person = pki().person("Kari Nordmann", options=LeafOptions(crl_url=crl_url, ocsp_url=ocsp_url))
    source = RevocationSource.of(issuer=pki().intermediate.der, certificate=person.der)
    assert source is not None
    assert (source.crl_urls, source.ocsp_urls) == ((crl_url,), (ocsp_url,))
    assert (source.issuer_der, source.certificate_der) == (pki().intermediate.der, person.der)


@pytest.mark.parametrize("url", ["ldap://example.org/cn=a", "file:///a", "http://example.org/" + "a" * MAX_URL])
def test_addresses_that_could_not_be_asked_are_left_out(url: str) -> None:
    person = pki().person("Kari Nordmann", options=LeafOptions(crl_url=url))
    assert RevocationSource.of(issuer=pki().intermediate.der, certificate=person.der) is None


# --- asking, whole ----------------------------------------------------------------------------------------------------


def source_of(*, crls: tuple[str, ...] = (), ocsps: tuple[str, ...] = ()) -> RevocationSource:
    """About Kari's certificate, naming these addresses."""
    encoded = (base64.b64encode(der).decode() for der in (pki().intermediate.der, kari().der))
    issuer, certificate = encoded
    return RevocationSource(issuer=issuer, certificate=certificate, crl_urls=crls, ocsp_urls=ocsps)


def fetch(folder: Path, server: Server, *sources: RevocationSource, now: datetime = NOW) -> list[Line]:
    lines: list[Line] = []
    order = Order(hosts=(f"{HOST}:{server.port}",), folder=folder, now=now, sources=sources)
    fetch_all(order, lines.append, leading_here())
    return [line for line in lines if line.outcome is not None]


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_a_list_is_fetched_written_whole_and_read_by_judging(tmp_path: Path) -> None:
    der = crl()
    with serving(answer(der)) as server:
        [line] = fetch(tmp_path, server, source_of(crls=(server.url(),)))
    assert (line.outcome, line.written) == ("kept", True)
    [path] = files(tmp_path)
    assert path.name == name_of(pki().intermediate.der, server.url().encode(), "crl")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_revocations(tmp_path).crls == (der,)


def test_an_answer_is_asked_for_where_there_is_no_list(tmp_path: Path) -> None:
    der = Answer().der()
    with serving({"/ocsp": answer(der)}) as server:
        lines = fetch(tmp_path, server, source_of(crls=(server.url(),), ocsps=(server.url("/ocsp"),)))
    assert [line.outcome for line in lines] == ["status", "kept"]
    assert read_revocations(tmp_path).ocsps == (der,)
    asked = ocsp.load_der_ocsp_request(server.requests[1].partition(b"\r\n\r\n")[2])
    assert asked.serial_number == kari().certificate.serial_number


UNFIT_PIECES: dict[str, Talk] = {
    **{why: answer(make()) for why, make in UNFIT_LISTS.items()},
    "half a list": answer(crl()[:-10]),
    "a list that announces more": answer(crl(), length=10_000),
    "a list sent on": answer(crl(), "302 Found", "Location: /liste.crl"),
    "a list in an error": answer(crl(), "500 Oops"),
    "an answer": answer(Answer().der()),
}


@pytest.mark.parametrize("name", UNFIT_PIECES)
def test_nothing_is_written_of_what_is_unfit(tmp_path: Path, name: str) -> None:
    with serving(UNFIT_PIECES[name]) as server:
        [line] = fetch(tmp_path, server, source_of(crls=(server.url(),)))
    assert not line.written
    assert files(tmp_path) == []


@pytest.mark.parametrize("name", UNFIT_ANSWERS)
def test_nothing_is_written_of_an_answer_that_is_unfit(tmp_path: Path, name: str) -> None:
    why, make = UNFIT_ANSWERS[name]
    with serving(answer(make())) as server:
        [line] = fetch(tmp_path, server, source_of(ocsps=(server.url(),)))
    assert (line.outcome, line.written) == (why, False)
    assert files(tmp_path) == []


def test_a_host_that_is_not_on_the_list_is_not_asked(tmp_path: Path) -> None:
    with serving(answer(crl())) as server:
        other = server.url().replace(HOST, "other.example.org")
        assert fetch(tmp_path, server, source_of(crls=(other,), ocsps=(other,))) == []
    assert server.requests == []


def test_a_host_that_fails_is_not_asked_again(tmp_path: Path) -> None:
    with serving(answer(crl())) as server:
        port = server.port
    dead = Server(port=port)
    lines = fetch(tmp_path, dead, source_of(crls=(dead.url("/1"), dead.url("/2")), ocsps=(dead.url("/3"),)))
    assert [(line.outcome, line.of_host) for line in lines] == [("no-connection", True)]


def test_what_is_in_force_already_is_not_fetched_again_and_what_ran_out_is_replaced(tmp_path: Path) -> None:
    new = crl(last=NOW + timedelta(days=1, hours=-1), until=NOW + 2 * DAY)
    with serving(answer(crl())) as server:
        source = source_of(crls=(server.url(),))
        fetch(tmp_path, server, source)
        assert fetch(tmp_path, server, source) == []
        assert len(server.requests) == 1
    path = files(tmp_path)[0]
    assert keep(tmp_path, path.name, listed(new, NOW + DAY))
    assert [path.read_bytes() for path in files(tmp_path)] == [new]


# --- the folder -------------------------------------------------------------------------------------------------------


def name(number: int = 0, ending: str = "crl") -> str:
    return name_of(b"issuer", str(number).encode(), ending)


def piece(size: int) -> Piece:
    """For the folder a piece is bytes."""
    return Piece(der=os.urandom(size), issued=NOW, holds_until=NOW + DAY)


def listed(der: bytes, at: datetime = NOW) -> Piece:
    return read_list(der, pki().intermediate.certificate, now=at)


def test_an_older_list_that_is_still_in_force_never_replaces_a_newer_one(tmp_path: Path) -> None:
    newer, older = crl(last=NOW - timedelta(minutes=1)), crl(last=NOW - timedelta(hours=2))
    assert keep(tmp_path, name(), listed(newer))
    assert not keep(tmp_path, name(), listed(older))
    assert not keep(tmp_path, name(), listed(newer))
    assert (tmp_path / name()).read_bytes() == newer


def test_the_folder_stays_within_what_judging_reads_and_nobody_elses_file_goes(tmp_path: Path) -> None:
    (tmp_path / "egen.crl").write_bytes(b"a" * MAX_FILE_BYTES)
    half = MAX_FILE_BYTES // 2
    for number in range(3):
        assert keep(tmp_path, name(number), piece(half))
        os.utime(tmp_path / name(number), (1000 + number, 1000 + number))
    kept = {path.name for path in files(tmp_path)}
    assert kept == {"egen.crl", name(1), name(2)}
    assert sum(path.stat().st_size for path in files(tmp_path)) <= MAX_ALL_BYTES
    (tmp_path / "annen.crl").write_bytes(b"a" * MAX_FILE_BYTES)
    assert not keep(tmp_path, name(4), piece(half))
    assert {"egen.crl", "annen.crl"} <= {path.name for path in files(tmp_path)}


def test_what_ran_out_long_ago_goes_and_nobody_elses_file_does(tmp_path: Path) -> None:
    der = crl()
    (tmp_path / "egen.crl").write_bytes(der)
    keep(tmp_path, name(), listed(der))
    (tmp_path / name(1, "ocsp")).write_bytes(b"broken")
    draft = tmp_path / ".0123456789abcdef.ny"
    draft.write_bytes(der[:9])
    os.utime(draft, (NOW.timestamp() - 7200,) * 2)
    tidy(tmp_path, now=NOW + DAY + KEPT_AFTER - timedelta(minutes=1))
    assert {path.name for path in files(tmp_path)} == {"egen.crl", name()}
    tidy(tmp_path, now=NOW + DAY + KEPT_AFTER + timedelta(minutes=1))
    assert {path.name for path in files(tmp_path)} == {"egen.crl"}


def test_what_has_run_out_is_not_held(tmp_path: Path) -> None:
    keep(tmp_path, name(), listed(crl()))
    assert is_held(tmp_path, name(), now=NOW)
    assert not is_held(tmp_path, name(), now=NOW + DAY)
    assert not is_held(tmp_path, name(1), now=NOW)


def test_a_disk_that_takes_nothing_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with serving(answer(crl())) as server:
        [line] = fetch(tmp_path, server, source_of(crls=(server.url(),)))
    assert (line.outcome, files(tmp_path)) == ("cannot-write", [])
