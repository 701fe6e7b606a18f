"""The mail server's keys: how it is logged in to."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from agreements.errors import TemporaryError
from onboarding.delivery import smtp_server
from onboarding.settings import SettingsError, load_settings

NAME = "avtaler@example.org"


def with_smtp(config: Path, **keys: Any) -> Path:
    document = yaml.safe_load(config.read_text())
    document["smtp"] |= keys
    config.write_text(yaml.safe_dump(document))
    for secret in ("passord", "hemmelighet"):
        path = config.parent / secret
        path.write_text("hunter2\n")
        path.chmod(0o600)
    return config


def codes(config: Path, **keys: Any) -> list[tuple[str, str, object]]:
    try:
        load_settings(with_smtp(config, **keys))
    except SettingsError as error:
        return sorted((fault.key, fault.code, fault.detail.get("needed")) for fault in error.parts)
    return []


MICROSOFT = {"auth": "oauth2_microsoft", "tenant": "t", "client_id": "c", "client_secret_file": "hemmelighet"}


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"password_file": "passord"},
        MICROSOFT,
        {"auth": "google_service_account", "service_account_file": "hemmelighet"},
        {"auth": "token_command", "token_command": ["token"]},
    ],
    ids=["none", "password", "microsoft", "google", "command"],
)
def test_every_way_to_log_in_loads_when_it_is_whole(config: Path, keys: dict[str, Any]) -> None:
    assert codes(config, **({"username": NAME} if keys else {}), **keys) == []


@pytest.mark.parametrize(
    ("keys", "faults"),
    [
        ({"auth": "token_command", "token_command": ["x"]}, [("smtp.auth", "setting_needed_for_auth", "username")]),
        (
            {"auth": "token_command", "username": NAME},
            [("smtp.auth", "setting_needed_for_auth", "token_command")],
        ),
        (
            MICROSOFT | {"username": NAME, "tenant": None},
            [("smtp.auth", "setting_needed_for_auth", "tenant")],
        ),
        (
            MICROSOFT | {"username": NAME, "password_file": "passord"},
            [("smtp.password_file", "setting_unused_for_auth", None)],
        ),
        ({"client_id": "c"}, [("smtp.client_id", "setting_unused_for_auth", None)]),
        ({"auth": "kerberos"}, [("smtp.auth", "setting_not_a_choice", None)]),
    ],
)
def test_a_log_in_that_lacks_something_or_has_too_much_is_refused(
    config: Path, keys: dict[str, Any], faults: list[tuple[str, str, object]]
) -> None:
    assert codes(config, **keys) == faults


def test_a_secret_of_the_mail_servers_that_others_may_read_is_refused(config: Path) -> None:
    assert codes(config, username=NAME, **MICROSOFT) == []
    (config.parent / "hemmelighet").chmod(0o644)
    with pytest.raises(SettingsError) as caught:
        load_settings(config)
    assert [(fault.key, fault.code) for fault in caught.value.parts] == [
        ("smtp.client_secret_file", "setting_secret_is_open")
    ]


def test_a_password_comes_from_its_file_and_no_token_with_it(config: Path) -> None:
    server = smtp_server(load_settings(with_smtp(config, username=NAME, password_file="passord")))
    assert (server.username, server.password, server.token) == (NAME, "hunter2", None)


_COUNTING = """
import pathlib, sys
runs = pathlib.Path(sys.argv[1])
before = runs.read_text() if runs.exists() else ""
runs.write_text(before + "x")
print(f"token-{len(before)}")
"""


def test_the_programs_token_is_asked_for_each_log_in(config: Path) -> None:
    counter, program = config.parent / "runs", config.parent / "token.py"
    program.write_text(_COUNTING)
    command = [sys.executable, str(program), str(counter)]
    server = smtp_server(load_settings(with_smtp(config, username=NAME, auth="token_command", token_command=command)))
    assert server.password is None
    assert server.token is not None
    assert not counter.exists()  # nobody is asked before there is a log-in
    assert [server.token(anew=False), server.token(anew=True)] == ["token-0", "token-1"]


def test_a_program_that_gives_no_token_is_told_as_a_passing_fault(config: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit(1)"]
    server = smtp_server(load_settings(with_smtp(config, username=NAME, auth="token_command", token_command=command)))
    assert server.token is not None
    with pytest.raises(TemporaryError) as failed:
        server.token(anew=False)
    assert failed.value.code == "smtp_token_failed"


def test_microsofts_tokens_are_set_up_without_asking_anybody(config: Path) -> None:
    server = smtp_server(load_settings(with_smtp(config, username=NAME, **MICROSOFT)))
    assert server.token is not None
    assert "hunter2" not in repr(server)
