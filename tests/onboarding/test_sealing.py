"""An agreement issued with the vendor's seal goes the whole way; without its seal nothing is issued."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agreements.decision import Verdict
from agreements.errors import ConfigurationError
from agreements.findings import SIG_ISSUER_SEAL, SIG_NONE
from onboarding.doctor.checks import CHECKS
from onboarding.doctor.outcome import Level
from onboarding.sandbox import Sandbox
from onboarding.settings import SettingsError, load_settings
from onboarding.steps.agreement import issue_agreement
from signatures.throwaway import LeafOptions, ThrowawayPki
from tests.onboarding.installation import KARI, Installation, Template, change_config, codes, opened_copy, sign_return
from tests.signatures.test_seal import SECRET, packed, vendor

Opened = Callable[[bytes], AbstractContextManager[Installation]]


@pytest.fixture
def with_seal(template: Template, sandbox: Sandbox, tmp_path: Path) -> Opened:
    """An installation whose vendor has the seal of this PKCS#12 file."""

    @contextmanager
    def opened(file: bytes) -> Iterator[Installation]:
        for name, content in (("segl.p12", file), ("segl.passord", SECRET + b"\n")):
            path = tmp_path / name
            path.write_bytes(content)
            path.chmod(0o600)

        def configure(document: dict[str, Any]) -> None:
            files = {"pkcs12": str(tmp_path / "segl.p12"), "password_file": str(tmp_path / "segl.passord")}
            document["vendors"][0]["seal"] = files

        with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=configure) as installation:
            yield installation

    return opened


@pytest.fixture(scope="module")
def own_pki() -> ThrowawayPki:
    """The issuer of the vendor's certificate, whom the installation does not trust: it need not."""
    return ThrowawayPki.create(datetime.now(UTC), demo=False, label="utsteder")


def test_a_sealed_agreement_is_issued_signed_and_approved(with_seal: Opened, own_pki: ThrowawayPki) -> None:
    with with_seal(packed(vendor(own_pki))) as installation:
        issue = installation.issue(KARI)
        assert b"/Utsteder" in issue.pdf or b"(Utsteder)" in issue.pdf
        assert installation.workspace.blobs.read(issue.agreement.sha256) == issue.pdf
        judgement = installation.receive(sign_return(issue.pdf, installation.pki.person(KARI)))
        assert judgement.decision.verdict is Verdict.APPROVED
        assert SIG_ISSUER_SEAL.code in codes(judgement)


def test_a_sealed_agreement_that_comes_back_unsigned_is_refused(with_seal: Opened, own_pki: ThrowawayPki) -> None:
    with with_seal(packed(vendor(own_pki))) as installation:
        judgement = installation.receive(installation.issue(KARI).pdf)
        assert judgement.decision.verdict is Verdict.REJECTED
        assert SIG_NONE.code in codes(judgement)


def test_nothing_is_issued_with_a_seal_that_has_expired(with_seal: Opened, own_pki: ThrowawayPki) -> None:
    past = datetime.now(UTC) - timedelta(minutes=1)
    with with_seal(
        packed(own_pki.seal("Fjordsystem AS", "310028142", options=LeafOptions(not_after=past)))
    ) as installation:
        case = installation.enquire(KARI)
        with pytest.raises(ConfigurationError) as error:
            issue_agreement(installation.workspace, str(case.number), installation.actor)
        assert error.value.code == "seal_expired"
        assert installation.kinds().count("agreement.issued") == 2  # the template's own


def test_the_doctor_tells_of_a_seal_that_opens_ends_soon_or_does_not_open(
    with_seal: Opened, own_pki: ThrowawayPki
) -> None:
    with with_seal(packed(vendor(own_pki))) as installation:
        settings, now = installation.workspace.settings, datetime.now(UTC)
        check = CHECKS["seals"]
        (soon,) = check(settings, now)
        assert (soon.level, soon.code) == (Level.WARNING, "doctor_seal_expires")  # a throwaway one lives for days
        (installation.folder.parent / "segl.p12").write_bytes(b"tull")
        with pytest.raises(ConfigurationError) as error:
            list(check(settings, now))
        assert error.value.code == "seal_unreadable"


def test_a_seal_must_be_a_file_or_a_token_and_its_secrets_closed(template: Template, tmp_path: Path) -> None:
    folder = tmp_path / "avtale"
    shutil.copytree(template.folder, folder)

    def faults(seal: dict[str, str]) -> set[str]:
        change_config(folder / "config.yaml", lambda document: document["vendors"][0].update(seal=seal))
        with pytest.raises(SettingsError) as error:
            load_settings(folder / "config.yaml")
        return {fault.code for fault in error.value.parts}

    (tmp_path / "segl.p12").write_bytes(b"x")
    (tmp_path / "segl.p12").chmod(0o644)
    assert faults({"password_file": str(tmp_path / "segl.p12")}) >= {"setting_bad_seal"}
    assert faults({"pkcs11": "/usr/lib/p11.so"}) == {"setting_bad_seal"}
    both = {"pkcs12": "a.p12", "pkcs11": "/usr/lib/p11.so", "token": "t", "label": "l"}
    assert faults(both) == {"setting_bad_seal"}
    assert faults({"pkcs12": str(tmp_path / "segl.p12")}) == {"setting_secret_is_open"}
