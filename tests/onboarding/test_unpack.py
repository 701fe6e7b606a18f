"""Deliveries are taken apart in the sandbox, and their documents are among the originals before anything is said."""

import os
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from agreements.canonical import JsonValue
from agreements.errors import TemporaryError
from agreements.findings import INT_ENGINE_ERROR, INT_RESOURCE_LIMIT, INT_UNPACK_LIMIT
from intake.unpacking import MailKind, Unpacking, unpack
from onboarding import unpack as unpack_module
from onboarding.blobs import FileBlobs
from onboarding.sandbox import Limits, Sandbox
from onboarding.unpack import unpack_delivery
from tests.intake.mails import OTHER_PDF, PDF, a_zip, letter, multipart, part


@pytest.fixture
def blobs(tmp_path: Path) -> FileBlobs:
    return FileBlobs(tmp_path / "originals")


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def unpacked(sandbox: Sandbox, blobs: FileBlobs, work_dir: Path, data: bytes, *, mail: bool = True) -> Unpacking:
    descriptor = blobs.open(blobs.put(data))
    try:
        return unpack_delivery(sandbox, blobs, descriptor, name=None if mail else "", work_dir=work_dir)
    finally:
        os.close(descriptor)
        assert list(work_dir.iterdir()) == []


def test_a_mails_documents_are_among_the_originals(sandbox: Sandbox, blobs: FileBlobs, work_dir: Path) -> None:
    data = multipart(
        part(letter(pdf=PDF), "Content-Type: message/rfc822"),
        part(a_zip(("b.pdf", OTHER_PDF)), "Content-Type: application/zip; name=alt.zip"),
    )
    found = unpacked(sandbox, blobs, work_dir, data)
    assert found == unpack(data, mail=True).unpacking
    assert [(one.name, blobs.read(one.sha256)) for one in found.candidates] == [
        ("avtale.pdf", PDF),
        ("b.pdf", OTHER_PDF),
    ]
    assert found.mail is not None
    assert found.mail.kind is MailKind.RETURN


def test_a_zip_from_a_folder_is_opened_and_is_no_mail(sandbox: Sandbox, blobs: FileBlobs, work_dir: Path) -> None:
    found = unpacked(sandbox, blobs, work_dir, a_zip(("a.pdf", PDF)), mail=False)
    assert (found.mail, [one.path for one in found.candidates]) == (None, [("zip",)])


def test_a_file_of_35_mb_comes_through(sandbox: Sandbox, blobs: FileBlobs, work_dir: Path) -> None:
    pdf = b"%PDF-1.7\n" + bytes(range(256)) * 100_000
    [candidate] = unpacked(sandbox, blobs, work_dir, letter(pdf=pdf)).candidates
    assert blobs.read(candidate.sha256) == pdf


def test_forty_megabytes_on_every_level_fit_in_the_child(sandbox: Sandbox, blobs: FileBlobs, work_dir: Path) -> None:
    data = part(b"%PDF-1.7\n" + bytes(29_000_000), "Content-Type: application/pdf")
    for level in range(8):
        data = multipart(data, boundary=f"level-{level}")
    found = unpacked(sandbox, blobs, work_dir, data)
    assert (len(found.candidates), found.findings) == (1, ())


def test_a_mail_beyond_a_limit_is_told_as_such(sandbox: Sandbox, blobs: FileBlobs, work_dir: Path) -> None:
    data = multipart(*[b"x"] * 300)
    assert unpacked(sandbox, blobs, work_dir, data).findings == (INT_UNPACK_LIMIT(limit="parts", allowed=200),)


def test_a_child_that_breaks_its_limits_is_a_finding(
    sandbox: Sandbox, blobs: FileBlobs, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = letter(pdf=PDF * 100)
    monkeypatch.setattr(unpack_module, "UNPACK_LIMITS", Limits(file_bytes=1000))
    assert unpacked(sandbox, blobs, work_dir, data).findings == (INT_RESOURCE_LIMIT(limit="output"),)
    monkeypatch.setattr(unpack_module, "UNPACK_LIMITS", Limits(memory_bytes=2**20, file_bytes=2**30))
    [finding] = unpacked(sandbox, blobs, work_dir, data).findings
    assert finding.code in {INT_RESOURCE_LIMIT.code, INT_ENGINE_ERROR.code}


# --- children that were taken over ------------------------------------------------------------------------------------

_HONEST = unpack(letter(pdf=PDF)).unpacking.model_dump(mode="json")


def lie(files: Mapping[str, bytes], arguments: JsonValue, write: Callable[[bytes], None]) -> JsonValue:
    """Runs in the child in place of the honest function: writes one thing and says another, as the delivery tells."""
    write(PDF if files["delivery"] != b"another document" else PDF[:-1] + b"x")
    match files["delivery"]:
        case b"another size":
            return {**_HONEST, "candidates": [{**_HONEST["candidates"][0], "size": 10**15}]}
        case b"less than nothing":
            return {**_HONEST, "candidates": [{**_HONEST["candidates"][0], "size": -1}]}
        case b"no values":
            return ["?"]
        case b"no disk":
            raise OSError(28, "No space left on device")
        case _:
            return dict(_HONEST)


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Sandbox.run

    def run(self: Sandbox, function: str, **arguments: object) -> object:
        return honest(self, "tests.onboarding.test_unpack:lie", **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Sandbox, "run", run)


@pytest.mark.usefixtures("lying")
@pytest.mark.parametrize(
    ("told", "error"),
    [
        (b"another document", "IntegrityError"),
        (b"another size", "IntegrityError"),
        (b"less than nothing", "ValidationError"),
        (b"no values", "ValidationError"),
    ],
)
def test_an_answer_that_can_not_be_right_is_a_finding_and_gives_no_documents(
    sandbox: Sandbox, blobs: FileBlobs, work_dir: Path, told: bytes, error: str
) -> None:
    found = unpacked(sandbox, blobs, work_dir, told)
    assert found == Unpacking(findings=(INT_ENGINE_ERROR(error=error),))


@pytest.mark.usefixtures("lying")
def test_the_same_child_that_tells_the_truth_is_believed(sandbox: Sandbox, blobs: FileBlobs, work_dir: Path) -> None:
    assert len(unpacked(sandbox, blobs, work_dir, b"the truth").candidates) == 1


@pytest.mark.usefixtures("lying")
def test_a_full_disk_is_told_as_one_and_decides_nothing(sandbox: Sandbox, blobs: FileBlobs, work_dir: Path) -> None:
    with pytest.raises(TemporaryError) as refused:
        unpacked(sandbox, blobs, work_dir, b"no disk")
    assert refused.value.code == "disk_full"


class _FullBlobs:
    def put(self, data: bytes) -> str:
        raise TemporaryError("disk_full", place="originals")

    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        raise TemporaryError("disk_full", place="originals")

    def read(self, sha256: str) -> bytes:
        return BytesIO().read()


def test_nothing_is_said_of_a_delivery_whose_documents_could_not_be_stored(
    sandbox: Sandbox, blobs: FileBlobs, work_dir: Path
) -> None:
    descriptor = blobs.open(blobs.put(letter(pdf=PDF)))
    try:
        with pytest.raises(TemporaryError):
            unpack_delivery(sandbox, _FullBlobs(), descriptor, name=None, work_dir=work_dir)
    finally:
        os.close(descriptor)
