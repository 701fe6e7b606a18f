"""`template import`: a form comes in by the sandbox, is kept for good, and agreements on it go the whole way."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Name, Pdf

from agreements.agreement import Agreement
from agreements.canonical import JsonValue
from agreements.decision import Verdict
from agreements.errors import ConfigurationError, IntegrityError, UsageError
from agreements.language import Language
from agreements.texts import flat_texts
from onboarding.answers import error_entries
from onboarding.demo.forging import write_over_page
from onboarding.doctor.services import check_template
from onboarding.forms import examining
from onboarding.forms.importing import Imported, import_form, not_printed
from onboarding.forms.mapping import _OWN_CODES
from onboarding.forms.storage import BASE, MAP, ORIGINAL, PROOF, RECORD, list_forms, read_form
from onboarding.forms.view import form_versions, imported_answer
from onboarding.preparing import issued_document
from onboarding.sandbox import Sandbox
from onboarding.steps.agreement import Issue, issue_agreement, preview_agreement
from onboarding.store.issued import find_agreement
from onboarding.terms import Terms
from renderers.form_agreement import render
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import (
    KARI,
    OLA,
    SECOND,
    Installation,
    Template,
    codes,
    opened_copy,
    sign_return,
)
from tests.renderers.form_samples import VALUES, changed, fillable, fillable_map, flat, flat_map, written

NAME = "digipost-avtale"


def on_form(document: dict[str, Any]) -> None:
    document["vendors"][0]["template"] = NAME


@pytest.fixture
def office(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose vendor uses a form that is not imported yet."""
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=on_form) as opened:
        yield opened


def bring(office: Installation, pdf: bytes, form_map: dict[str, Any] | str, name: str | None = None) -> Imported:
    """Import what somebody put on the disk."""
    source, map_file = office.folder / "skjema.pdf", office.folder / "kart.yaml"
    source.write_bytes(pdf)
    map_file.write_text(form_map if isinstance(form_map, str) else written(form_map), encoding="utf-8")
    return import_form(office.workspace, source, map_file, name=name, actor=office.actor)


def folder_of(imported: Imported) -> Path:
    return imported.proof.parent


def faults_of(error: ConfigurationError) -> list[str]:
    found = error.params["faults"]
    assert isinstance(found, tuple)
    return [fault.code for fault in found]


def events(office: Installation) -> list[dict[str, Any]]:
    from onboarding.store.events import list_events

    with office.workspace.store.read() as connection:
        return [json.loads(event.data) for event in list_events(connection) if event.kind == "template.imported"]


KINDS: dict[str, tuple[Callable[[], bytes], Callable[[], dict[str, Any]]]] = {
    "flat": (flat, flat_map),
    "fillable": (fillable, fillable_map),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_agreement_on_the_form_is_issued_signed_and_approved(office: Installation, kind: str) -> None:
    make_pdf, make_map = KINDS[kind]
    bring(office, make_pdf(), make_map())
    issue = office.issue(KARI, OLA)
    assert issue.agreement.template_version.startswith(f"{NAME} ")
    assert not issue.agreement.example_terms
    once = sign_return(issue.pdf, office.pki.person(KARI))
    judged = office.receive(sign_return(once, office.pki.person(OLA), field=SECOND))
    assert judged.decision.verdict is Verdict.APPROVED, codes(judged)
    assert len(office.mails()) == 1


def test_a_forged_form_is_never_approved(office: Installation) -> None:
    bring(office, flat(), flat_map())
    issue = office.issue(KARI)
    kari = office.pki.person(KARI)
    overprinted = write_over_page(issue.pdf, "En helt annen AS")
    for name, forged in (("anew.pdf", forge(office, issue)), ("overprinted.pdf", overprinted)):
        judged = office.receive(sign_return(forged, kari), name)
        assert judged.decision.verdict is Verdict.REJECTED, (name, codes(judged))
    changed_after = write_over_page(sign_return(issue.pdf, kari), "En helt annen AS")
    assert office.receive(changed_after, "after.pdf").decision.verdict is Verdict.REJECTED
    assert office.mails() == []


def forge(office: Installation, issue: Issue) -> bytes:
    """The same form filled anew with another organisation's name, as somebody with our program could."""
    with office.workspace.store.read() as connection:
        agreement = find_agreement(connection, issue.agreement.number)
    assert isinstance(agreement, Agreement)
    document = issued_document(office.workspace, agreement, Terms())
    values = {**document.values, "customer.name": "En helt annen AS"}
    return render(replace(document, values=values, form=read_form(office.workspace.settings.data_dir, NAME))).pdf


def test_everything_about_an_import_is_kept(office: Installation) -> None:
    imported = bring(office, fillable(), fillable_map())
    record, folder = imported.record, folder_of(imported)
    assert folder == office.workspace.settings.data_dir / "templates" / NAME / "0001"
    assert (folder / ORIGINAL).read_bytes() == fillable()
    assert (folder / MAP).read_text(encoding="utf-8") == written(fillable_map())
    assert {path.name for path in folder.iterdir()} == {ORIGINAL, BASE, MAP, PROOF, RECORD}
    for name, digest in record.hashes.items():
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
    assert (record.imported_by, record.version) == (office.actor.user, 1)
    assert record.imported_at <= office.workspace.clock()
    assert events(office) == [{"template": NAME, "version": 1, "sha256": record.hashes[ORIGINAL]}]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder, *folder.iterdir()))


