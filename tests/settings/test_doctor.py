"""`avtale doctor` names every fault, and one broken thing never hides another."""

import errno
import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from intake.sources.folder import Mount
from onboarding import watching
from onboarding.doctor import Check, Level, checks, places, run_checks, services
from onboarding.doctor.checks import CHECKS
from onboarding.initialise import initialise
from onboarding.settings import load_settings
from onboarding.store import open_store
from onboarding.store.meta import put_meta
from tests.onboarding.test_odd_files import blank_pdf
from tests.outbox.mail_servers import FaultyServer

QUICK = ["configuration", "data", "space", "clock", "keys", "database", "folders", "terms", "trust"]
"""Checks that load no heavy library."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """What `avtale init` made."""
    return initialise(tmp_path / "ny", os_user="kari", user_name="Kari Nordmann", now=datetime.now(UTC)).config


@pytest.fixture
def server_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    yield port
    controller.stop()


def replace(config: Path, old: str, new: str) -> None:
    text = config.read_text()
    assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
    config.write_text(text.replace(old, new))


def check(config: Path, name: str, *, now: datetime | None = None) -> list[Check]:
    """At the moment of the call: files that a test makes minutes after this module was read are not of the future."""
    return list(CHECKS[name](load_settings(config), now or datetime.now(UTC)))


def guarded(config: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """One check by the way of `run_checks`, which turns errors into faults."""
    monkeypatch.setattr(checks, "CHECKS", {name: CHECKS[name]})
    return list(run_checks(load_settings(config), now=datetime.now(UTC)))


def codes(found: list[Check]) -> list[tuple[Level, str]]:
    return [(each.level, each.code) for each in found]


@pytest.mark.parametrize("name", QUICK)
def test_a_new_folder_has_no_faults(config: Path, name: str) -> None:
    assert [each for each in check(config, name) if not each.ok] == []


def test_every_check_runs_and_tells_by_its_name(config: Path, server_port: int) -> None:
    replace(config, "port: 8025", f"port: {server_port}")
    found = run_checks(load_settings(config), now=datetime.now(UTC))
    assert {each.name for each in found} == CHECKS.keys()
    assert [each for each in found if not each.ok] == []


def test_a_mail_server_that_is_down_is_a_fault(config: Path) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        replace(config, "port: 8025", f"port: {taken.getsockname()[1]}")
        (found,) = check(config, "mail")
    assert (found.level, found.code, found.params["host"]) == (Level.FAULT, "doctor_mail", "localhost")
    assert found.params["reason"] == "connect_failed"


@pytest.mark.parametrize(("size", "small"), [(2**20 * 30, True), (2**20 * 40, False), (0, False)])
def test_a_mail_server_that_takes_no_large_agreement_is_told(config: Path, size: int, small: bool) -> None:
    with FaultyServer(EHLO=f"250-x\r\n250-DSN\r\n250 SIZE {size}") as server:
        replace(config, "port: 8025", f"port: {server.port}")
        found = codes(check(config, "mail"))
    assert found == [(Level.OK, "mail"), *([(Level.WARNING, "doctor_mail_small")] if small else [])]
    assert not [command for command in server.commands if command.lower().startswith("mail")]


def test_data_that_is_gone_is_a_fault(config: Path) -> None:
    replace(config, "data_dir: ./data", "data_dir: ./gone")
    assert codes(check(config, "data")) == [(Level.FAULT, "doctor_folder_missing")]
    assert check(config, "space")[0].ok


def test_data_that_can_not_be_written_is_a_fault(config: Path) -> None:
    replace(config, "data_dir: ./data", "data_dir: /proc")  # even root makes nothing there
    assert codes(check(config, "data")) == [(Level.FAULT, "doctor_folder_not_writable")]


def test_little_space_is_a_warning(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MIN_FREE_BYTES", 2**62)
    assert codes(check(config, "space")) == [(Level.WARNING, "doctor_space_low")]


def test_a_watched_folder_that_is_gone_is_a_fault(config: Path) -> None:
    (config.parent / "inn").rmdir()
    assert codes(check(config, "folders")) == [(Level.FAULT, "doctor_folder_missing")]


def test_a_watched_folder_that_can_not_be_written_is_a_fault(config: Path) -> None:
    replace(config, "- path: ./inn", "- path: /proc")
    assert codes(check(config, "folders")) == [(Level.FAULT, "doctor_folder_not_writable")]


def test_a_watched_folder_that_is_not_ours_to_write_in_is_told_and_no_fault(config: Path) -> None:
    replace(config, "- path: ./inn", "- path: /sys")  # where even root is not permitted to make anything
    found = [each for each in check(config, "folders") if each.code != "doctor_overlooked"]
    assert (found[0].level, found[0].code) == (Level.WARNING, "doctor_folder_read_only")
    assert [each.level for each in found[1:]] == [Level.OK]
    assert found[1].code.startswith("folder_")


@pytest.mark.parametrize("name", ["ferdig", "karantene"])
@pytest.mark.parametrize("kind", ["file", "link", "broken link"])
def test_what_is_no_folder_in_the_place_of_a_finished_folder_is_a_fault(config: Path, name: str, kind: str) -> None:
    place, elsewhere = config.parent / "inn" / name, config.parent / "annet"
    if kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(elsewhere)
    if kind == "link":
        elsewhere.mkdir()
    (found,) = check(config, "folders")
    assert (found.level, found.code, found.params["path"]) == (Level.FAULT, "doctor_folder_odd", str(place))
    assert not elsewhere.exists() or list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "events", "expected"),
    [
        ("auto", True, (Level.OK, "folder_events")),
        ("auto", False, (Level.OK, "folder_scan")),
        ("events", False, (Level.FAULT, "doctor_no_events")),
        ("scan", True, (Level.OK, "folder_scan")),
    ],
)
def test_how_changes_are_noticed_is_told(
    config: Path, monkeypatch: pytest.MonkeyPatch, mode: str, events: bool, expected: tuple[Level, str]
) -> None:
    if not events:  # as on a network share
        monkeypatch.setattr(places, "_has_events", lambda _folder: False)
    replace(config, "mode: auto\n", f"mode: {mode}\n")
    assert codes(check(config, "folders")) == [expected]


def test_a_finished_folder_on_another_file_system_is_a_fault(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = config.parent / "inn" / "ferdig"
    done.mkdir()
    monkeypatch.setattr(places, "_device", lambda path: 2 if path == done else 1)
    (found,) = check(config, "folders")
    assert (found.level, found.code, found.params["path"]) == (Level.FAULT, "doctor_folder_other_device", str(done))


def test_a_folder_that_is_not_the_one_we_know_is_a_fault_with_its_way_out(config: Path) -> None:
    inbox, settings = config.parent / "inn", load_settings(config)
    with closing(open_store(settings.database, environment="demo")) as store, store.begin() as connection:
        put_meta(connection, f"folder:{inbox}", "file " + "0" * 32)
    assert codes(check(config, "folders")) == [(Level.FAULT, "folder_mark_missing")]
    (inbox / ".avtalemottak").write_text("1" * 32 + "\n")
    assert codes(check(config, "folders")) == [(Level.FAULT, "folder_another")]
    (inbox / ".avtalemottak-ny").touch()
    assert codes(check(config, "folders")) == [(Level.OK, "folder_events")]
    assert (inbox / ".avtalemottak-ny").exists()  # the next look of `avtale run` acts on it, not the doctor


def test_how_often_and_on_what_file_system_is_told(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (local,) = check(config, "folders")
    assert (local.params["seconds"], local.params["quiet"]) == ("2", "2")
    monkeypatch.setattr(watching, "mount_of", lambda _folder: Mount(filesystem="nfs4", source="server:/export"))
    (remote,) = check(config, "folders")
    assert (remote.level, remote.code) == (Level.OK, "folder_scan_remote")
    assert remote.params == {
        "path": str(config.parent / "inn"),
        "filesystem": "nfs4",
        "seconds": "5",
        "quiet": "10",
    }
    replace(config, "quiet_seconds: null", "quiet_seconds: 3")
    assert check(config, "folders")[0].params["quiet"] == "3"


def test_what_systems_leave_is_no_warning_and_a_marker_without_its_file_is_one(config: Path) -> None:
    inbox = config.parent / "inn"
    for name in (".DS_Store", "._avtale.pdf", "Thumbs.db", "avtale.pdf", "avtale.pdf.ferdig"):
        (inbox / name).touch()
    (inbox / "@eaDir").mkdir()
    later = datetime.now(UTC) + timedelta(days=2)
    assert codes(check(config, "folders", now=later)) == [(Level.OK, "folder_events")]
    (inbox / "avtale.pdf").unlink()
    (_, found) = check(config, "folders", now=later)
    assert (found.code, found.params["names"]) == ("doctor_overlooked", "avtale.pdf.ferdig")


def test_nothing_is_left_behind(config: Path) -> None:
    before = sorted(path for path in config.parent.rglob("*") if "sqlite" not in path.name)
    for name in QUICK:
        check(config, name)
    assert sorted(path for path in config.parent.rglob("*") if "sqlite" not in path.name) == before


@pytest.mark.parametrize("name", ["qr", "checkpoint.pem"])
def test_a_key_that_is_gone_or_no_key_is_a_fault(config: Path, name: str) -> None:
    key = config.parent / "data" / "keys" / name
    key.write_bytes(b"short")
    assert [each.code for each in check(config, "keys") if not each.ok] == ["doctor_key_bad"]
    key.unlink()
    assert [each.code for each in check(config, "keys") if not each.ok] == ["doctor_key_unreadable"]


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), "doctor_clock_year"),
        (datetime(2150, 1, 1, tzinfo=UTC), "doctor_clock_year"),
        (datetime.now(UTC) - timedelta(hours=1), "doctor_clock_behind"),
    ],
)
def test_a_wrong_clock_is_a_fault(config: Path, now: datetime, code: str) -> None:
    assert codes(check(config, "clock", now=now)) == [(Level.FAULT, code)]


def test_originals_tell_the_time_too(config: Path) -> None:
    originals = config.parent / "data" / "originals" / "ab"
    originals.mkdir(parents=True)
    ahead = (datetime.now(UTC) + timedelta(hours=1)).timestamp()
    os.utime(originals, (ahead, ahead))
    assert codes(check(config, "clock")) == [(Level.FAULT, "doctor_clock_behind")]


def test_a_database_that_is_gone_or_of_another_environment_is_a_fault(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(config, "environment: demo\n", "environment: test\n")
    assert codes(guarded(config, "database", monkeypatch)) == [(Level.FAULT, "environment_mismatch")]
    (config.parent / "data" / "avtale.sqlite").unlink()
    assert codes(guarded(config, "database", monkeypatch)) == [(Level.FAULT, "database_missing")]


def test_without_anchors_demo_warns_and_test_fails(config: Path) -> None:
    assert codes(check(config, "trust")) == [(Level.WARNING, "doctor_no_anchors")]
    replace(config, "environment: demo\n", "environment: test\n")
    assert codes(check(config, "trust")) == [(Level.FAULT, "doctor_no_anchors")]


def test_an_anchor_that_is_no_certificate_is_a_fault(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (config.parent / "trust" / "anchors" / "root.pem").write_text("no certificate")
    assert codes(guarded(config, "trust", monkeypatch)) == [(Level.FAULT, "bad_anchor")]


def test_terms_are_told_with_their_hash_and_missing_ones_or_others_than_pdf_are_a_fault(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(config, "\nterms:\n", "\nterms: [{name: A, date: 2026-01-01, file: terms/a.pdf}]\n")
    assert codes(guarded(config, "terms", monkeypatch)) == [(Level.FAULT, "terms_unreadable")]
    (config.parent / "terms" / "a.pdf").write_bytes(b"abc")
    assert codes(guarded(config, "terms", monkeypatch)) == [(Level.FAULT, "terms_not_pdf")]
    terms = blank_pdf()
    (config.parent / "terms" / "a.pdf").write_bytes(terms)
    (found,) = check(config, "terms")
    assert (found.code, found.params["sha256"]) == ("terms", hashlib.sha256(terms).hexdigest()[:16])


def test_a_power_of_attorney_that_is_gone_or_expired_is_told(config: Path) -> None:
    entry = '{org_number: "310000000", name: Kari, file: ./kari.pdf, expires: 2020-01-01}'
    replace(config, "\nauthorities:\n", f"\nauthorities: [{entry}]\n")
    assert codes(check(config, "terms"))[-1:] == [(Level.FAULT, "doctor_power_missing")]
    (config.parent / "kari.pdf").write_bytes(b"x")
    assert codes(check(config, "terms"))[-1:] == [(Level.WARNING, "doctor_power_expired")]


def test_a_library_that_is_not_there_is_a_fault(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_LIBRARIES", ("renderers.no_such",))
    assert codes(check(config, "libraries")) == [(Level.FAULT, "doctor_library")]


def test_a_sandbox_that_does_not_answer_is_a_fault(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_PROBE", "onboarding.doctor.services:no_such")
    assert codes(guarded(config, "sandbox", monkeypatch)) == [(Level.FAULT, "doctor_sandbox")]


def test_a_check_that_fails_by_itself_is_a_fault_and_the_next_one_runs(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[Check]:
        raise RuntimeError("secret text")

    monkeypatch.setattr(checks, "CHECKS", {"mail": broken, "data": CHECKS["data"]})
    found = list(run_checks(load_settings(config), now=datetime.now(UTC)))
    assert codes(found) == [(Level.FAULT, "doctor_check_failed"), (Level.OK, "data")]
    assert "secret text" not in repr(found)


def test_a_folder_of_anchors_that_is_not_there_is_said_to_be_missing(config: Path) -> None:
    anchors = load_settings(config).trust.anchors
    anchors.rename(anchors.with_name("away"))
    (found,) = [each for each in check(config, "trust") if not each.ok]
    assert (found.code, found.params) == ("doctor_folder_missing", {"path": str(anchors)})


def test_a_mail_servers_reply_is_told_only_where_there_is_one(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        replace(config, "port: 8025", f"port: {server.getsockname()[1]}")

        def turn_away() -> None:
            connection, _ = server.accept()
            connection.sendall(b"554 no service here\r\n")
            connection.close()

        answering = threading.Thread(target=turn_away)
        answering.start()
        (found,) = check(config, "mail")
        answering.join()
    assert found.code == "doctor_mail_replied"
    assert "no service here" in str(found.params["reply"])


def test_a_full_disk_is_no_fault_of_the_program(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Iterator[Check]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere")

    monkeypatch.setattr(checks, "CHECKS", {"sandbox": full})
    (found,) = run_checks(load_settings(config), now=datetime.now(UTC))
    assert (found.code, found.params) == ("disk_full", {"place": "somewhere"})
