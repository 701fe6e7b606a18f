"""`avtale validate`: one line of JSON for each file, in the order given, whatever the files are."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agreements.language import Language
from agreements.texts import text
from tests.contract.command_line import UTC_TIME, CommandLine
from tests.onboarding.installation import KARI, NILS, Template, sign_return, synthetic_org_number

LINE = [
    *("schema", "file", "sha256", "size", "indication", "sub_indication", "signatures", "provenance", "findings"),
    *("signer_check", "verdict", "elapsed_ms"),
]
SIGNATURE = [
    *("field", "kind", "indication", "sub_indication", "intact", "covers_document", "changes_after", "level"),
    *("signer", "trusted", "revocation", "claimed_time", "best_signature_time"),
]
SIGNER = ["name", "org_name", "org_number", "issuer", "qualified"]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Files to judge, and the command to judge them with."""

    folder: Path
    avtale: CommandLine

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)

    def lines(self, *arguments: str, exit_code: int) -> list[dict[str, Any]]:
        """The lines of `validate --json`, each with exactly the keys of the contract."""
        reply = self.avtale("validate", "--json", *arguments)
        assert reply.exit_code == exit_code, reply
        lines = [json.loads(line) for line in reply.out.splitlines()]
        for line in lines:
            assert list(line) == LINE
            assert line["schema"] == "avtale/validation/v1"
            assert line["elapsed_ms"] >= 0
            for signature in line["signatures"]:
                assert list(signature) == SIGNATURE
                assert list(signature["signer"]) == SIGNER
                for name in ("claimed_time", "best_signature_time"):
                    assert signature[name] is None or UTC_TIME.fullmatch(signature[name])
            assert all(list(finding) == ["code", "severity", "message", "action"] for finding in line["findings"])
            if line["provenance"] is not None:
                assert list(line["provenance"]) == ["shape", "issued_is_prefix", "changed_fields"]
        return lines