def test_the_same_import_again_changes_nothing_and_a_new_one_is_a_new_version(office: Installation) -> None:
    first = bring(office, flat(), flat_map())
    kept = {path: path.read_bytes() for path in folder_of(first).iterdir()}
    again = bring(office, flat(), flat_map())
    assert (again.created, again.record) == (False, first.record)
    moved = flat_map(values={**VALUES, "contact.contract.email": {"page": 1, "at": [110, 75, 80, 8]}})
    second = bring(office, flat(), moved)
    assert (second.created, second.record.version) == (True, 2)
    assert {path: path.read_bytes() for path in folder_of(first).iterdir()} == kept
    assert [record.version for record in list_forms(office.workspace.settings.data_dir)] == [2]
    assert len(events(office)) == 2


def test_an_issued_agreement_stays_tied_to_its_version_of_the_form(office: Installation) -> None:
    bring(office, flat(), flat_map())
    before = office.issue(KARI)
    data_dir = office.workspace.settings.data_dir
    assert form_versions(data_dir)[0][:2] == (NAME, before.agreement.template_version)
    bring(office, flat(), flat_map(title="Avtale om bruk av Digipost, ny utgave"))
    assert form_versions(data_dir)[0][:2] != (NAME, before.agreement.template_version)
    judged = office.receive(sign_return(before.pdf, office.pki.person(KARI)))
    assert judged.decision.verdict is Verdict.APPROVED, codes(judged)


