"""One file in; typed settings or every fault with its line out."""

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.signers import SignerPolicy
from onboarding.settings import Fault, SettingsError, load_settings
from onboarding.settings.document import MAX_BYTES
from tests.settings.conftest import PLAIN, Spoil


def brief(faults: tuple[Fault, ...]) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.key, fault.code) for fault in faults]


def faults_of(file: Path) -> tuple[Fault, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    return caught.value.parts


def test_a_small_configuration_loads_with_every_default(config: Path) -> None:
    loaded = load_settings(config)
    assert loaded.environment == "demo"
    assert loaded.language is Language.NB
    assert loaded.signer_policy is SignerPolicy.CONFIRMED
    assert loaded.vendors[0].org_number == OrgNumber("310000000")
    assert loaded.vendors[0].party().system_name == "Fjord HR"
    assert loaded.vendors[0].folders[0].quiet_seconds is None
    assert loaded.smtp.from_ == "avtaler@example.org"
    assert loaded.limits.pdf_bytes == 26214400
    assert loaded.find_vendor("fjord") is loaded.vendors[0]
    assert loaded.find_vendor("other") is None


def test_relative_paths_count_from_the_configuration_files_folder(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    loaded = load_settings(Path("../config.yaml"))
    assert loaded.vendors[0].folders[0].path.resolve() == tmp_path / "inn"
    assert loaded.data_dir.resolve() == tmp_path / "data"
    assert loaded.trust.anchors.resolve() == tmp_path / "trust" / "anchors"
    assert loaded.keys.qr.resolve() == tmp_path / "data" / "keys" / "qr"
    assert loaded.database_file is not None
    assert loaded.database_file.resolve() == tmp_path / "data" / "avtale.sqlite"


def test_a_database_path_may_hold_spaces_percent_signs_and_question_marks(tmp_path: Path) -> None:
    folder = tmp_path / "50 % av? alt"
    folder.mkdir()
    (folder / "config.yaml").write_text(PLAIN)
    assert load_settings(folder / "config.yaml").database_file == folder / "data" / "avtale.sqlite"


def test_absolute_paths_stay(config: Path, spoil: Spoil, tmp_path: Path) -> None:
    config.write_text(f"data_dir: {tmp_path}/elsewhere\n" + config.read_text())
    assert load_settings(config).data_dir == tmp_path / "elsewhere"


def test_every_fault_is_told_at_once_with_its_line(config: Path) -> None:
    text = config.read_text()
    text = text.replace("environment: demo", "environment: prod").replace("port: 8025", "port: 99999")
    text = text.replace("    name: Fjordsystem AS\n", "").replace("310000000", "310000001")
    text = text.replace("quiet", "quite").replace("{path: ./inn}", "{path: ./inn, mod: scan}")
    config.write_text(text.replace("service.print_fallback: true", "service.channel: telex"))
    assert brief(faults_of(config)) == [
        (1, "environment", "setting_not_a_choice"),
        (3, "vendors[0].name", "setting_missing"),
        (4, "vendors[0].org_number", "setting_orgnr_check_digit"),
        (9, "vendors[0].service_profile.service.channel", "setting_value"),
        (11, "vendors[0].folders[0].mod", "setting_unknown_key_near"),
        (14, "smtp.port", "setting_too_large"),
    ]


def test_a_misspelt_key_gets_the_nearest_name(spoil: Spoil) -> None:
    (fault,) = spoil("  test_to:", "  tets_to:")[:1]
    assert (fault.line, fault.key, fault.detail) == (21, "forward.tets_to", {"near": "test_to"})


def test_a_strange_key_is_refused_too(spoil: Spoil) -> None:
    assert brief(spoil("environment: demo", "environment: demo\nzzzz: 1")) == [(2, "zzzz", "setting_unknown_key")]


@pytest.mark.parametrize("key", ["password", "Passord", "smtp_password", "secret", "api_token"])
def test_a_secret_in_the_file_is_refused_with_its_own_words_and_not_repeated(spoil: Spoil, key: str) -> None:
    faults = spoil("  port: 8025", f"  port: 8025\n  {key}: hunter2")
    assert brief(faults) == [(16, f"smtp.{key}", "setting_secret_in_file")]
    assert "hunter2" not in repr(faults)


@pytest.mark.parametrize("line", ["imap_password_file: ./imap-password", "mail_token: null", "password:"])
def test_where_a_secret_stands_and_nothing_at_all_are_no_secrets(spoil: Spoil, line: str) -> None:
    (fault,) = spoil("  port: 8025", f"  port: 8025\n  {line}")
    assert fault.code in ("setting_unknown_key", "setting_unknown_key_near")


def test_a_key_written_twice_is_refused_with_both_lines(spoil: Spoil) -> None:
    (fault,) = spoil("  port: 8025", "  port: 8025\n  port: 25")
    assert (fault.line, fault.key, fault.code, fault.detail) == (
        16,
        "smtp.port",
        "setting_duplicate_key",
        {"first": 15},
    )


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("port: 8025", "port: x", "setting_wrong_whole_number"),
        ("port: 8025", "port: true", "setting_wrong_whole_number"),
        ("port: 8025", "port: 0", "setting_too_small"),
        ("  host: localhost", "  host: 127", "setting_wrong_text"),
        ("  host: localhost", "  host: a b", "setting_bad_host"),
        ("environment: demo", "environment: demo\ntrust: {fetch_hosts: ['*.example.org']}", "setting_bad_fetch_host"),
        ("environment: demo", "environment: demo\ntrust: {fetch_hosts: [127.0.0.1]}", "setting_bad_fetch_host"),
        ("environment: demo", "environment: demo\ntrust: {fetch_hosts: [localhost]}", "setting_bad_fetch_host"),
        ("environment: demo", "environment: demo\ntrust: {fetch_hosts: ['http://a.org']}", "setting_bad_fetch_host"),
        ("{path: ./inn}", "{path: ./inn, quiet_seconds: soon}", "setting_wrong_number"),
        ("allow: [salg@digipost.no]", "allow: salg@digipost.no", "setting_wrong_list"),
        ("allow: [salg@digipost.no]", "allow: []", "setting_empty_list"),
        ("contact: {name: Kari Nordmann, email: kari@example.org}", "contact: Kari", "setting_wrong_group"),
        ("email: kari@example.org", "email: kari", "setting_bad_email"),
        ("- id: fjord", "- id: Fjord!", "setting_bad_id"),
        ("name: Fjordsystem AS", 'name: "Fjord\\nsystem"', "setting_invisible_character"),
        ("name: Fjordsystem AS", 'name: "Fjord\\u00adsystem"', "setting_invisible_character"),
        ("name: Fjordsystem AS", 'name: "Fjord \\u6f22"', "setting_character_not_in_fonts"),
        ("name: Fjordsystem AS", 'name: " "', "setting_bad_line"),
        ('"310000000"', "31000000", "setting_orgnr_not_nine_digits"),
        ('"310000000"', "[1]", "setting_bad_value"),
        ("{path: ./inn}", "{path: ~/inn}", "setting_tilde"),
        ("{path: ./inn}", '{path: ""}', "setting_empty_path"),
        ("environment: demo", "environment: demo\ndatabase: mysql://x", "setting_bad_database"),
        ("environment: demo", "environment: demo\ndatabase: 'sqlite://'", "setting_bad_database"),
        ("environment: demo", "environment: demo\ndatabase: 'sqlite:///:memory:'", "setting_bad_database"),
        ("environment: demo", "environment: demo\ndatabase: postgresql+psycopg://a:b@h/d", "setting_secret_in_address"),
        ("environment: demo", "environment: demo\nterms: [{name: A, date: 2026-13-45, file: a}]", "setting_bad_value"),
        ("environment: demo", "environment: demo\nterms: [{name: A, date: 20260101, file: a}]", "setting_wrong_date"),
        ("environment: demo", "environment: demo\ndata_dir: !!python/name:os 1", "setting_unknown_tag"),
        ("environment: demo", "environment: demo\nlanguage: se", "setting_not_a_choice"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_one_fault_of_its_own_kind(spoil: Spoil, old: str, new: str, code: str) -> None:
    assert [fault.code for fault in spoil(old, new)] == [code]


def test_dates_may_be_quoted(config: Path) -> None:
    config.write_text('terms: [{name: A, date: "2026-01-02", file: a.pdf}]\n' + config.read_text())
    assert load_settings(config).terms[0].date == date(2026, 1, 2)


def test_postgresql_without_a_password_loads(config: Path) -> None:
    config.write_text("database: postgresql+psycopg://avtale@/avtale?host=/run/postgresql\n" + config.read_text())
    loaded = load_settings(config)
    assert loaded.database.startswith("postgresql+psycopg://avtale@/avtale")
    assert loaded.database_file is None


def test_anchors_and_merges_are_fine_and_keep_their_lines(config: Path) -> None:
    shared = "  - &first\n    id: fjord"
    second = "  - <<: *first\n    id: vidde\n    folders: [{path: ./vidde}]\n    broker_id: no\nsmtp:"
    config.write_text(config.read_text().replace("  - id: fjord", shared).replace("smtp:", second))
    assert brief(faults_of(config)) == [(17, "vendors[1].broker_id", "setting_wrong_whole_number")]


@pytest.mark.parametrize(
    ("content", "line", "code"),
    [
        (b"environment: [demo\n", 2, "setting_not_yaml"),
        (b"a: 1\n b: 2\n", 2, "setting_not_yaml"),
        (b"a: 1\n---\nb: 2\n", 2, "setting_not_yaml"),
        (b"a: 1\nb: \xe6\n", 2, "setting_not_utf8"),
        (b"a: 1\nb: \x07\n", 2, "setting_control_character"),
        (b"a: &a [*a, *a]\n", 1, "setting_too_much"),
        (b"a: &a {<<: *a}\n", 1, "setting_too_much"),
        (b"[" * 5000, 1, "setting_too_much"),
        (b"#" * (MAX_BYTES + 1), 1, "setting_file_too_large"),
        (b"a: {<<: 3}\n", 1, "setting_bad_merge"),
        (b"a: !!python/object/apply:os.system [ls]\n", 1, "setting_unknown_tag"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, content: bytes, line: int, code: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    assert (line, code) in [(fault.line, fault.code) for fault in faults_of(file)]


@pytest.mark.parametrize("content", ["", "# nothing\n", "- a\n", "text\n", "null\n"])
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(content)
    assert faults_of(file)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_configuration_with_anything_cut_out_loads_or_is_refused_with_faults(
    config: Path, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(PLAIN)))
    end = data.draw(st.integers(start, min(len(PLAIN), start + 60)))
    inserted = data.draw(st.text(max_size=8))
    config.write_text(PLAIN[:start] + inserted + PLAIN[end:], encoding="utf-8", errors="replace")
    faults: tuple[Fault, ...] | None = None
    try:
        load_settings(config)
    except SettingsError as error:
        faults = error.parts
    assert faults is None or faults
    assert all(fault.line >= 1 and fault.code.startswith("setting_") for fault in faults or ())


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="settings_missing"):
        load_settings(tmp_path / "config.yaml")


def test_a_folder_in_the_files_place_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="settings_unreadable"):
        load_settings(tmp_path)


def test_byte_order_marks_and_windows_line_ends_are_read(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode())
    assert load_settings(config).environment == "demo"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("service.print_fallback: true", "service.print_fallbak: true", "setting_unknown_key_near"),
        ("service.print_fallback: true", "zzz: true", "setting_unknown_key"),
        ("service.print_fallback: true", "signer.name: Kari", "setting_not_prefilled"),
        ("service.print_fallback: true", "customer.orgnr: 310000000", "setting_not_prefilled"),
        ("service.print_fallback: true", "setup.sender_id: 3", "setting_not_prefilled"),
        ("service.print_fallback: true", "agreement.id: x", "setting_not_prefilled"),
        ("service.print_fallback: true", "service.print_fallback: kanskje", "setting_value"),
        ("service.print_fallback: true", "service.channel: telex", "setting_value"),
        ("service.print_fallback: true", "defaults.authentication_level: IDPORTEN_4", "setting_value"),
        ("service.print_fallback: true", "defaults.sms_after_hours: [-1]", "setting_value"),
        ("service.print_fallback: true", "contact.technical.email: ola", "setting_value"),
    ],
)
def test_a_service_profile_holds_only_what_the_catalogue_allows(spoil: Spoil, old: str, new: str, code: str) -> None:
    (fault,) = spoil(old, new)
    field_id = new.partition(":")[0]
    assert (fault.line, fault.key, fault.code) == (10, f"vendors[0].service_profile.{field_id}", code)


@pytest.mark.parametrize(
    ("left_open", "place", "code"),
    [
        ("[invoice.referense]", "[0]", "setting_unknown_field_near"),
        ("[invoice.reference, zzz]", "[1]", "setting_unknown_field"),
        ("[vendor.may_send_on_behalf]", "[0]", "setting_not_left_open"),
        ("[customer.orgnr]", "[0]", "setting_not_left_open"),
        ("[signer.name]", "[0]", "setting_not_left_open"),
        ("[admin.name]", "[0]", "setting_not_left_open"),
        ("[invoice.reference, admin.email]", "[1]", "setting_not_left_open"),
        ("[invoice.method]", "[0]", "setting_not_left_open"),
        ("[setup.sender_id]", "[0]", "setting_not_left_open"),
        ("invoice.reference", "", "setting_wrong_list"),
    ],
)
def test_only_what_the_customer_itself_answers_is_left_open(
    spoil: Spoil, left_open: str, place: str, code: str
) -> None:
    (fault,) = spoil("broker_id: 8541208\n", f"broker_id: 8541208\n    signing: paper\n    open: {left_open}\n")
    assert (fault.key, fault.code) == (f"vendors[0].open{place}", code)


@pytest.mark.parametrize("signing", ["", "    signing: service\n"])
def test_nothing_is_left_open_where_a_service_signs(spoil: Spoil, signing: str) -> None:
    (fault,) = spoil("broker_id: 8541208\n", f"broker_id: 8541208\n{signing}    open: [invoice.reference]\n")
    assert (fault.key, fault.code) == ("vendors[0].open", "setting_open_on_service")


def test_a_service_profile_comes_out_in_canonical_values(config: Path) -> None:
    lines = [
        "service.print_fallback: ja",
        "contact.contract.phone: 22334455",
        "launch.first_send_date: 2026-12-01",
        "service.document_types: [Payslip]",
        "invoice.address: Storgata 1, 0155 Oslo",
        "service.digital: null",
    ]
    config.write_text(config.read_text().replace("service.print_fallback: true", "\n      ".join(lines)))
    assert load_settings(config).vendors[0].service_profile == {
        "service.print_fallback": True,
        "contact.contract.phone": "+4722334455",
        "launch.first_send_date": "2026-12-01",
        "service.document_types": ["Payslip"],
        "invoice.address": {"lines": ["Storgata 1"], "postal_code": "0155", "city": "Oslo"},
    }


def test_settings_can_not_be_changed(config: Path) -> None:
    loaded = load_settings(config)
    with pytest.raises(ValueError, match="frozen"):
        loaded.smtp.host = "elsewhere"  # type: ignore[misc]


def test_the_process_around_is_not_changed_by_loading(config: Path) -> None:
    before = dict(os.environ)
    load_settings(config)
    assert dict(os.environ) == before
