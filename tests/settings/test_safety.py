"""Set-ups that are refused although each value is fine."""

from pathlib import Path

import pytest

import onboarding
from agreements.language import Language
from agreements.verification import Method
from onboarding.settings import SettingsError, load_settings
from tests.settings.conftest import Spoil

FOLDER = "      - {path: ./inn}"
SECOND_VENDOR = """\
  - id: {id}
    name: Vidde AS
    org_number: "312345676"
    system_name: Vidde Sak
    broker_id: 1
    contact: {{name: Ola Nordmann, email: ola@example.org}}
    folders: [{{path: {path}}}]
smtp:
"""


def codes(config: Path) -> list[tuple[str, str]]:
    try:
        load_settings(config)
    except SettingsError as error:
        return [(fault.key, fault.code) for fault in error.parts]
    return []


def replace(config: Path, *pairs: tuple[str, str]) -> None:
    text = config.read_text()
    for old, new in pairs:
        assert text.count(old) == 1
        text = text.replace(old, new)
    config.write_text(text)


def make_production(config: Path) -> None:
    replace(config, ("environment: demo", "environment: production"), ("310000000", "984661185"), ("  tls: none\n", ""))


def test_a_configuration_that_everybody_may_write_is_refused(config: Path) -> None:
    config.chmod(0o646)
    assert codes(config) == [("", "setting_world_writable")]


def test_a_configuration_in_a_folder_that_everybody_may_write_is_refused(config: Path) -> None:
    config.parent.chmod(0o777)
    assert codes(config) == [("", "setting_world_writable")]
    config.parent.chmod(0o1777)
    assert codes(config) == []


@pytest.mark.parametrize("inside", ["./data", "./data/inn", "./data/keys", "."])
def test_a_watched_folder_inside_the_data_or_around_it_is_refused(config: Path, inside: str) -> None:
    replace(config, (FOLDER, f"      - {{path: {inside}}}"))
    assert codes(config) == [("vendors[0].folders[0].path", "setting_folder_in_data")]


def test_a_symbolic_link_does_not_hide_a_watched_folder_inside_the_data(config: Path) -> None:
    (config.parent / "data").mkdir()
    (config.parent / "inn").symlink_to("data")
    assert codes(config) == [("vendors[0].folders[0].path", "setting_folder_in_data")]


def test_a_database_inside_a_watched_folder_is_refused(config: Path) -> None:
    config.write_text("database: sqlite:///inn/avtale.sqlite\n" + config.read_text())
    assert codes(config) == [("vendors[0].folders[0].path", "setting_folder_in_data")]


@pytest.mark.parametrize("path", ["./inn", "inn/../inn", "./inn/under"])
def test_two_vendors_never_share_a_folder(config: Path, path: str) -> None:
    replace(config, ("smtp:\n", SECOND_VENDOR.format(id="vidde", path=path)))
    assert {code for _, code in codes(config)} <= {"setting_folder_twice", "setting_folder_in_folder"}
    assert codes(config)


def test_two_vendors_with_a_folder_each_load(config: Path) -> None:
    replace(config, ("smtp:\n", SECOND_VENDOR.format(id="vidde", path="./vidde")))
    assert codes(config) == []


def test_ids_are_used_once(config: Path) -> None:
    replace(
        config,
        ("smtp:\n", SECOND_VENDOR.format(id="fjord", path="./vidde")),
        ("users:\n", "users:\n  - {id: kari, name: Kari To, role: reviewer, os_user: kari}\n"),
    )
    assert codes(config) == [
        ("vendors[1].id", "setting_doubled"),
        ("users[1].id", "setting_doubled"),
        ("users[1].os_user", "setting_doubled"),
    ]


def test_data_inside_the_program_is_refused(config: Path) -> None:
    program = Path(onboarding.__file__).parent
    config.write_text(f"data_dir: {program}/data\ndatabase: sqlite:///{program}/a.sqlite\n" + config.read_text())
    assert codes(config) == [("data_dir", "setting_inside_program"), ("database", "setting_inside_program")]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_refused(config: Path, mode: int) -> None:
    secret = config.parent / "password"
    secret.write_text("hunter2")
    secret.chmod(mode)
    replace(config, ("  port: 8025", "  port: 8025\n  username: kari\n  password_file: password"))
    assert codes(config) == [("smtp.password_file", "setting_secret_is_open")]
    secret.chmod(0o400)
    assert codes(config) == []


def test_keys_that_others_may_read_are_refused(config: Path) -> None:
    keys = config.parent / "data" / "keys"
    keys.mkdir(parents=True)
    for name in ("qr", "checkpoint.pem"):
        (keys / name).write_bytes(b"x")
        (keys / name).chmod(0o644)
    assert codes(config) == [("keys.checkpoint", "setting_secret_is_open"), ("keys.qr", "setting_secret_is_open")]


