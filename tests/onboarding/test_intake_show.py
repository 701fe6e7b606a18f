"""`avtale intake list` and `show`: what lay in a mail or an archive, why it is where it is, and what to answer."""

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from agreements.language import Language
from agreements.texts import text
from intake import ledger
from intake.ledger import count_receipts, count_seen
from intake.receipts import FINAL_STATES
from onboarding import intake_view
from onboarding.answers import Answer
from onboarding.health import read_health
from onboarding.intake_view import receipt_details, receipt_list
from onboarding.sandbox import Sandbox
from onboarding.status import status_answer
from tests.intake.imap_faults import FakeImap
from tests.intake.mails import a_zip, enveloped, locked
from tests.onboarding.installation import Installation, Template
from tests.onboarding.mailed import letter, watching
from tests.onboarding.test_odd_files import blank_pdf
from tests.onboarding.test_run_loop import poll, running

SDO = b'<?xml version="1.0"?><SDOList xmlns="http://www.npt.no/seid/xmlskema/SDO_v1.0"></SDOList>'


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as running:
        yield running


@pytest.fixture
def post(server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with watching(server, template, sandbox, tmp_path) as installation:
        yield installation


def asice() -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("mimetype", "application/vnd.etsi.asic-e+zip")
        archive.writestr("META-INF/signatures.xml", "<XAdES/>")
    return output.getvalue()


def shown(post: Installation, identity: int = 1, language: Language = Language.NB) -> Answer:
    return receipt_details(post.workspace, identity, language)


def data_of(answer: Answer) -> dict[str, Any]:
    assert isinstance(answer.data, dict)
    return answer.data


def arrive(post: Installation, server: FakeImap, mail: bytes) -> dict[str, Any]:
    """One mail comes; its receipt as shown."""
    server.mails[1] = mail
    assert post.run().failed == ()
    return data_of(shown(post))


def test_a_mail_shows_each_of_its_parts_with_its_receipt_state_and_reason(post: Installation, server: FakeImap) -> None:
    inner = blank_pdf(content=b"q Q")
    packed = a_zip(("inni.pdf", inner), ("les.txt", b"hei"))
    signed, strange = ("signert.pdf", post.template.honest), ("annet.pdf", blank_pdf())
    files = (signed, strange, ("pakke.zip", packed), ("bilde.bin", b"\x89PNG...."))
    data = arrive(post, server, letter("Signert", *files))
    parts = {part["name"]: part for part in data["parts"]}
    assert list(parts) == ["signert.pdf", "annet.pdf", "inni.pdf", "les.txt", "bilde.bin"]
    assert parts["signert.pdf"]["state"] == "received"
    assert (parts["annet.pdf"]["state"], parts["annet.pdf"]["reason"]["code"]) == ("quarantined", "INT-008")
    assert (parts["inni.pdf"]["path"], parts["inni.pdf"]["size"]) == (["pakke.zip"], len(inner))
    assert (parts["les.txt"]["kind"], parts["les.txt"]["path"], parts["les.txt"]["receipt"]) == (
        "other",
        ["pakke.zip"],
        None,
    )
    assert parts["bilde.bin"]["size"] == len(b"\x89PNG....")
    assert data["mail"]["from"] == "kari@example.org"
    assert (data["state"], data["reply"]) == ("received", None)
    one = data_of(shown(post, parts["signert.pdf"]["receipt"]))
    assert (one["parent"], one["evidence"][0]) == (
        1,
        {
            "evidence": "issued_bytes",
            "case": str(post.template.by_one.agreement.number.case),
            "agreement": str(post.template.by_one.agreement.number),
        },
    )


@pytest.mark.parametrize("language", Language)
def test_every_part_is_printed_in_every_language(post: Installation, server: FakeImap, language: Language) -> None:
    arrive(post, server, letter("Signert", ("a.pdf", post.template.honest), ("pakke.asice", asice())))
    lines = "\n".join(shown(post, 1, language).lines)
    assert all(told in lines for told in ("a.pdf", "pakke.asice", "ASiC-E", "kari@example.org", "Signert"))
    inner = "\n".join(shown(post, 2, language).lines)
    assert "avtale intake show 1" in inner
    assert str(post.template.by_one.agreement.number) in inner


@pytest.mark.parametrize(
    ("attachment", "code", "says"),
    [
        (("avtale.asice", asice()), "INT-011", "ASiC-E"),
        (("avtale.sdo", SDO), "INT-011", "BankID"),
        (("avtale.rar", b"Rar!\x1a\x07\x00" + b"x" * 50), "INT-011", "Pakk den ut"),
        (("smime.p7m", enveloped(b"hemmelig")), "INT-015", "kryptert"),
        (("avtale.zip", locked(a_zip(("avtale.pdf", b"%PDF-1.7")))), "INT-016", "passord"),
        (("skjermbilde.docx", b"not a document"), "INT-019", "ingen PDF"),
        (("avtale.pdf", blank_pdf()), "INT-008", "ikke avtalen dere fikk fra oss"),
    ],
)
def test_what_can_not_be_read_comes_with_a_ready_reply_to_its_sender(
    post: Installation, server: FakeImap, attachment: tuple[str, bytes], code: str, says: str
) -> None:
    data = arrive(post, server, letter("Vedlagt", attachment))
    assert (data["state"], data["reason"]["code"]) == ("quarantined", code)
    reply = data["reply"]
    assert reply["to"] == "kari@example.org"
    assert says in reply["body"]
    assert post.workspace.vendor("fjord").name in reply["body"]
    lines = list(shown(post).lines)
    assert "Til: kari@example.org" in lines
    assert all(line in lines for line in reply["body"].splitlines())
    assert post.messages() == ()


def test_a_link_in_place_of_the_file_comes_with_a_ready_reply_too(post: Installation, server: FakeImap) -> None:
    mail = letter("Lenke").replace(b"Vedlagt.", b"https://fjord.sharepoint.com/avtale")
    data = arrive(post, server, mail)
    assert data["reason"]["code"] == "INT-014"
    assert "lenke til filen" in data["reply"]["body"]


def test_the_reply_names_the_case_that_the_mail_points_at_and_is_in_its_language(
    post: Installation, server: FakeImap
) -> None:
    number = str(post.template.by_one.agreement.number.case)
    data = arrive(post, server, letter(f"SV: Avtale [{number}]", ("avtale.asice", asice())))
    assert data["reply"]["subject"].endswith(f"[{number}]")
    assert data["evidence"] == [{"evidence": "number_in_name", "case": number, "agreement": None}]
    assert "Hei" in data_of(shown(post, 1, Language.EN))["reply"]["body"]


def test_a_program_that_wrote_the_mail_is_not_given_as_the_one_to_answer(post: Installation, server: FakeImap) -> None:
    data = arrive(post, server, letter("Signert", ("a.sdo", SDO), Auto_Submitted="auto-generated"))
    assert data["mail"]["bar_to_reply"] == "auto_submitted"
    assert data["reply"]["to"] is None
    assert any("skrevet av et program" in line for line in shown(post).lines)


def test_an_archive_in_a_folder_shows_its_parts_and_a_reply_without_an_address(post: Installation) -> None:
    post.drop("pakke.zip", a_zip(("avtale.sdo", SDO), ("les.txt", b"hei")))
    post.run()
    data = data_of(shown(post))
    assert [(part["name"], part["kind"]) for part in data["parts"]] == [("avtale.sdo", "sdo"), ("les.txt", "other")]
    assert (data["mail"], data["reply"]["to"]) == (None, None)


def test_the_same_content_names_its_other_receipts_and_shows_the_same_parts(
    post: Installation, server: FakeImap
) -> None:
    mail = letter("Signert", ("a.pdf", post.template.honest))
    arrive(post, server, mail)
    server.uidvalidity += 1
    server.mails = {1: mail}
    post.run()
    twin = data_of(shown(post, 3))
    assert twin["same_content"] == [1]
    assert [part["receipt"] for part in twin["parts"]] == [2]


def test_the_counters_the_list_and_the_status_agree_on_mails_and_what_lay_in_them(
    post: Installation, server: FakeImap
) -> None:
    server.mails |= {
        1: letter("En", ("a.pdf", post.template.honest), ("b.pdf", blank_pdf())),
        2: letter("To", ("a.pdf", post.template.honest)),
        3: letter("Fravær", Auto_Submitted="auto-replied"),
        4: letter("Pakke", ("a.asice", asice())),
    }
    post.drop("c.zip", a_zip(("x.pdf", post.template.honest)))
    post.run()
    with post.workspace.store.read() as connection:
        counts, seen = count_receipts(connection), count_seen(connection)
    listed = receipt_list(post.workspace, None, Language.NB)
    assert isinstance(listed.data, list)
    assert seen == len(listed.data) == 9 == sum(counts[state] for state in FINAL_STATES)
    assert len(listed.lines) == 9 + 2
    assert sum("1 > " in line for line in listed.lines) == 2
    for state in FINAL_STATES:
        found = receipt_list(post.workspace, state.value, Language.NB).data
        assert isinstance(found, list)
        assert len(found) == counts[state]
    status = data_of(status_answer(post.workspace, Language.NB))
    assert status["seen"] == {"total": 9, "open": 0, **{state.value: counts[state] for state in FINAL_STATES}}


@pytest.mark.parametrize("language", Language)
def test_a_receipt_that_was_replaced_names_the_other_and_asks_nothing_of_the_sender(
    post: Installation, language: Language
) -> None:
    whole = blank_pdf()
    post.drop("avtale.pdf", whole[:-40])
    post.run()
    alone = shown(post, 1, language)
    assert data_of(alone)["reply"] is not None
    action = data_of(alone)["findings"][0]["action"]
    assert any(action in line for line in alone.lines)

    post.drop("avtale.pdf", whole)
    post.run()
    first, second = shown(post, 1, language), shown(post, 2, language)
    assert (data_of(first)["superseded_by"], data_of(second)["supersedes"]) == (2, 1)
    assert (data_of(first)["reply"], data_of(second)["superseded_by"]) == (None, None)
    assert data_of(second)["reply"] is not None
    assert not any(action in line for line in first.lines)
    assert any("avtale intake show 2" in line for line in first.lines)
    assert text("talk.intake.supersedes", language, receipt=1) in second.lines
    assert any(data_of(first)["findings"][0]["message"] in line for line in first.lines)


def test_a_link_in_the_place_of_a_folder_of_ours_is_told_by_the_folders_health(
    post: Installation, tmp_path: Path
) -> None:
    (tmp_path / "annet").mkdir()
    (post.inbox / "ferdig").symlink_to(tmp_path / "annet")
    post.drop("avtale.pdf", post.template.honest)
    with running(post):
        poll(lambda: any(health.ignored.get("blocked") == 1 for health in read_health(post.workspace)))
        poll(post.mails)
    assert list((tmp_path / "annet").iterdir()) == []
    assert (post.inbox / "avtale.pdf").exists()
    said = text("ignored.blocked", Language.NB)
    assert any(said in line for line in status_answer(post.workspace, Language.NB).lines)


@pytest.mark.parametrize(
    ("language", "counted", "left_out"),
    [
        (Language.NB, "mottatt", "er ikke med"),
        (Language.NN, "motteke", "er ikkje med"),
        (Language.EN, "was received", "is not counted"),
    ],
)
def test_status_claims_nothing_of_a_file_that_still_waits_in_a_folder(
    post: Installation, language: Language, counted: str, left_out: str
) -> None:
    post.drop("venter.pdf", post.template.honest)
    assert post.receipts() == ()
    assert any(counted in line and left_out in line for line in status_answer(post.workspace, language).lines)


def test_a_list_longer_than_a_page_is_listed_whole(post: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        post.drop(f"{number}.txt", f"ikke en avtale {number}".encode())
    post.run()
    short = ledger.list_receipts
    monkeypatch.setattr(intake_view, "list_receipts", lambda *args, **options: short(*args, **options, limit=2))
    listed = receipt_list(post.workspace, None, Language.NB).data
    assert isinstance(listed, list)
    assert len(listed) == 5