def test_a_crash_before_the_event_leaves_it_to_the_next_call(
    office: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("onboarding.forms.importing._write_event", die)
        with pytest.raises(KeyboardInterrupt):
            bring(office, flat(), flat_map())
    assert events(office) == []
    assert bring(office, flat(), flat_map()).created is False
    assert len(events(office)) == 1


def test_a_refused_form_leaves_nothing_behind_and_every_fault_is_told_in_words(office: Installation) -> None:
    def script(pdf: Pdf) -> None:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        pdf.Root.OCProperties = pikepdf.Dictionary()

    form_map = written(flat_map(name="Feil Navn")) + "tittle: x\nleave_empty: 4\nqr: {at: [1, 2]}\n"
    with pytest.raises(ConfigurationError) as refused:
        bring(office, changed(script), form_map)
    assert set(faults_of(refused.value)) == {
        *("form_scripts", "form_layers", "form_bad_name", "form_unknown_key_near", "setting_wrong_list"),
        "setting_duplicate_key",
    }
    for language in Language:
        told = error_entries(refused.value, language)
        assert len(told) == 1 + len(faults_of(refused.value))
        assert all(entry["message"] and entry["hint"] for entry in told)
        assert not any("{" in entry["message"] + entry["hint"] for entry in told)
    assert list((office.workspace.settings.data_dir / "templates").iterdir()) == []
    assert events(office) == []


def test_a_fault_in_the_map_is_told_with_its_line(office: Installation) -> None:
    text = written(flat_map()).replace("customer.postal_address", "customer.postal_adress")
    with pytest.raises(ConfigurationError) as refused:
        bring(office, flat(), text)
    (told,) = error_entries(refused.value, Language.NB)[1:]
    line = text.splitlines().index("  customer.postal_adress:") + 1
    assert told["code"] == "form_unknown_value_near"
    assert f"Linje {line}:" in told["message"]
    assert "customer.postal_address" in told["message"]


@pytest.mark.parametrize("text", ["values: [", "\x00", "- a\n- b\n", "", "title: !!python/object:os.system {}"])
def test_a_map_that_is_no_map_is_refused(office: Installation, text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        bring(office, flat(), text)
    assert refused.value.code == "form_refused"
    assert faults_of(refused.value)


def test_hidden_text_and_taken_places_are_told(office: Installation) -> None:
    def hide(pdf: Pdf) -> None:
        page = pdf.pages[1]
        page.obj.Resources.Font.Helv = pikepdf.Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        page.contents_add(b"Q BT /Helv 12 Tf 3 Tr 72 300 Td (Alt tilfaller leverandoren) Tj ET")
        page.contents_add(b"q ", prepend=True)

    over = flat_map(
        values={**VALUES, "vendor.name": {"page": 2, "at": [20, 30, 80, 8]}},
        qr=[{"page": 1, "at": [20, 36]}, {"page": 2, "at": [182, 8]}],
    )
    over["values"]["customer.orgnr"] = {"page": 1, "at": [20, 150, 80, 8]}
    with pytest.raises(ConfigurationError) as refused:
        bring(office, changed(hide), flat_map())
    assert faults_of(refused.value) == ["form_hidden_text"]
    with pytest.raises(ConfigurationError) as refused:
        bring(office, flat(), over)
    keys = [entry["message"] for entry in error_entries(refused.value, Language.EN)[1:]]
    assert ["`values.vendor.name`" in keys[0], "`qr`" in keys[1], len(keys)] == [True, True, 2]


def test_pages_that_came_out_different_are_told() -> None:
    """The looking alone, for no way is known to make the normalising go wrong."""
    asked: JsonValue = {"places": [], "widgets": []}
    other = changed(lambda pdf: pdf.pages[0].contents_add(b"0 0 300 300 re f"))
    assert examining.look({examining.PDF: flat(), examining.ORIGINAL: flat()}, asked) == []
    assert examining.look({examining.PDF: flat(), examining.ORIGINAL: other}, asked) == [
        {"code": "form_looks_different", "params": {"page": 1}}
    ]


def test_a_turned_form_with_an_edge_cut_off_is_imported_as_it_looks(office: Installation) -> None:
    def turn(pdf: Pdf) -> None:
        for page in pdf.pages:
            page.obj.CropBox = pikepdf.Array([20, 30, 590, 830])
            page.rotate(180, relative=False)

    upside_down = flat_map(
        values={
            "customer.orgnr": {"page": 1, "at": [30, 20, 60, 8]},
            "customer.name": {"page": 1, "at": [30, 40, 60, 8]},
        },
        marks={},
        signatures={"Signatur1": {"page": 2, "at": [30, 60, 80, 25]}},
        number=[],
        qr={"at": [100, 100]},
        footer={"at": [10, 5, 170, 6]},
    )
    record = bring(office, changed(turn), upside_down).record
    assert (record.layout.pages[0].width, record.layout.pages[0].height) == (570, 800)


@pytest.mark.parametrize(
    ("pdf", "code"),
    [(b"hello", "form_unreadable"), (b"%PDF-1.7\n" + b"x" * 9, "form_unreadable"), (bytes(2**24), "form_too_large")],
)
def test_a_file_that_is_no_form_is_refused(office: Installation, pdf: bytes, code: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        bring(office, pdf, flat_map())
    assert faults_of(refused.value) == [code]


def test_the_name_comes_from_the_call_or_the_map(office: Installation) -> None:
    nameless = {key: value for key, value in flat_map().items() if key != "name"}
    with pytest.raises(UsageError) as refused:
        bring(office, flat(), nameless)
    assert refused.value.code == "form_name_missing"
    assert bring(office, flat(), nameless, name="eget").record.name == "eget"
    assert bring(office, flat(), flat_map(), name="annet").record.name == "annet"
    for wrong in ("standard", "shared", "../x", "Stor", ""):
        with pytest.raises(UsageError) as refused:
            bring(office, flat(), nameless, name=wrong)
        assert refused.value.code == "form_name_form"


@pytest.mark.parametrize("where", ["map", "call"])
def test_a_form_is_not_named_as_a_vendors_own_template(office: Installation, where: str) -> None:
    given = (flat_map() | {"name": "fjord"}, None) if where == "map" else (flat_map(), "fjord")
    with pytest.raises(UsageError) as refused:
        bring(office, flat(), *given)
    assert (refused.value.code, refused.value.params["vendor"]) == ("form_name_of_vendor", "fjord")
    assert list_forms(office.workspace.settings.data_dir) == ()


@pytest.mark.parametrize(
    ("title", "code"),
    [("Av\u200dtale", "setting_invisible_character"), ("Avtale 漢", "setting_character_not_in_fonts")],
)
def test_a_title_is_held_to_what_a_document_can_show(office: Installation, title: str, code: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        bring(office, flat(), flat_map() | {"title": title})
    assert faults_of(refused.value) == [code]
    for language in Language:
        _, part = error_entries(refused.value, language)
        assert "`title`" in part["message"]
        assert re.search(r"U\+(200D|6F22)", part["message"])


def test_a_title_is_kept_as_a_page_shows_it(office: Installation) -> None:
    composed = bring(office, flat(), flat_map() | {"title": " A\u030avtale  om post"})
    assert composed.record.layout.title == "Åvtale om post"


def test_the_languages_of_case_and_form_are_told_in_words(office: Installation) -> None:
    bring(office, flat(), flat_map() | {"languages": ["nb", "nn"]})
    with pytest.raises(ConfigurationError) as refused:
        office.issue(KARI, values={"agreement.language": "en"})
    assert refused.value.code == "form_language"
    told = {language: error_entries(refused.value, language)[0]["message"] for language in Language}
    for word in ("engelsk", "bokmål, nynorsk"):
        assert word in told[Language.NB]
        assert word in told[Language.NN]
    assert "is English" in told[Language.EN]
    assert "Norwegian Bokmål, Norwegian Nynorsk" in told[Language.EN]


def test_a_form_that_is_not_imported_or_was_changed_issues_nothing(office: Installation) -> None:
    with pytest.raises(ConfigurationError) as missing:
        office.issue(KARI)
    assert missing.value.code == "form_not_found"
    base = folder_of(bring(office, flat(), flat_map())) / BASE
    base.write_bytes(base.read_bytes().replace(b"%PDF-1.7", b"%PDF-1.6"))
    with pytest.raises(IntegrityError) as corrupt:
        office.issue(KARI)
    assert corrupt.value.code == "form_corrupt"


def test_production_issues_on_a_form_without_terms_and_without_the_mark_of_an_example(
    office: Installation, tmp_path: Path
) -> None:
    bring(office, flat(), flat_map())
    case = office.enquire(KARI)
    settings = office.workspace.settings.model_copy(update={"environment": "production"})
    workspace = replace(office.workspace, settings=settings)
    issue = issue_agreement(workspace, str(case.number), office.actor)
    assert settings.terms == ()
    assert not issue.agreement.example_terms
    assert NAME in str(issue.agreement.values["agreement.terms_version"])
    assert b"EKSEMPEL" not in preview_agreement(workspace, str(office.enquire(KARI).number))


def test_the_answer_says_what_to_do_next_and_what_was_noticed(office: Installation) -> None:
    imported = bring(office, flat(), flat_map())
    for language in Language:
        lines = imported_answer(imported, language).lines
        assert any(f"template: {NAME}" in line for line in lines)
        assert str(imported.proof) in lines[-1]
    assert "admin.name" in not_printed(imported.record)
    assert "customer.name" not in not_printed(imported.record)
    again = imported_answer(bring(office, flat(), flat_map()), Language.EN)
    assert isinstance(again.data, dict)
    assert again.data["created"] is False


def test_every_fault_of_a_form_has_its_text_and_every_text_its_fault() -> None:
    root = Path(__file__).parents[2]
    sources = [root / "renderers/form_agreement.py"]
    sources += [path for folder in ("renderers/forms", "onboarding/forms") for path in (root / folder).glob("*.py")]
    said = {code for path in sources for code in re.findall(r'"(form_[a-z_]+)"', path.read_text(encoding="utf-8"))}
    said |= set(_OWN_CODES.values())
    texts = {key.split(".")[1] for key in flat_texts(Language.NB) if key.startswith("errors.form_")}
    assert {code for code in said if not code.endswith("_")} ^ texts == set()


def test_the_command_imports_refuses_and_lists(office: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    avtale = CommandLine(config=office.config, capsys=capsys)
    pdf, good, bad = office.folder / "skjema.pdf", office.folder / "kart.yaml", office.folder / "feil.yaml"
    pdf.write_bytes(flat())
    good.write_text(written(flat_map()), encoding="utf-8")
    bad.write_text(written(flat_map(signatures={})), encoding="utf-8")
    refused = avtale.json("template", "import", pdf, "--map", bad, exit_code=3)
    assert refused.codes == ["form_refused", "form_no_first_signature"]
    missing = avtale.json("template", "import", office.folder / "none.pdf", "--map", good, exit_code=3)
    assert missing.codes == ["form_file_unreadable"]
    assert avtale.json("template", "import", pdf, "--map", good).data["created"] is True
    listed = {row["name"]: row for row in avtale.json("template", "list").data}
    assert listed[NAME]["vendors"] == ["fjord"]
    assert listed[NAME]["languages"] == ["nb", "nn"]


def test_the_doctor_tells_of_a_form_that_is_missing_and_of_one_that_is_there(office: Installation) -> None:
    settings, now = office.workspace.settings, office.workspace.clock()
    with pytest.raises(ConfigurationError) as missing:
        list(check_template(settings, now))
    assert missing.value.code == "form_not_found"
    bring(office, flat(), flat_map())
    assert [check.code for check in check_template(settings, now)] == ["template", "form"]
