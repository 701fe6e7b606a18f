"""A share without events: bindfs stands for a network drive. What others write behind it is found all the same."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.receipts import SourceOutcome
from intake.sources.folder import Doorbell, FolderSource, FolderState, Stranger, mount_of
from onboarding.doctor.checks import CHECKS
from onboarding.health import read_health
from onboarding.settings import load_settings
from onboarding.watching import watch_plan
from tests.intake.deliveries import PDF, drop
from tests.onboarding.installation import Installation, change_config
from tests.onboarding.test_run_loop import poll, running

pytestmark = pytest.mark.contract


class Share:
    """`far` is what the file server has, `near` is where we see it."""

    def __init__(self, far: Path, near: Path) -> None:
        self.far, self.near = far, near

    def mount(self, *options: str) -> None:
        subprocess.run(["bindfs", *options, str(self.far), str(self.near)], check=True, timeout=30)

    def unmount(self) -> None:
        subprocess.run(["fusermount", "-u", str(self.near)], check=True, timeout=30)


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    made = Share(tmp_path / "far", tmp_path / "near")
    made.far.mkdir()
    made.near.mkdir()
    made.mount()
    yield made
    if made.near.is_mount():
        made.unmount()


def test_a_share_does_not_ring_and_a_local_folder_does(share: Share, tmp_path: Path) -> None:
    with Doorbell() as bell:
        assert bell.hang(share.near) is not None
        drop(share.far)
        assert (share.near / "avtale.pdf").read_bytes() == PDF
        assert not bell.rung.wait(1.0)
        (tmp_path / "lokal").mkdir()
        bell.hang(tmp_path / "lokal")
        drop(tmp_path / "lokal")
        assert bell.rung.wait(10)


def test_what_comes_between_the_observers_start_and_the_first_scan_is_found_without_an_event(share: Share) -> None:
    with Doorbell() as bell:
        source = FolderSource(source_id="s", path=share.near, vendor_id=None, quiet=2, doorbell=bell)
        assert source.scan(0.0).bell
        drop(share.far)
        assert [waiting.entry.name for waiting in source.scan(1.0).waiting] == [b"avtale.pdf"]
        assert [entry.name for entry in source.scan(3.0).ready] == [b"avtale.pdf"]


def test_a_share_that_was_unmounted_is_missed_and_taken_up_again(share: Share) -> None:
    source = FolderSource(source_id="s", path=share.near, vendor_id=None, quiet=0)
    mark = source.scan(0.0).mark
    share.unmount()
    for each in (source, FolderSource(source_id="s", path=share.near, vendor_id=None, mark=mark)):
        assert each.scan(1.0).problem is Stranger.MISSING
    assert list(share.near.iterdir()) == []  # nothing was written to the disk below
    share.mount()
    assert source.scan(2.0).state is FolderState.AVAILABLE


@pytest.fixture
def drive(installation: Installation, share: Share) -> Share:
    """The installation's first folder lies on the share, with everything as it is by default."""

    def change(document: dict[str, object]) -> None:
        vendors = document["vendors"]
        assert isinstance(vendors, list)
        vendors[0]["folders"] = [{"path": str(share.near)}]

    change_config(installation.config, change)
    return share


def test_auto_looks_through_a_share_and_doctor_says_why(installation: Installation, drive: Share) -> None:
    settings = load_settings(installation.config)
    plan = watch_plan(settings.vendors[0].folders[0])
    assert (plan.events, plan.scan_seconds, plan.quiet_seconds) == (False, 5.0, 10.0)
    mount = mount_of(drive.near)
    assert mount is not None
    assert mount.filesystem.startswith("fuse")
    remote, local = CHECKS["folders"](settings, installation.clock())
    assert (remote.code, remote.params["filesystem"]) == ("folder_scan_remote", mount.filesystem)
    assert local.code == "folder_events"


def test_run_receives_by_the_share_and_tells_when_it_is_gone(installation: Installation, drive: Share) -> None:
    part = f"folder {drive.near}"

    def problem() -> object:
        return {health.part: health.problem for health in read_health(installation.workspace)}.get(part, "not yet")

    with running(installation):
        poll(lambda: problem() is None)
        drop(drive.far, "avtale.pdf", installation.template.honest)
        poll(installation.mails)
        poll((drive.far / "ferdig").exists)
        drive.unmount()
        poll(lambda: problem() == "folder_mark_missing")
        drive.mount()
        poll(lambda: problem() is None)


def test_a_read_only_share_is_received_from_and_remembered_and_doctor_finds_no_fault(
    installation: Installation, drive: Share
) -> None:
    drop(drive.far, "avtale.pdf", installation.template.honest)
    drive.unmount()
    drive.mount("-o", "ro")
    for _ in range(2):
        with running(installation):
            poll(installation.mails)
            poll(lambda: all(receipt.finished_at for receipt in installation.receipts()))
    assert [receipt.source_outcome for receipt in installation.receipts()] == [SourceOutcome.LEFT]
    assert len(installation.mails()) == 1
    assert {path.name for path in drive.far.iterdir()} == {"avtale.pdf"}
    told = list(CHECKS["folders"](load_settings(installation.config), installation.clock()))
    assert [each.code for each in told[:2]] == ["doctor_folder_read_only", "folder_scan_remote"]
    assert all(each.ok for each in told)
