"""From a return without revocation data to its approval, by a fetching process that really runs."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from agreements.decision import Verdict
from onboarding.fetching.child import MEMORY_BYTES
from onboarding.fetching.fetcher import BOOT, REMEMBERED_SECONDS, Fetcher
from onboarding.sandbox import Sandbox
from onboarding.trust import REVOCATIONS
from onboarding.workspace import Workspace
from signatures.sources import RevocationSource
from signatures.throwaway import Credential, LeafOptions, ThrowawayPki, sign
from tests.onboarding.installation import FIRST, KARI, Installation, Template, codes, opened_copy
from tests.onboarding.misbehaving import CHILD, HOST, Server, Talk, answer, serving, silent

NOW = datetime.now(UTC)


def fetcher(folder: Path, server: Server, clock: list[float], *, seconds: float = 20.0) -> Fetcher:
    hosts = (f"{HOST}:{server.port}",)
    return Fetcher(hosts=hosts, folder=folder, boot=CHILD, seconds=seconds, monotonic=lambda: clock[0])


def source(pki: ThrowawayPki, *urls: str) -> RevocationSource:
    person = pki.person(KARI, options=LeafOptions(crl_url=urls[0]))
    made = RevocationSource.of(issuer=pki.intermediate.der, certificate=person.der)
    assert made is not None
    return made.model_copy(update={"crl_urls": urls})


@pytest.fixture
def pki() -> ThrowawayPki:
    return ThrowawayPki.create(datetime.now(UTC), demo=False)


# --- the process ------------------------------------------------------------------------------------------------------


def test_the_process_fetches_into_a_folder_that_it_makes_and_asks_once_in_ten_minutes(
    pki: ThrowawayPki, tmp_path: Path
) -> None:
    moment = [1000.0]
    folder = tmp_path / "data" / REVOCATIONS
    with serving(answer(pki.crls(NOW)[1])) as server:
        asking = fetcher(folder, server, moment)
        wanted = source(pki, server.url())
        assert asking.fetch([wanted], NOW)
        [path] = folder.iterdir()
        assert path.suffix == ".crl"
        path.unlink()
        assert not asking.fetch([wanted], NOW)
        moment[0] += REMEMBERED_SECONDS
        assert asking.fetch([wanted], NOW)
    assert len(server.requests) == 2


def test_a_dead_host_holds_up_one_document_in_ten_minutes(pki: ThrowawayPki, tmp_path: Path) -> None:
    moment = [1000.0]
    with serving(silent) as server:
        asking = fetcher(tmp_path, server, moment, seconds=2.0)
        before = time.monotonic()
        assert not asking.fetch([source(pki, server.url("/1"), server.url("/2"))], NOW)
        assert time.monotonic() - before < 6
        assert len(server.requests) == 1
        moment[0] += REMEMBERED_SECONDS - 1
        assert not asking.fetch([source(pki, server.url("/3"))], NOW)
        assert len(server.requests) == 1
        moment[0] += 1
        asking.fetch([source(pki, server.url("/4"))], NOW)
        assert len(server.requests) == 2


def test_as_it_is_shipped_the_process_goes_to_no_address_inside(pki: ThrowawayPki, tmp_path: Path) -> None:
    with serving(answer(pki.crls(NOW)[1])) as server:
        names = (f"localhost.localdomain:{server.port}", f"{HOST}:{server.port}")
        asking = Fetcher(hosts=names, folder=tmp_path)
        assert asking.boot == BOOT
        assert not asking.fetch([source(pki, f"http://localhost.localdomain:{server.port}/", server.url())], NOW)
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []


def test_without_hosts_no_process_is_started(pki: ThrowawayPki, tmp_path: Path) -> None:
    asking = Fetcher(hosts=(), folder=tmp_path / "none", boot="raise SystemExit")
    assert not asking.fetch([source(pki, "http://crl.example.org/")], NOW)
    assert not (tmp_path / "none").exists()


LOOKS = (
    "import sys, os, resource; sys.path.append(sys.argv[1]); from onboarding.fetching import child; "
    "child.confine(int(sys.argv[2])); limits = [resource.getrlimit(kind)[0] for kind in "
    "(resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)]; "
    "found = [*map(str, limits), *sorted(set(os.environ) - {'LC_CTYPE'}), os.getcwd()]; "
    "print(child.Line(host='h', key='k', outcome=' '.join(found), written=True).model_dump_json())"
)


def test_the_process_has_limits_and_nothing_of_our_environment(
    pki: ThrowawayPki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AVTALE_SMTP_PASSWORD", "hunter2")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with caplog.at_level("INFO"):
        assert Fetcher(hosts=(HOST,), folder=tmp_path, boot=LOOKS).fetch([source(pki, f"http://{HOST}/")], NOW)
    [outcome] = [record.__dict__["outcome"] for record in caplog.records if "outcome" in record.__dict__]
    assert outcome == f"{MEMORY_BYTES} {8 * 2**20} 0 LANG LC_ALL /"


@pytest.mark.parametrize("boot", ["raise SystemExit(3)", "print('{')", "import os; os.abort()", "print('[1]' * 9)"])
def test_a_process_that_breaks_fetches_nothing_and_stops_nothing(pki: ThrowawayPki, tmp_path: Path, boot: str) -> None:
    asking = Fetcher(hosts=(HOST,), folder=tmp_path, boot=boot)
    assert not asking.fetch([source(pki, f"http://{HOST}/")], NOW)


def test_a_process_that_hangs_is_killed_with_all_it_has_started(pki: ThrowawayPki, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    boot = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    before = time.monotonic()
    assert not Fetcher(hosts=(HOST,), folder=tmp_path, boot=boot, seconds=1.5).fetch(
        [source(pki, f"http://{HOST}/")], NOW
    )
    assert time.monotonic() - before < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


# --- the whole way ----------------------------------------------------------------------------------------------------


@pytest.fixture
def pages() -> dict[str, Talk]:
    return {}


@pytest.fixture
def server(pages: dict[str, Talk]) -> Iterator[Server]:
    with serving(pages) as opened:
        yield opened


@pytest.fixture
def allowed(template: Template, sandbox: Sandbox, server: Server, tmp_path: Path) -> Iterator[Installation]:
    """An installation that may ask our server."""
    hosts = [f"{HOST}:{server.port}"]
    with opened_copy(
        template,
        tmp_path / "allowed",
        sandbox=sandbox,
        change=lambda document: document["trust"].update(fetch_hosts=hosts),
    ) as opened:
        through(opened.workspace)
        yield opened


def through(workspace: Workspace) -> None:
    """Fetch by the same process in a network that leads here."""
    shipped = workspace.fetcher
    workspace.__dict__["fetcher"] = Fetcher(hosts=shipped.hosts, folder=shipped.folder, boot=CHILD)


def signer(pki: ThrowawayPki, server: Server) -> Credential:
    """Kari, whose certificate and whose issuer's tell where their lists lie."""
    issuer = pki.authority("Kastbar utsteder paa nett", crl_url=server.url("/root.crl"))
    return pki.person(KARI, options=LeafOptions(issuer=issuer, crl_url=server.url("/issuer.crl")))


