"""The operator's folder of template files: what is read, what is refused, and that issue and lint hold to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agreements.errors import ConfigurationError, NotFoundError
from onboarding.overrides import SHARED_NAME, read_overrides
from onboarding.sandbox import Sandbox
from onboarding.settings import Settings, load_settings
from onboarding.steps.agreement import issue_agreement
from onboarding.template_lint import find_templates, list_templates
from renderers.overrides import MAX_FILE_BYTES, STANDARD
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import KARI, Installation, Template, codes, opened_copy, sign_return
from tests.settings.conftest import PLAIN

GREEN = "h1 { color: #10503d }"
HIDING = ".power p { color: #eef4f3 }"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = tmp_path / "config.yaml"
    (tmp_path / "maler").mkdir()
    second = (
        "  - {id: other_one, name: Annet AS, org_number: '310000000', system_name: Annet, broker_id: 7, "
        "contact: {name: N N, email: n@example.org}}\n"
    )
    config.write_text(PLAIN.replace("smtp:\n", f"{second}smtp:\n", 1) + "templates: {folder: ./maler}\n")
    return load_settings(config)


@pytest.fixture
def folder(settings: Settings) -> Path:
    assert settings.templates.folder is not None
    return settings.templates.folder


def put(path: Path, content: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    path.chmod(0o644)
    return path


def faults(settings: Settings, vendor: str = "fjord") -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        read_overrides(settings, vendor)
    assert refused.value.code == "template_faults"
    found = refused.value.params["faults"]
    assert isinstance(found, tuple)
    return [fault.code for fault in found]


def test_without_a_folder_or_with_an_empty_one_the_standard_template_is_used(settings: Settings) -> None:
    assert read_overrides(settings, "fjord") == STANDARD
    (listed,) = list_templates(settings)
    assert (listed.name, listed.vendors) == ("standard", ("fjord", "other_one"))


def test_a_vendors_own_file_wins_over_the_one_for_all(settings: Settings, folder: Path) -> None:
    put(folder / "agreement.css", GREEN)
    put(folder / "words.nb.yaml", "own: {x: Hei}")
    put(folder / "other_one" / "agreement.css", "h1 { color: #000 }")
    put(folder / ".DS_Store", "x")
    shared, own = read_overrides(settings, "fjord"), read_overrides(settings, "other_one")
    assert (shared.name, own.name) == (SHARED_NAME, "other-one")
    assert shared.content["agreement.css"] == GREEN.encode()
    assert own.content.keys() == {"agreement.css", "words.nb.yaml"}
    assert own.content["agreement.css"] == b"h1 { color: #000 }"
    assert [(t.name, t.vendors) for t in list_templates(settings)] == [
        ("standard", ()),
        ("shared", ("fjord",)),
        ("other-one", ("other_one",)),
    ]
    assert len({template.version for template in list_templates(settings)}) == 3


def test_templates_are_found_by_their_name_or_their_vendor(settings: Settings, folder: Path) -> None:
    put(folder / "agreement.css", GREEN)
    assert [template.name for template in find_templates(settings, "other_one")] == ["shared"]
    assert [template.name for template in find_templates(settings, "standard")] == ["standard"]
    with pytest.raises(NotFoundError):
        find_templates(settings, "nothing")


def test_a_misspelt_file_and_a_folder_of_no_vendor_are_refused_at_once(settings: Settings, folder: Path) -> None:
    put(folder / "agreement-privcay.html", "<p>x</p>")
    put(folder / "fjrod" / "agreement.css", GREEN)
    put(folder / "fjord" / "words.nb.yml", "own: {}")
    assert sorted(faults(settings)) == ["template_file_unknown", "template_file_unknown", "template_vendor_unknown"]


def test_a_fault_is_headed_with_the_template_it_is_a_fault_of(settings: Settings, folder: Path) -> None:
    def headed(vendor: str) -> object:
        with pytest.raises(ConfigurationError) as refused:
            read_overrides(settings, vendor)
        return refused.value.params["template"]

    put(folder / "other_one" / "words.nb.yml", "own: {}")
    assert (headed("other_one"), read_overrides(settings, "fjord")) == ("other-one", STANDARD)
    put(folder / "fjord" / "agreement.css", GREEN)
    put(folder / "agreement.txt", "x")
    assert headed("fjord") == "fjord"
    (folder / "fjord" / "agreement.css").unlink()
    assert headed("fjord") == "shared"


def test_a_link_a_folder_and_a_file_anybody_may_change_are_refused(settings: Settings, folder: Path) -> None:
    outside = put(folder.parent / "outside.css", GREEN)
    (folder / "fjord").mkdir()
    (folder / "fjord" / "agreement.css").symlink_to(outside)
    (folder / "fjord" / "logo.svg").mkdir()
    put(folder / "words.nb.yaml", "own: {x: Hei}").chmod(0o666)
    assert faults(settings) == ["template_file_unsafe"] * 3


def test_a_linked_folder_is_not_followed(settings: Settings, folder: Path) -> None:
    put(folder.parent / "elsewhere" / "agreement.css", GREEN)
    (folder / "fjord").symlink_to(folder.parent / "elsewhere")
    assert "template_file_unknown" in faults(settings)


def test_a_large_file_is_refused_without_being_read_whole(settings: Settings, folder: Path) -> None:
    put(folder / "agreement.css", " " * (MAX_FILE_BYTES * 3))
    assert faults(settings) == ["template_file_too_large"]


def test_a_missing_folder_is_refused(settings: Settings, folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(ConfigurationError) as refused:
        read_overrides(settings, "fjord")
    assert refused.value.code == "template_folder_unreadable"


def with_folder(document: dict[str, Any]) -> None:
    document["templates"] = {"folder": "./maler"}


@pytest.fixture
def office(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """An installation with a folder for templates."""
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=with_folder) as opened:
        (opened.folder / "maler").mkdir()
        yield opened


def test_an_agreement_in_a_vendors_own_look_is_issued_signed_and_approved(office: Installation) -> None:
    put(office.folder / "maler" / "fjord" / "agreement.css", GREEN)
    issue = office.issue(KARI)
    assert issue.agreement.template_version.startswith("fjord ")
    judged = office.receive(sign_return(issue.pdf, office.pki.person(KARI)))
    assert judged.decision.verdict.value == "approved", codes(judged)


def test_an_agreement_that_hides_something_is_not_issued(office: Installation) -> None:
    case = office.enquire(KARI)
    put(office.folder / "maler" / "fjord" / "agreement.css", HIDING)
    with pytest.raises(ConfigurationError) as refused:
        issue_agreement(office.workspace, str(case.number), office.actor)
    assert refused.value.code == "template_hides"
    (office.folder / "maler" / "fjord" / "agreement.css").write_text(GREEN)
    issue = issue_agreement(office.workspace, str(case.number), office.actor)
    assert issue.agreement.number.version == 1


def test_lint_answers_with_what_is_wrong_and_exit_code_3(
    office: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    avtale = CommandLine(config=office.config, capsys=capsys)
    put(office.folder / "maler" / "fjord" / "agreement.css", HIDING)
    reply = avtale.json("template", "lint", "fjord", exit_code=3)
    assert reply.codes == ["template_too_faint"]
    assert "fullmakten" in reply.json["errors"][0]["message"]
    assert [(entry["name"], entry["ok"]) for entry in reply.data] == [("fjord", False)]
    put(office.folder / "maler" / "fjord" / "agreement.css", GREEN + " h1 {")
    assert avtale.json("template", "lint", "nothing", exit_code=4).codes == ["template_not_found"]


def test_list_tells_name_version_languages_files_and_vendors(
    office: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    avtale = CommandLine(config=office.config, capsys=capsys)
    put(office.folder / "maler" / "fjord" / "agreement.css", GREEN)
    standard, own = avtale.json("template", "list").data
    assert (standard["name"], standard["files"], standard["vendors"]) == ("standard", [], ["vidda"])
    assert (own["name"], own["languages"]) == ("fjord", ["nb", "nn", "en"])
    assert (own["files"], own["vendors"]) == (["agreement.css"], ["fjord"])
