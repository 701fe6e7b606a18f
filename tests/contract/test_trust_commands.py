"""`avtale trust list` and `avtale trust update`, by the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onboarding.trusted_lists import SIGNERS
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import Installation
from tests.signatures.trusted_lists import Operator, Service, list_of_lists, make_operator, national_list

NOW = datetime.now(UTC).replace(microsecond=0)
BEFORE, UNTIL = NOW - timedelta(days=10), NOW + timedelta(days=90)


@pytest.fixture(scope="module")
def eu() -> Operator:
    return make_operator("Kastbar union", NOW)


@pytest.fixture(scope="module")
def norway() -> Operator:
    return make_operator("Kastbart tilsyn", NOW)


@pytest.fixture
def files(installation: Installation, eu: Operator, norway: Operator, tmp_path: Path) -> dict[str, str]:
    """Lists as they are fetched; the EU's own certificate is known."""
    folder = installation.workspace.settings.trust.lists
    assert folder is not None
    (folder / SIGNERS).mkdir(parents=True)
    (folder / SIGNERS / "eu.der").write_bytes(eu.der)
    service = Service(certificate=installation.pki.intermediate.der, since=BEFORE)
    country = national_list(norway, (service,), issued=BEFORE, until=UNTIL)
    written = {
        "eu": list_of_lists(eu, {"NO": norway.der}, issued=BEFORE, until=UNTIL, sequence=300),
        "no": country,
        "altered": country.replace(b"granted", b"revoked"),
        "stranger": national_list(make_operator("Fremmed", NOW), (service,), issued=BEFORE, until=UNTIL),
        "stale": national_list(norway, (service,), issued=BEFORE, until=NOW - timedelta(days=1), sequence=8),
        "other": b"%PDF-1.7",
    }
    for name, data in written.items():
        (tmp_path / f"{name}.xml").write_bytes(data)
    return {name: str(tmp_path / f"{name}.xml") for name in (*written, "gone")}


def test_lists_are_taken_in_together_and_shown(avtale: CommandLine, files: dict[str, str]) -> None:
    taken = avtale.json("trust", "update", files["no"], files["eu"]).data
    assert [one["territory"] for one in taken] == ["EU", "NO"]
    shown = avtale.json("trust", "list").data
    assert [(one["territory"], one["stale"]) for one in shown["lists"]] == [("EU", False), ("NO", False)]
    assert len(shown["anchors"]) == 1
    assert shown["revocation"]["files"] == 0
    for word in ("EU", "NO"):
        assert word in avtale("trust", "list").out


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["eu", "altered"], "list_signature"),
        (["eu", "stranger"], "list_signer"),
        (["eu", "stale"], "list_stale"),
        (["eu", "other"], "list_not_a_list"),
        (["no"], "list_no_lotl"),
        (["eu", "gone"], "list_unreadable"),
    ],
)
def test_a_refused_list_stores_none_of_them(
    avtale: CommandLine, files: dict[str, str], names: list[str], code: str
) -> None:
    reply = avtale.json("trust", "update", *(files[name] for name in names), exit_code=3)
    assert reply.codes == [code]
    assert avtale.json("trust", "list").data["lists"] == []
    refused = avtale("trust", "update", *(files[name] for name in names))
    assert refused.exit_code == 3
    assert files[names[-1]] in refused.err


def test_an_update_needs_a_file(avtale: CommandLine) -> None:
    assert avtale("trust", "update").exit_code == 2