def sign_plainly(pdf: bytes, credential: Credential) -> bytes:
    """As Acrobat does where nothing else is asked for: no time-stamp, no revocation data."""
    return sign(pdf, credential, field=FIRST, embed_revocation=False, now=datetime.now(UTC))


def publish(pages: dict[str, Talk], pki: ThrowawayPki) -> None:
    crls = pki.crls(datetime.now(UTC))
    pages |= {"/root.crl": answer(crls[0]), "/issuer.crl": answer(crls[-1])}


def test_a_return_without_revocation_data_waits_without_hosts_and_is_approved_with_them(
    installation: Installation, allowed: Installation, server: Server, pages: dict[str, Talk]
) -> None:
    pki, issue = installation.pki, installation.template.by_one
    plain = sign_plainly(issue.pdf, signer(pki, server))
    publish(pages, pki)
    waiting = installation.receive(plain)
    assert (waiting.decision.verdict, "SIG-013" in codes(waiting)) == (Verdict.NEEDS_REVIEW, True)
    assert server.requests == []
    approved = allowed.receive(plain)
    assert (approved.decision.verdict, "SIG-013" in codes(approved)) == (Verdict.APPROVED, False), codes(approved)
    assert sorted(request.split(b" ")[1] for request in server.requests) == [b"/issuer.crl", b"/root.crl"]
    assert len(allowed.mails()) == 1


def test_a_certificate_that_the_fetched_list_calls_revoked_is_refused(
    allowed: Installation, server: Server, pages: dict[str, Talk]
) -> None:
    pki = allowed.pki
    kari = signer(pki, server)
    pki.revoke(kari, NOW)
    publish(pages, pki)
    judgement = allowed.receive(sign_plainly(allowed.template.by_one.pdf, kari))
    assert (judgement.decision.verdict, "SIG-009" in codes(judgement)) == (Verdict.REJECTED, True)


def test_what_stays_unknown_waits_for_a_person_as_before(
    allowed: Installation, server: Server, pages: dict[str, Talk]
) -> None:
    stranger = ThrowawayPki.create(NOW, demo=False)
    publish(pages, stranger)
    kari = signer(allowed.pki, server)
    judgement = allowed.receive(sign_plainly(allowed.template.by_one.pdf, kari))
    assert (judgement.decision.verdict, "SIG-013" in codes(judgement)) == (Verdict.NEEDS_REVIEW, True)
    assert len(server.requests) == 2
    assert list((allowed.workspace.settings.data_dir / REVOCATIONS).iterdir()) == []


def test_nobody_is_asked_about_a_strangers_document_nor_about_one_that_is_refused_anyway(
    allowed: Installation, server: Server, pages: dict[str, Talk]
) -> None:
    stranger = ThrowawayPki.create(NOW, demo=False)
    issue = allowed.template.by_one
    publish(pages, allowed.pki)
    untrusted = allowed.receive(sign_plainly(issue.pdf, signer(stranger, server)), "fremmed.pdf")
    assert "SIG-010" in codes(untrusted)
    altered = sign_plainly(issue.pdf, signer(allowed.pki, server)) + b"\n%%EOF\n% mer\n%%EOF\n"
    refused = allowed.receive(altered, "endret.pdf")
    assert refused.decision.verdict is Verdict.REJECTED
    assert server.requests == []


def test_an_answer_of_the_issuer_serves_where_there_is_no_list(
    allowed: Installation, server: Server, pages: dict[str, Talk]
) -> None:
    pki = allowed.pki
    issuer = pki.authority("Utsteder som svarer", crl_url=server.url("/root.crl"))
    kari = pki.person(KARI, options=LeafOptions(issuer=issuer, ocsp_url=server.url("/ocsp")))
    now = datetime.now(UTC)
    built = ocsp.OCSPResponseBuilder().add_response(
        cert=kari.certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=now,
        next_update=now.replace(year=now.year + 1),
        revocation_time=None,
        revocation_reason=None,
    )
    signed = built.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate).sign(issuer.key, hashes.SHA256())
    pages |= {"/root.crl": answer(pki.crls(now)[0]), "/ocsp": answer(signed.public_bytes(Encoding.DER))}
    judgement = allowed.receive(sign_plainly(allowed.template.by_one.pdf, kari))
    assert judgement.decision.verdict is Verdict.APPROVED, codes(judgement)
