"""The mailboxes of the configuration: what may stand there, and the sources that are made of it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from agreements.errors import ConfigurationError
from intake.sources.mailbox import MailboxState
from onboarding.mailboxes import mailbox_source
from onboarding.settings import MailboxSettings, SettingsError, load_settings
from tests.intake.imap_faults import FakeImap
from tests.intake.mail_rounds import mail

PLAIN = {
    "id": "avtaler",
    "address": "avtaler@example.org",
    "host": "imap.example.org",
    "username": "avtaler",
    "password_file": "imap-password",
}


def with_mailboxes(config: Path, *mailboxes: dict[str, Any]) -> Path:
    secret = config.parent / "imap-password"
    secret.write_text("passord\n")
    secret.chmod(0o600)
    config.write_text(yaml.safe_dump(yaml.safe_load(config.read_text()) | {"mailboxes": list(mailboxes)}))
    return config


def codes(config: Path, *mailboxes: dict[str, Any]) -> list[tuple[str, str]]:
    """Key and code of every fault."""
    try:
        load_settings(with_mailboxes(config, *mailboxes))
    except SettingsError as error:
        return [(fault.key, fault.code) for fault in error.parts]
    return []


def loaded(config: Path, **changes: Any) -> MailboxSettings:
    (mailbox,) = load_settings(with_mailboxes(config, PLAIN | changes)).mailboxes
    return mailbox


def test_a_mailbox_needs_little_and_is_read_encrypted(config: Path) -> None:
    mailbox = loaded(config)
    assert (mailbox.port, mailbox.tls, mailbox.folder, mailbox.move, mailbox.vendor) == (
        993,
        "implicit",
        "INBOX",
        True,
        None,
    )
    assert mailbox.password_file == config.parent / "imap-password"


def with_copy(config: Path, copy_to: str, **changes: Any) -> list[tuple[str, str]]:
    """The faults of a configuration with a mailbox, whose mail has its copy sent there."""
    config.write_text(config.read_text().replace("smtp:\n", f"smtp:\n  copy_to: {copy_to}\n"))
    return codes(config, PLAIN | changes)


@pytest.mark.parametrize(
    ("copy_to", "changes", "fault"),
    [
        ("avtaler@example.org", {}, None),
        ("Avtaler@EXAMPLE.org", {}, None),
        ("avtaler+kopi@example.org", {"plus_addresses": True}, None),
        ("avtaler+kopi@example.org", {}, "setting_copy_plus"),
        ("avtaler+kopi@example.org", {"address": "avtaler+kopi@example.org"}, None),
        ("kopi@example.org", {}, "setting_copy_unwatched"),
        ("avtaler@example.com", {"plus_addresses": True}, "setting_copy_unwatched"),
    ],
)
def test_a_copy_goes_only_where_it_can_be_looked_for(
    config: Path, copy_to: str, changes: dict[str, Any], fault: str | None
) -> None:
    assert with_copy(config, copy_to, **changes) == ([("smtp.copy_to", fault)] if fault else [])


def test_a_folder_of_sent_mail_is_the_senders_own(config: Path) -> None:
    assert codes(config, PLAIN | {"sent_folder": "Sent Items"}) == []
    other = PLAIN | {"sent_folder": "Sent Items", "address": "retur@example.org"}
    assert codes(config, other) == [("mailboxes[0].sent_folder", "setting_sent_folder_of_other")]


@pytest.mark.parametrize("missing", ["id", "address", "host", "username"])
def test_what_a_mailbox_can_not_do_without_is_missed(config: Path, missing: str) -> None:
    entry = {key: value for key, value in PLAIN.items() if key != missing}
    assert codes(config, entry) == [(f"mailboxes[0].{missing}", "setting_missing")]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"password_file": None}, ("auth", "setting_needed_for_auth")),
        ({"client_id": "x"}, ("client_id", "setting_unused_for_auth")),
        ({"auth": "token_command", "password_file": None}, ("auth", "setting_needed_for_auth")),
        ({"auth": "token_command", "token_command": ["x"]}, ("password_file", "setting_unused_for_auth")),
        ({"auth": "kerberos"}, ("auth", "setting_not_a_choice")),
        ({"vendor": "ukjent"}, ("vendor", "setting_unknown_vendor")),
        ({"tls": "none"}, ("tls", "setting_unencrypted_mailbox")),
        ({"id": "manual"}, ("id", "setting_reserved_id")),
        ({"folder": "Inntak/Mottatt"}, ("folder", "setting_own_mail_folder")),
        ({"folder": "INBOX.Inntak.Karantene"}, ("folder", "setting_own_mail_folder")),
        ({"folder": "a\nb"}, ("folder", "setting_invisible_character")),
        ({"username": "a\x00b"}, ("username", "setting_invisible_character")),
        ({"host": "imap example"}, ("host", "setting_bad_host")),
        ({"password": "hunter2"}, ("password", "setting_secret_in_file")),
    ],
)
def test_a_fault_of_a_mailbox_is_told_at_its_key(config: Path, changes: dict[str, Any], fault: tuple[str, str]) -> None:
    key, code = fault
    assert codes(config, PLAIN | changes) == [(f"mailboxes[0].{key}", code)]


def test_microsoft_needs_all_three(config: Path) -> None:
    entry = PLAIN | {"auth": "oauth2_microsoft", "password_file": None}
    with pytest.raises(SettingsError) as caught:
        load_settings(with_mailboxes(config, entry))
    needed = [fault.detail["needed"] for fault in caught.value.parts]
    assert sorted(map(str, needed)) == ["client_id", "client_secret_file", "tenant"]


def test_no_mailbox_stands_there_twice(config: Path) -> None:
    assert codes(config, PLAIN, PLAIN | {"id": "andre", "folder": "Retur"}) == []
    assert codes(config, PLAIN, PLAIN | {"id": "andre"}) == [("mailboxes[1]", "setting_mailbox_twice")]
    assert codes(config, PLAIN, PLAIN | {"username": "to"}) == [("mailboxes[1].id", "setting_doubled")]


@pytest.mark.parametrize(
    ("auth", "key"),
    [
        ("password", "password_file"),
        ("oauth2_microsoft", "client_secret_file"),
        ("google_service_account", "service_account_file"),
    ],
)
def test_a_mailboxs_secret_that_others_may_read_is_refused(config: Path, auth: str, key: str) -> None:
    entry = PLAIN | {"auth": auth, "password_file": None, key: "imap-password"}
    entry |= {"tenant": "t", "client_id": "c"} if auth == "oauth2_microsoft" else {}
    assert codes(config, entry) == []
    (config.parent / "imap-password").chmod(0o644)
    with pytest.raises(SettingsError) as caught:
        load_settings(config)
    (fault,) = caught.value.parts
    assert (fault.key, fault.code) == (f"mailboxes[0].{key}", "setting_secret_is_open")


def test_the_source_of_a_mailbox_logs_in_with_the_password_of_its_file(config: Path) -> None:
    with FakeImap(mails={1: mail(1)}) as server:
        mailbox = loaded(config, host="127.0.0.1", port=server.port, tls="none", vendor="fjord")
        source = mailbox_source(mailbox)
        scan = source.scan()
        source.close()
    assert (scan.state, [entry.vendor_id for entry in scan.ready]) == (MailboxState.AVAILABLE, ["fjord"])
    (sent,) = [arguments for name, arguments in server.commands if name == "AUTHENTICATE"]
    assert sent == b"PLAIN AGF2dGFsZXIAcGFzc29yZA=="


def test_a_token_command_logs_in_with_what_it_prints(config: Path) -> None:
    command = ["/bin/echo", "ya29.token"]
    with FakeImap() as server:
        changes = {"auth": "token_command", "token_command": command, "password_file": None}
        source = mailbox_source(loaded(config, host="127.0.0.1", port=server.port, tls="none", **changes))
        assert source.scan().state is MailboxState.AVAILABLE
        source.close()
    assert [arguments.split()[0] for name, arguments in server.commands if name == "AUTHENTICATE"] == [b"XOAUTH2"]


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 20_000, "x" * 70_000])
def test_a_service_accounts_key_that_is_none_is_told(config: Path, content: str) -> None:
    entry = {"auth": "google_service_account", "password_file": None, "service_account_file": "imap-password"}
    mailbox = loaded(config, **entry)
    (config.parent / "imap-password").write_text(content)
    with pytest.raises(ConfigurationError, match="service_account_unreadable"):
        mailbox_source(mailbox)
    (config.parent / "imap-password").write_text(json.dumps({"client_email": "x@example.org"}))
    mailbox_source(mailbox)


def test_microsofts_secret_is_read_from_its_file(config: Path) -> None:
    entry = {"auth": "oauth2_microsoft", "password_file": None, "tenant": "t", "client_id": "c"}
    mailbox = loaded(config, client_secret_file="imap-password", **entry)
    mailbox_source(mailbox)
    (config.parent / "imap-password").unlink()
    with pytest.raises(ConfigurationError, match="secret_unreadable"):
        mailbox_source(mailbox)
