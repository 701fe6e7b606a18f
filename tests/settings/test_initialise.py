"""`avtale init`: everything for a first case, or nothing at all."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from agreements.agreement import agreement_values
from agreements.catalogue import load_catalogue
from agreements.errors import ConfigurationError
from agreements.values import check_values, missing_values
from onboarding.importing import EnquiryRow, read_enquiries
from onboarding.initialise import InitResult, initialise, render_configuration
from onboarding.settings import load_settings
from onboarding.settings.document import read_document
from onboarding.store import open_store

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _example(made: InitResult) -> bytes:
    assert made.example is not None
    return made.example.read_bytes()


def init(folder: Path) -> InitResult:
    return initialise(folder, os_user="kari", user_name="Kari Nordmann", now=NOW)


@pytest.fixture
def made(tmp_path: Path) -> InitResult:
    return init(tmp_path / "ny mappe")


def below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*"))


def test_the_configuration_loads_with_the_caller_as_its_user(made: InitResult) -> None:
    settings = load_settings(made.config)
    assert settings.environment == "demo"
    assert [(user.id, user.name, user.os_user) for user in settings.users] == [("kari", "Kari Nordmann", "kari")]
    assert len(settings.vendors) == 1


def test_nobody_else_may_read_anything(made: InitResult) -> None:
    for path in (made.folder, *below(made.folder)):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_keys_are_keys_and_new_each_time(made: InitResult, tmp_path: Path) -> None:
    other = init(tmp_path / "other")
    keys, others = load_settings(made.config).keys, load_settings(other.config).keys
    assert len(keys.qr.read_bytes()) == 32
    assert keys.qr.read_bytes() != others.qr.read_bytes()
    key = load_pem_private_key(keys.checkpoint.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    assert keys.checkpoint.read_bytes() != others.checkpoint.read_bytes()


def test_the_database_is_there_and_knows_its_environment(made: InitResult) -> None:
    settings = load_settings(made.config)
    open_store(settings.database, environment="demo").close()
    with pytest.raises(ConfigurationError, match="environment_mismatch"):
        open_store(settings.database, environment="production")


def test_the_watched_folder_and_the_folder_of_anchors_are_there(made: InitResult) -> None:
    settings = load_settings(made.config)
    assert settings.vendors[0].folders[0].path.is_dir()
    assert settings.trust.anchors.is_dir()
    assert settings.data_dir.is_dir()


def test_the_example_customers_need_nothing_more_than_the_profile(made: InitResult) -> None:
    """Nobody types forty values: import the file, issue the agreements."""
    catalogue, settings = load_catalogue(), load_settings(made.config)
    vendor = settings.vendors[0]
    profiles = {vendor.id: vendor.service_profile}
    rows = read_enquiries(_example(made), profiles=profiles, allow_synthetic=True, today=NOW.date())
    assert len(rows) == 3
    for row in rows:
        assert isinstance(row, EnquiryRow), row
        own = {"customer.orgnr": row.org_number, "customer.name": row.customer_name, "agreement.language": "nb"}
        values = agreement_values(
            catalogue,
            case_values={**row.values, **own},
            vendor=vendor.party(),
            profile=vendor.service_profile,
            signers=row.signers,
        )
        assert {field.id for field in missing_values(catalogue, values)} <= {
            *("agreement.id", "agreement.template_version", "agreement.issued_at", "agreement.terms_version")
        }
        assert check_values(catalogue, values) == ()


def test_the_example_opens_in_a_spreadsheet(made: InitResult) -> None:
    data = _example(made)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 4


def test_an_empty_folder_and_a_folder_with_other_things_will_do(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    init(tmp_path)
    assert (tmp_path / "note.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["config.yaml", "data", "inn", "trust", "terms", "eksempel-kunder.csv"])
@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_nothing_is_overwritten(tmp_path: Path, name: str, kind: str) -> None:
    place = tmp_path / name
    match kind:
        case "file":
            place.write_text("mine")
        case "folder":
            place.mkdir()
        case _:
            place.symlink_to("nowhere")
    before = place.lstat()
    # A file of that name is taken for the configuration it should be, and is none.
    expected = "settings_invalid" if (name, kind) == ("config.yaml", "file") else "init_exists"
    with pytest.raises(ConfigurationError, match=expected) as caught:
        init(tmp_path)
    assert caught.value.params["path"] == str(place)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert place.lstat().st_ino == before.st_ino


def test_a_second_time_is_refused(made: InitResult) -> None:
    before = made.config.read_bytes()
    with pytest.raises(ConfigurationError, match="init_exists"):
        init(made.folder)
    assert made.config.read_bytes() == before


def _put_configuration(folder: Path, environment: str) -> Path:
    config = folder / "config.yaml"
    text = render_configuration(os_user="root", user_name="Root")
    config.write_text(text.replace("environment: demo", f"environment: {environment}"), encoding="utf-8")
    config.chmod(0o600)
    return config


def test_what_a_configuration_lacks_is_made_after_it(tmp_path: Path) -> None:
    config = _put_configuration(tmp_path, "test")
    before = config.read_bytes()
    made = init(tmp_path)
    assert (config.read_bytes(), made.example) == (before, None)
    settings = load_settings(config)
    open_store(settings.database, environment="test").close()
    assert {key.stat().st_mode & 0o777 for key in (settings.keys.qr, settings.keys.checkpoint)} == {0o600}
    with pytest.raises(ConfigurationError, match="init_exists"):
        init(tmp_path)


def test_a_key_that_is_there_is_kept_when_the_rest_is_made(tmp_path: Path) -> None:
    _put_configuration(tmp_path, "test")
    key = tmp_path / "data" / "keys" / "qr"
    key.parent.mkdir(parents=True)
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    init(tmp_path)
    assert key.read_bytes() == b"k" * 32


def test_a_database_lost_from_beside_its_originals_is_not_made_anew(made: InitResult) -> None:
    (made.folder / "data" / "originals").mkdir()
    (made.folder / "data" / "avtale.sqlite").unlink()
    with pytest.raises(ConfigurationError, match="init_lost_database"):
        init(made.folder)
    assert not (made.folder / "data" / "avtale.sqlite").exists()


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(ConfigurationError, match="init_exists"):
        init(tmp_path / "x")


def test_what_can_not_be_finished_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)  # a configuration in there would be refused
    with pytest.raises(ConfigurationError, match="settings_invalid"):
        init(tmp_path / "open")
    assert list((tmp_path / "open").iterdir()) == []


def test_a_folder_that_can_not_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(ConfigurationError, match="init_failed"):
        init(tmp_path / "x" / "y")


@given(
    os_user=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=60),
    user_name=st.text(max_size=150),
)
def test_any_name_makes_a_configuration_that_reads_back(os_user: str, user_name: str) -> None:
    document = read_document(Path("config.yaml"), render_configuration(os_user=os_user, user_name=user_name).encode())
    assert document.faults == ()
    assert isinstance(document.data, dict)
    (user,) = document.data["users"]
    assert user["os_user"] == os_user
    assert user["name"] in {user_name.strip(), os_user}


def test_folders_that_the_configuration_names_inside_are_made_for_the_owner_alone(tmp_path: Path) -> None:
    config = _put_configuration(tmp_path, "test")
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    text = config.read_text(encoding="utf-8")
    assert text.count("path: ./inn") == 1
    config.write_text(
        text.replace("path: ./inn", "path: ./fjord/inn")
        .replace("        mode:", f"      - path: {elsewhere}\n        mode:")
        .replace("trust/anchors", "tillit/ankre"),
        encoding="utf-8",
    )
    init(tmp_path)
    settings = load_settings(config)
    assert settings.trust.anchors == tmp_path / "tillit" / "ankre"
    for place in ("fjord", "fjord/inn", "tillit", "tillit/ankre"):
        assert (tmp_path / place).stat().st_mode & 0o777 == 0o700, place
    assert not elsewhere.exists()
    (tmp_path / "fjord" / "inn").rmdir()
    init(tmp_path)  # something is lacking again
    assert (tmp_path / "fjord" / "inn").is_dir()
    with pytest.raises(ConfigurationError, match="init_exists"):
        init(tmp_path)