@pytest.fixture(scope="module")
def folder(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns and what is none."""
    folder = tmp_path_factory.mktemp("filer")
    pki, issued = template.pki, template.by_one.pdf
    number = str(template.by_one.agreement.values["customer.orgnr"])
    (folder / "root.pem").write_bytes(pki.root_pem())
    (folder / "utsendt.pdf").write_bytes(issued)
    (folder / "god.pdf").write_bytes(template.honest)
    (folder / "endret.pdf").write_bytes(template.honest[:12] + b"X" + template.honest[13:])
    (folder / "fremmed.pdf").write_bytes(template.signed("stranger", issued, pki.person(NILS)))
    (folder / "segl.pdf").write_bytes(sign_return(issued, pki.seal("Eksempel 1 AS", number)))
    (folder / "tekst.txt").write_bytes(b"hei")
    (folder / "tom.pdf").write_bytes(b"")
    (folder / "mappe").mkdir()
    return folder


@pytest.fixture
def desk(folder: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(folder=folder, avtale=CommandLine(config=None, capsys=capsys))


def test_every_path_gets_its_line_in_the_order_given_and_the_worst_exit_code_counts(desk: Desk) -> None:
    names = ["tekst.txt", "god.pdf", "borte.pdf", "mappe", "endret.pdf", "tom.pdf", "utsendt.pdf", "god.pdf"]
    files = [desk[name] for name in names]
    judged = ["--issued", desk["utsendt.pdf"], "--trust", desk["root.pem"], "--jobs", "2"]
    lines = desk.lines(*files, *judged, exit_code=4)
    assert [line["file"] for line in lines] == files
    assert [line["verdict"] for line in lines] == [
        *("rejected", "approved", "rejected", "rejected", "rejected", "rejected", "rejected", "approved")
    ]
    assert [line["indication"] for line in lines] == [
        *("NO-SIGNATURE", "TOTAL-PASSED", "NO-SIGNATURE", "NO-SIGNATURE", "TOTAL-FAILED", "NO-SIGNATURE"),
        *("NO-SIGNATURE", "TOTAL-PASSED"),
    ]
    assert [
        {finding["code"] for finding in line["findings"]} & codes for line, codes in zip(lines, CODES, strict=True)
    ] == list(CODES)
    for line in lines:
        path = Path(line["file"])
        assert line["sha256"] == (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None)
    missing = lines[2]
    assert (missing["sha256"], missing["size"], missing["signatures"]) == (None, None, [])
    assert missing["provenance"] == {"shape": "unknown", "issued_is_prefix": False, "changed_fields": []}


CODES: tuple[set[str], ...] = (
    {"INT-003"},
    {"WHO-001"},
    {"INT-013"},
    {"INT-006"},
    {"SIG-002"},
    {"INT-001"},
    {"SIG-001"},
    set(),
)


@pytest.mark.parametrize(
    ("names", "exit_code"),
    [(("god.pdf",), 0), (("god.pdf", "tekst.txt"), 5), (("god.pdf", "mappe"), 5), (("tekst.txt", "mappe"), 5)],
)
def test_the_exit_code_is_that_of_the_worst_file(desk: Desk, names: tuple[str, ...], exit_code: int) -> None:
    judged = ["--issued", desk["utsendt.pdf"], "--trust", desk["root.pem"]]
    desk.lines(*(desk[name] for name in names), *judged, exit_code=exit_code)


def test_what_is_no_ordinary_file_is_told_and_never_waited_for(desk: Desk, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ror")
    for path, kind in ((str(tmp_path / "ror"), "fifo"), ("/dev/zero", "device"), (str(tmp_path), "folder")):
        [line] = desk.lines(path, exit_code=5)
        [finding] = line["findings"]
        assert (finding["code"], line["sha256"], line["provenance"]) == ("INT-006", None, None)
        assert text(f"terms.kind.{kind}", Language.NB) in finding["message"]
    assert desk.avtale("validate", desk["god.pdf"], "--issued", str(tmp_path / "ror")).exit_code == 4
    assert desk.avtale("validate", desk["god.pdf"], "--trust", str(tmp_path / "ror")).exit_code == 3


def test_an_honest_return_is_told_in_full(desk: Desk, template: Template) -> None:
    [line] = desk.lines(desk["god.pdf"], "--issued", desk["utsendt.pdf"], "--trust", str(desk.folder), exit_code=0)
    [signature] = line["signatures"]
    assert (line["indication"], line["sub_indication"], line["signer_check"]) == ("TOTAL-PASSED", None, "not_judged")
    assert [finding["code"] for finding in line["findings"]] == ["WHO-001"]
    assert line["provenance"] == {"shape": "appended", "issued_is_prefix": True, "changed_fields": ["Signatur1"]}
    assert (line["size"], signature["field"], signature["kind"]) == (len(template.honest), "Signatur1", "signature")
    assert (signature["intact"], signature["covers_document"], signature["trusted"]) == (True, True, True)
    assert (signature["level"], signature["revocation"], signature["changes_after"]) == ("B-LT", "good", "lta")
    assert signature["signer"]["name"] == KARI


def test_without_the_issued_agreement_the_best_is_needs_review(desk: Desk) -> None:
    [line] = desk.lines(desk["god.pdf"], "--trust", desk["root.pem"], exit_code=6)
    assert (line["indication"], line["verdict"], line["provenance"]) == ("TOTAL-PASSED", "needs_review", None)
    assert "PRV-001" in [finding["code"] for finding in line["findings"]]


def test_without_trust_nothing_is_trusted_and_nothing_refused_for_it(desk: Desk) -> None:
    [line] = desk.lines(desk["god.pdf"], "--issued", desk["utsendt.pdf"], exit_code=6)
    assert [signature["trusted"] for signature in line["signatures"]] == [False]
    assert {finding["severity"] for finding in line["findings"]} == {"review", "info"}
    assert "SIG-012" in [finding["code"] for finding in line["findings"]]


@pytest.mark.parametrize(
    ("name", "wishes", "check", "verdict"),
    [
        ("god.pdf", ["--signer", "Nordmann, Kari"], "expected", "approved"),
        ("god.pdf", ["--signer", KARI, "--org-number", synthetic_org_number(1)], "expected", "approved"),
        ("god.pdf", ["--signer", KARI, "--signer", NILS], "unexpected", "needs_review"),
        ("fremmed.pdf", ["--signer", KARI], "unexpected", "needs_review"),
        ("segl.pdf", ["--org-number", synthetic_org_number(1)], "expected", "approved"),
        ("segl.pdf", ["--org-number", synthetic_org_number(2)], "unexpected", "needs_review"),
        ("god.pdf", ["--org-number", synthetic_org_number(1)], "unexpected", "needs_review"),
        ("god.pdf", [], "not_judged", "approved"),
    ],
)
def test_who_signed_is_judged_when_somebody_says_who_should(
    desk: Desk, name: str, wishes: list[str], check: str, verdict: str
) -> None:
    judged = ["--issued", desk["utsendt.pdf"], "--trust", desk["root.pem"], *wishes]
    [line] = desk.lines(desk[name], *judged, exit_code=0 if verdict == "approved" else 6)
    assert (line["signer_check"], line["verdict"]) == (check, verdict)


def test_people_get_the_verdict_every_finding_and_with_explain_every_check(desk: Desk) -> None:
    judged = ["validate", desk["fremmed.pdf"], "--issued", desk["utsendt.pdf"], "--signer", KARI]
    said = {language: desk.avtale("--lang", language, *judged).out for language in ("nb", "nn", "en")}
    assert len(set(said.values())) == 3
    assert all("SIG-012" in text and "WHO-003" in text for text in said.values())
    explained = desk.avtale("--lang", "en", *judged, "--explain").out
    assert NILS in explained
    assert len(explained.splitlines()) > len(said["en"].splitlines()) + 5


def test_a_time_of_day_long_ago_finds_certificates_that_were_not_valid_yet(desk: Desk) -> None:
    judged = ["--issued", desk["utsendt.pdf"], "--trust", desk["root.pem"], "--at", "2020-01-01T12:00:00"]
    [line] = desk.lines(desk["god.pdf"], *judged, exit_code=6)
    assert line["indication"] == "INDETERMINATE"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (["--at", "i går"], 2, "time_form"),
        (["--org-number", "123456789"], 2, "orgnr_check_digit"),
        (["--trust", "borte.pem"], 3, "anchor_unreadable"),
        (["--issued", "borte.pdf"], 4, "file_not_found"),
        (["--revocation", "kanskje"], 2, "usage"),
        (["--jobs", "0"], 2, "usage"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_before_any_file_is_opened(
    desk: Desk, arguments: list[str], exit_code: int, code: str
) -> None:
    reply = desk.avtale.json("validate", desk["god.pdf"], *arguments, exit_code=exit_code)
    assert reply.codes == [code]