def test_production_takes_real_organisations_only(config: Path) -> None:
    make_production(config)
    assert codes(config) == []
    replace(config, ("984661185", "310000000"))
    assert codes(config) == [("vendors[0].org_number", "setting_orgnr_synthetic")]


@pytest.mark.parametrize("environment", ["production", "test", "demo"])
def test_a_recipient_that_is_not_on_the_allow_list_is_refused(config: Path, environment: str) -> None:
    make_production(config)
    replace(config, ("production", environment), ("to: salg@digipost.no", "to: slag@digipost.no"))
    assert codes(config) == [("forward.to", "setting_recipient_not_allowed")]


@pytest.mark.parametrize("environment", ["test", "demo"])
@pytest.mark.parametrize("line", ["  test_to: kari@digipost.no\n", ""])
def test_test_and_demo_must_not_reach_anybody(config: Path, environment: str, line: str) -> None:
    replace(config, ("environment: demo", f"environment: {environment}"), ("  test_to: digipost@localhost\n", line))
    assert codes(config) == [("forward.test_to", "setting_test_recipient_unsafe")]


@pytest.mark.parametrize(
    ("host", "fine"), [("localhost", True), ("127.0.0.9", True), ("::1", True), ("mail.example.org", False)]
)
def test_mail_without_encryption_stays_on_this_machine(config: Path, host: str, fine: bool) -> None:
    replace(config, ("host: localhost", f'host: "{host}"'))
    assert codes(config) == ([] if fine else [("smtp.tls", "setting_unencrypted_mail")])


def test_a_user_name_for_the_mail_server_needs_a_password(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(config, ("  port: 8025", "  port: 8025\n  username: kari"))
    assert codes(config) == [("smtp.username", "setting_no_password")]
    monkeypatch.setenv("AVTALE_SMTP_PASSWORD", "hunter2")
    assert codes(config) == []


def test_a_password_file_needs_a_user_name(spoil: Spoil) -> None:
    (fault,) = spoil("  port: 8025", "  port: 8025\n  password_file: x")
    assert fault.code == "setting_no_username"


def test_revocation_can_not_be_switched_off_in_production(config: Path) -> None:
    config.write_text(config.read_text() + "trust: {revocation: 'off'}\n")
    assert codes(config) == []
    make_production(config)
    assert codes(config) == [("trust.revocation", "setting_revocation_off")]


@pytest.mark.parametrize("url", ["http://data.example.org/api", "http://127.0.0.1:8080/api"])
def test_a_register_is_asked_over_tls_or_in_test_and_demo_on_loopback(config: Path, url: str) -> None:
    config.write_text(config.read_text() + f"registers: {{entity_url: '{url}'}}\n")
    own = "127.0.0.1" in url
    assert codes(config) == ([] if own else [("registers.entity_url", "setting_register_unsafe")])
    make_production(config)
    assert ("registers.entity_url", "setting_register_unsafe") in codes(config)


@pytest.mark.parametrize("url", ["data.example.org", "ftp://data.example.org", "https://a@b/", "https://b/?x=1"])
def test_what_no_register_can_be_asked_at_is_refused(config: Path, url: str) -> None:
    config.write_text(config.read_text() + f"registers: {{authority_url: '{url}'}}\n")
    assert codes(config) == [("registers.authority_url", "setting_bad_register_url")]


def written(config: Path, dotted: str, value: str) -> None:
    """Write one key into the configuration, in its group if that is there."""
    group, _, key = dotted.rpartition(".")
    text = config.read_text()
    if not group:
        config.write_text(f"{text}{key}: {value}\n")
    elif f"\n{group}:\n" in text:
        config.write_text(text.replace(f"\n{group}:\n", f"\n{group}:\n  {key}: {value}\n"))
    else:
        config.write_text(f"{text}{group}: {{{key}: {value}}}\n")


@pytest.mark.parametrize("value", ["0", "'false'", "no_way"])
def test_what_only_looks_like_a_truth_is_refused(config: Path, value: str) -> None:
    written(config, "attestation.accept_testimony", value)
    assert codes(config) == [("attestation.accept_testimony", "setting_wrong_truth")]


@pytest.mark.parametrize("value", ["{V9: false}", "{V1: true}", "{V1: {de: Wort}}", "{V1: [1]}"])
def test_only_known_methods_can_be_renamed_or_taken_away(config: Path, value: str) -> None:
    written(config, "verification.methods", value)
    assert codes(config) != []


def test_a_method_can_be_renamed_and_another_taken_away(config: Path) -> None:
    written(config, "verification.methods", "{V3: false, V4: {nb: Ett brev, nn: Eitt brev, en: One letter}}")
    verification = load_settings(config).verification
    assert not verification.offers(Method.V3)
    assert verification.offers(Method.V4)
    assert verification.label(Method.V4, Language.NN) == "Eitt brev"
    assert verification.label(Method.V1, Language.NN) == ""
