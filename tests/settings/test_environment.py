"""Who acts, and what the process around us says."""

import os
import pwd
from pathlib import Path

import pytest

from agreements.errors import ConfigurationError
from agreements.parties import Actor
from onboarding.settings import (
    configuration_file,
    current_os_user,
    find_actor,
    find_user,
    full_name,
    load_settings,
    smtp_password,
    use_private_fonts,
)

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture(autouse=True)
def _nobody_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a container, whoever runs the tests."""
    monkeypatch.setattr("onboarding.settings.environment.LOGIN_UID", tmp_path / "no-loginuid")


def test_the_os_user_is_the_one_of_the_process_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert current_os_user() == ME


def test_an_os_user_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54321)  # as in a container
    assert current_os_user() == "54321"


def test_behind_sudo_it_is_who_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    login = tmp_path / "loginuid"
    monkeypatch.setattr("onboarding.settings.environment.LOGIN_UID", login)
    login.write_text("65534")
    assert current_os_user() == pwd.getpwuid(65534).pw_name
    for unknown in ("4294967295", "", "x"):
        login.write_text(unknown)
        assert current_os_user() == ME
    login.unlink()
    assert current_os_user() == ME


def test_the_full_name_is_the_operating_systems_without_room_and_telephone(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = list(pwd.getpwuid(os.getuid()))
    entry[4] = "Kari Nordmann,Room 3,22 33 44 55"
    monkeypatch.setattr(pwd, "getpwuid", lambda _: pwd.struct_passwd(entry))
    assert full_name() == "Kari Nordmann"


def test_a_user_without_a_name_is_its_number_in_full_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert full_name() == "54321"


def test_the_caller_is_found_by_the_os_user(config: Path) -> None:
    config.write_text(config.read_text().replace("os_user: kari", f"os_user: {ME}"))
    settings = load_settings(config)
    assert find_user(settings, None).id == "kari"
    assert find_actor(settings, None) == Actor(user="kari", os_user=ME)


def test_by_names_another_user_and_the_os_user_is_still_the_caller(config: Path) -> None:
    config.write_text(config.read_text() + "  - {id: ola, name: Ola, role: reviewer, os_user: ola}\n")
    assert find_actor(load_settings(config), "ola") == Actor(user="ola", os_user=ME)


def test_nobody_acts_without_standing_in_users(config: Path) -> None:
    settings = load_settings(config)
    with pytest.raises(ConfigurationError, match="no_user") as caught:
        find_user(settings, None)
    assert caught.value.exit_code == 3
    with pytest.raises(ConfigurationError, match="unknown_user"):
        find_user(settings, "ola")


def test_the_configuration_is_the_option_then_the_variable_then_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert configuration_file(None) == tmp_path / "config.yaml"
    monkeypatch.setenv("AVTALE_CONFIG", "other.yaml")
    assert configuration_file(None) == tmp_path / "other.yaml"
    assert configuration_file(Path("third.yaml")) == tmp_path / "third.yaml"


def with_account(config: Path, content: bytes) -> Path:
    secret = config.parent / "password"
    secret.touch(mode=0o600)
    secret.write_bytes(content)
    account = "  port: 8025\n  username: kari\n  password_file: password"
    config.write_text(config.read_text().replace("  port: 8025", account))
    return config


def test_the_password_comes_from_its_file_and_the_environment_wins(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(with_account(config, b"hunter2 \r\n"))
    assert smtp_password(settings) == "hunter2 "
    monkeypatch.setenv("AVTALE_SMTP_PASSWORD", "from outside")
    assert smtp_password(settings) == "from outside"


def test_without_an_account_there_is_no_password(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVTALE_SMTP_PASSWORD", "from outside")
    assert smtp_password(load_settings(config)) is None


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"\xff\xfe", b"x" * 5000])
def test_a_password_file_that_holds_no_password_is_refused(config: Path, content: bytes) -> None:
    settings = load_settings(with_account(config, content))
    with pytest.raises(ConfigurationError, match="secret_unreadable") as caught:
        smtp_password(settings)
    assert "two" not in str(caught.value)


def test_a_password_file_that_is_gone_is_refused(config: Path) -> None:
    settings = load_settings(with_account(config, b"x"))
    (config.parent / "password").unlink()
    with pytest.raises(ConfigurationError, match="secret_unreadable"):
        smtp_password(settings)


def test_private_fonts_are_named_to_fontconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FONTCONFIG_FILE", "")
    use_private_fonts(tmp_path / "fonts.conf")
    assert os.environ["FONTCONFIG_FILE"] == str(tmp_path / "fonts.conf")
