"""Whatever lies in a watched folder ends with a reason, and the next file is judged all the same."""

import io
import os
import zlib
from pathlib import Path

import pikepdf
import pytest

from agreements.decision import Verdict
from intake.receipts import Receipt, ReceiptState
from onboarding.inspection import open_sandbox
from onboarding.pipeline import judge_due
from onboarding.settings.model import Limits
from onboarding.sources import watched_folders
from tests.onboarding.installation import Installation, Template, opened_copy, sha256_of

BOMB_BYTES = 500 * 2**20


def blank_pdf(*, encrypted: bool = False, content: bytes = b"") -> bytes:
    """A PDF that is no agreement of ours."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    if content:
        page.obj.Contents = pikepdf.Stream(pdf, content, Filter=pikepdf.Name.FlateDecode)
    output = io.BytesIO()
    encryption = pikepdf.Encryption(owner="eier", user="leser") if encrypted else False
    pdf.save(output, encryption=encryption, compress_streams=False)
    return output.getvalue()


def bomb() -> bytes:
    """A PDF whose page opens to half a gigabyte."""
    squeeze = zlib.compressobj(1)
    piece = b" " * 2**20
    squeezed = b"".join(squeeze.compress(piece) for _ in range(BOMB_BYTES // len(piece))) + squeeze.flush()
    return blank_pdf(content=squeezed)


def quarantined(installation: Installation, data: bytes, code: str) -> Receipt:
    """The receipt of what must lie in quarantine for this reason, with a note beside it."""
    [receipt] = installation.receipts(data)
    assert (receipt.state, receipt.reason and receipt.reason.code) == (ReceiptState.QUARANTINED, code)
    names = {path.name for path in (installation.inbox / "karantene").iterdir()}
    mine = {name for name in names if name.startswith(f"{receipt.id:06d}_")}
    assert len(mine) == 2
    note = next(name for name in mine if name.endswith(".grunn.txt"))
    assert len((installation.inbox / "karantene" / note).read_text(encoding="utf-8").splitlines()) >= 3
    return receipt


def test_files_that_are_no_agreement_are_quarantined_with_their_reason_and_the_agreement_beside_them_is_approved(
    installation: Installation,
) -> None:
    honest = installation.template.honest
    odd = {
        "tom.pdf": (b"", "INT-001"),
        "stor.pdf": (b"%PDF-1.7\n" + b" " * 30 * 2**20, "INT-002"),
        "tilfeldig.pdf": (os.urandom(5000), "INT-003"),
        "avkuttet.pdf": (honest[:20_000], "INT-004"),
        "kryptert.pdf": (blank_pdf(encrypted=True), "INT-005"),
        "uten-felt.pdf": (blank_pdf(), "INT-008"),
        "pakke.zip": (b"PK\x03\x04" + bytes(100), "INT-018"),
    }
    for name, (data, _) in odd.items():
        installation.drop(name, data)
    installation.drop("z-avtale.pdf", honest)
    installation.run()
    for data, code in odd.values():
        quarantined(installation, data, code)
    assert len(installation.mails()) == 1
    assert {path.name for path in installation.inbox.iterdir()} == {".avtalemottak", "ferdig", "karantene"}


def test_a_return_cut_short_after_the_issued_bytes_is_never_approved(installation: Installation) -> None:
    honest = installation.template.honest
    issued = len(installation.template.by_one.pdf)
    for cut in (issued + 10, (issued + len(honest)) // 2, len(honest) - 30):
        installation.drop(f"{cut}.pdf", honest[:cut])
    installation.run()
    assert len(installation.receipts()) == 3
    assert all(receipt.finished_at for receipt in installation.receipts())
    verdicts = {judgement.decision.verdict for judgement in installation.judgements()}
    assert (verdicts <= {Verdict.REJECTED}, installation.messages()) == (True, ())


def test_a_document_that_breaks_the_sandboxs_limits_is_quarantined_and_the_next_one_is_judged(
    template: Template, tmp_path: Path
) -> None:
    with (
        open_sandbox(Limits(validation_bytes=256 * 2**20)) as narrow,
        opened_copy(template, tmp_path / "avtale", sandbox=narrow) as installation,
    ):
        data = bomb()
        installation.drop("a-bombe.pdf", data)
        installation.drop("b-avtale.pdf", template.honest)
        installation.run()
        quarantined(installation, data, "INT-009")
        assert len(installation.mails()) == 1


def test_a_symbolic_link_is_quarantined_and_what_it_points_at_is_left_alone(installation: Installation) -> None:
    target = installation.folder / "utenfor.pdf"
    target.write_bytes(installation.template.honest)
    (installation.inbox / "lenke.pdf").symlink_to(target)
    installation.run()
    [receipt] = installation.receipts()
    assert (receipt.state, receipt.reason and receipt.reason.code) == (ReceiptState.QUARANTINED, "INT-006")
    assert receipt.sha256 is None
    assert target.read_bytes() == installation.template.honest
    assert installation.judgements() == ()


ODD_NAMES = ("to\nlinjer.pdf", "\x1b[31mrød.pdf", "\u202efdp.exe.pdf", "æøå og mellomrom.pdf", "-rf.pdf")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_with_line_breaks_or_worse_is_received_and_shown_on_one_line(
    installation: Installation, name: str
) -> None:
    installation.receive(installation.template.honest, name)
    [receipt] = installation.receipts()
    assert receipt.display_name.isprintable()
    assert len(installation.mails()) == 1
    [mail] = installation.mails()
    assert name not in mail.as_string()


def test_an_original_that_was_damaged_stops_no_other_document_and_is_told(installation: Installation) -> None:
    workspace, honest = installation.workspace, installation.template.honest
    other = honest + b"\n"
    installation.drop("a.pdf", other)
    with watched_folders(workspace) as (folders, _):
        while not installation.receipts():
            folders.look()
    digest = sha256_of(other)
    blob = workspace.settings.data_dir / "originals" / digest[:2] / digest
    blob.chmod(0o600)
    blob.write_bytes(b"noe annet")
    installation.drop("b.pdf", honest)
    done = installation.run()
    assert [error.code for error in done.failed] == ["blob_corrupt"]
    assert len(installation.mails()) == 1
    [damaged] = installation.receipts(other)
    assert damaged.state is ReceiptState.STORED
    blob.write_bytes(other)  # restored from a back-up
    assert judge_due(workspace).done == 1
