"""One agreement: its marks, what it carries, what is stored with it, and what may be left open."""

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from jsonschema import Draft202012Validator

from agreements.agreement import SigningRoute
from agreements.catalogue import load_catalogue
from agreements.decision import Verdict, decide
from agreements.errors import ConfigurationError, IntegrityError
from agreements.fieldmap import FieldMap
from agreements.findings import CAS_OPEN_VALUES, PRV_VISIBLE_DIFFERS, VAL_MISSING, VAL_NOT_FOUND
from agreements.machine_readable import value_fields
from agreements.pages import Page, Pages
from agreements.schema import agreement_schema
from agreements.signers import ExpectedSigners, SignerPolicy
from agreements.values import Fault
from intake.reading.pages import READER, read_pages
from onboarding.inspection import _issued_pages
from onboarding.keys import read_marking_key
from onboarding.preparing import prepare_issue
from onboarding.sandbox import Sandbox
from onboarding.steps.agreement import Issue, issue_agreement
from onboarding.terms import MAX_ISSUED_BYTES, Terms, read_terms
from tests.onboarding.installation import (
    KARI,
    Change,
    Installation,
    Template,
    codes,
    opened_copy,
    sha256_of,
    sign_return,
)
from tests.onboarding.test_odd_files import blank_pdf


def field_map_of(installation: Installation, issue: Issue) -> FieldMap:
    assert issue.agreement.field_map_sha256 is not None
    return FieldMap.model_validate_json(installation.workspace.blobs.read(issue.agreement.field_map_sha256))


def attachments(pdf: bytes) -> dict[str, tuple[str, bytes]]:
    """Relationship and content of each attached file, by name."""
    with pikepdf.open(BytesIO(pdf)) as document:
        return {
            name: (str(spec.obj.AFRelationship), spec.get_file().read_bytes())
            for name, spec in document.attachments.items()
        }


# --- what is printed, attached and stored -----------------------------------------------------------------------------


def test_the_stored_field_map_holds_the_pages_and_the_place_of_every_value(installation: Installation) -> None:
    issue = installation.template.by_two
    mapped = field_map_of(installation, issue)
    assert (mapped.pages, mapped.reader) == (read_pages(issue.pdf), READER)
    assert len(mapped.pages.pages) == issue.agreement.pages
    assert [field.name for field in mapped.fields] == ["Signatur1", "Signatur2"]
    printed = {value.field_id for value in mapped.values}
    assert {"customer.name", "customer.orgnr", "vendor.name", "agreement.id", "invoice.method"} <= printed
    for value in mapped.values:
        page = mapped.pages.pages[value.page - 1]
        assert 0 <= value.rectangle.x0 < value.rectangle.x1 <= page.width
        assert 0 <= value.rectangle.y0 < value.rectangle.y1 <= page.height


def test_the_attached_values_are_the_printed_ones_and_fit_the_published_schema(installation: Installation) -> None:
    issue = installation.template.by_one
    relationship, content = attachments(issue.pdf)["avtale.json"]
    said = json.loads(content)
    Draft202012Validator(agreement_schema(load_catalogue())).validate(said)
    assert relationship == "/Data"
    assert (said["agreement"], said["template_version"]) == (
        str(issue.agreement.number),
        issue.agreement.template_version,
    )
    assert said["values"].items() <= issue.agreement.values.items()
    printed = {value.field_id for value in field_map_of(installation, issue).values}
    assert said["values"].keys() <= printed  # nothing is told to machines that people do not see
    assert said["values"].keys() >= {f.id for f in value_fields(load_catalogue())} & printed


def test_every_page_carries_the_control_code_that_is_stored(installation: Installation) -> None:
    issue = installation.template.by_one
    code = issue.agreement.control_code
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", code)
    assert all(code in page.text for page in read_pages(issue.pdf).pages)
    assert code != installation.template.by_two.agreement.control_code


@pytest.mark.parametrize(("content", "code"), [(None, "unreadable"), (b"short", "bad"), (b"x" * 5000, "bad")])
def test_without_a_usable_key_nothing_is_issued_and_the_key_is_never_shown(
    installation: Installation, content: bytes | None, code: str
) -> None:
    case = installation.enquire(KARI)
    path = installation.workspace.settings.keys.qr
    key = read_marking_key(path)
    assert repr(key)[2:-1] not in repr(prepare_issue(installation.workspace, case, Terms()))
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    installation.workspace.__dict__.pop("marking_key")
    with pytest.raises(ConfigurationError, match=f"doctor_key_{code}"):
        issue_agreement(installation.workspace, str(case.number), installation.actor)


# --- judging by what was stored ---------------------------------------------------------------------------------------


def test_a_return_is_held_against_the_text_that_was_stored_when_the_agreement_was_issued(
    installation: Installation, sandbox: Sandbox
) -> None:
    from onboarding.inspection import inspect_document

    issue, workspace = installation.template.by_one, installation.workspace
    mapped = field_map_of(installation, issue)
    first, *rest = mapped.pages.pages
    other = Page(width=first.width, height=first.height, text=first.text + "\nHelt andre vilkår")
    stored = mapped.model_copy(update={"pages": Pages(pages=(other, *rest))})
    honest = installation.template.honest
    for field_map, differs in ((mapped, False), (stored, True), (stored.model_copy(update={"reader": "0"}), False)):
        places = [workspace.blobs.put(data) for data in (honest, issue.pdf, field_map.model_dump_json().encode())]
        document, issued, mapping = (workspace.blobs.open(sha256) for sha256 in places)
        found = inspect_document(
            sandbox, document, issued=issued, field_map=mapping, trust=workspace.trust, at=workspace.clock()
        )
        assert found.report is not None
        assert (PRV_VISIBLE_DIFFERS.code in {finding.code for finding in found.report.findings}) is differs


def test_without_a_field_map_the_issued_document_itself_is_read(installation: Installation) -> None:
    issue = installation.template.by_one
    assert _issued_pages(issue.pdf, None) == read_pages(issue.pdf)
    assert _issued_pages(None, None) is None
    mapped = field_map_of(installation, issue)
    assert _issued_pages(None, mapped) == read_pages(issue.pdf)  # the issued bytes were not needed


def test_a_field_map_that_was_altered_on_disk_is_noticed_and_judges_nothing(installation: Installation) -> None:
    from onboarding.pipeline import judge_due

    issue = installation.issue(KARI)
    sha256 = issue.agreement.field_map_sha256
    assert sha256 is not None
    honest = sign_return(issue.pdf, installation.pki.person(KARI))
    path = installation.workspace.settings.data_dir / "originals" / sha256[:2] / sha256
    path.write_bytes(path.read_bytes().replace(b"Avtale", b"Avtals"))
    installation.drop("avtale.pdf", honest)
    installation.run()
    assert installation.judgement(honest) is None
    [error] = judge_due(installation.workspace).failed
    assert isinstance(error, IntegrityError)


# --- routes and open values -------------------------------------------------------------------------------------------

OPEN = ["invoice.reference", "contact.contract.name", "launch.peaks", "dpa.accepted"]


def leaving_open(signing: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["vendors"][0] |= {"signing": signing, "open": OPEN if signing != "service" else []}

    return change


@pytest.mark.parametrize("signing", ["own_tool", "paper"])
def test_what_is_not_known_and_may_be_open_is_left_to_fill_in_and_waits_for_a_person_when_it_comes_back(
    template: Template, sandbox: Sandbox, tmp_path: Path, signing: str
) -> None:
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=leaving_open(signing)) as installation:
        issue = installation.issue(KARI, values={"contact.contract.name": None, "invoice.reference": None})
        agreement = issue.agreement
        assert agreement.route is SigningRoute(signing)
        assert agreement.open_fields == ("contact.contract.name", "invoice.reference", "launch.peaks")
        fields = {field.field_id: field.kind.value for field in field_map_of(installation, issue).fields}
        assert {fields[field_id] for field_id in agreement.open_fields} == {
            "text" if signing == "own_tool" else "ruled"
        }
        assert json.loads(attachments(issue.pdf)["avtale.json"][1])["open"] == list(agreement.open_fields)
        judgement = installation.receive(sign_return(issue.pdf, installation.pki.person(KARI)))
        assert judgement.decision.verdict is Verdict.NEEDS_REVIEW
        told = {
            found.code: found.params["entries"] for found in judgement.decision.findings if "entries" in found.params
        }
        if signing == "own_tool":
            assert told == {VAL_MISSING.code: "contact.contract.name"}
        else:
            assert told == {VAL_NOT_FOUND.code: "contact.contract.name, invoice.reference, launch.peaks"}
        assert installation.mails() == []


def test_what_may_not_be_open_is_missing_all_the_same(template: Template, sandbox: Sandbox, tmp_path: Path) -> None:
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=leaving_open("paper")) as installation:
        case = installation.enquire(KARI, values={"contact.contract.name": None, "contact.contract.email": None})
        with pytest.raises(ConfigurationError, match="agreement_incomplete") as refused:
            issue_agreement(installation.workspace, str(case.number), installation.actor)
        faults = refused.value.params["faults"]
        assert isinstance(faults, tuple)
        assert [(f.field_id, f.code) for f in faults if isinstance(f, Fault)] == [("contact.contract.email", "missing")]


def test_a_case_that_signs_in_a_service_leaves_nothing_open(
    template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    from onboarding.steps.enquiry import set_values

    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=leaving_open("paper")) as installation:
        case = installation.enquire(KARI, values={"contact.contract.name": None})
        set_values(installation.workspace, case.number, {"signing": "service"}, installation.actor)
        with pytest.raises(ConfigurationError, match="agreement_incomplete"):
            issue_agreement(installation.workspace, str(case.number), installation.actor)


def test_where_nothing_may_be_open_nothing_is(installation: Installation) -> None:
    assert installation.template.by_one.agreement.open_fields == ()
    assert codes(installation.receive(installation.template.honest)).count(CAS_OPEN_VALUES.code) == 0


# --- terms ------------------------------------------------------------------------------------------------------------


def with_terms(*content: bytes) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["terms"] = [
            {"name": f"Vilkår {number}", "date": "2026-01-15", "file": f"./terms/{number}.pdf"}
            for number, _ in enumerate(content, start=1)
        ]

    return change


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ((b"PK\x03\x04 not a pdf",), "terms_not_pdf"),
        ((b"",), "terms_not_pdf"),
        ((b"%PDF-1.7\nhello",), "terms_not_pdf"),
        ((blank_pdf(encrypted=True),), "terms_encrypted"),
        ((b"%PDF-" + b"x" * MAX_ISSUED_BYTES,), "terms_too_large"),
        ((b"%PDF-" + b"x" * 6_000_000, b"%PDF-" + b"y" * 6_000_000), "terms_too_large"),
    ],
)
def test_terms_that_can_not_be_attached_stop_the_issue(
    template: Template, sandbox: Sandbox, tmp_path: Path, content: tuple[bytes, ...], code: str
) -> None:
    folder = tmp_path / "avtale"
    with opened_copy(template, folder, sandbox=sandbox, change=with_terms(*content)) as installation:
        for number, data in enumerate(content, start=1):
            (folder / f"terms/{number}.pdf").write_bytes(data)
        case = str(installation.enquire(KARI).number)
        with pytest.raises(ConfigurationError, match=code):
            issue_agreement(installation.workspace, case, installation.actor)


def test_the_terms_are_listed_and_carried_and_a_return_with_them_is_approved(
    template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    folder, terms = tmp_path / "avtale", (blank_pdf(content=b"q Q"), blank_pdf(content=b"Q q"))
    with opened_copy(template, folder, sandbox=sandbox, change=with_terms(*terms)) as installation:
        for number, data in enumerate(terms, start=1):
            (folder / f"terms/{number}.pdf").write_bytes(data)
        issue = installation.issue(KARI)
        carried = [content for kind, content in attachments(issue.pdf).values() if kind == "/Supplement"]
        assert sorted(carried) == sorted(terms)
        listed = json.loads(attachments(issue.pdf)["avtale.json"][1])["terms"]
        assert [entry["sha256"] for entry in listed] == [sha256_of(data) for data in terms]
        assert not issue.agreement.example_terms
        shown = re.sub(r"\s", "", read_pages(issue.pdf).text)
        assert all(sha256_of(data) in shown for data in terms)
        judgement = installation.receive(sign_return(issue.pdf, installation.pki.person(KARI)))
        assert judgement.decision.verdict is Verdict.APPROVED


def test_terms_are_read_once_so_that_hash_and_bytes_are_of_the_same_file(
    template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    folder = tmp_path / "avtale"
    with opened_copy(template, folder, sandbox=sandbox, change=with_terms(b"")) as installation:
        first, second = blank_pdf(), blank_pdf(content=b"q Q")
        (folder / "terms/1.pdf").write_bytes(first)
        terms = read_terms(installation.workspace.settings)
        (folder / "terms/1.pdf").write_bytes(second)
        case = installation.enquire(KARI)
        document = prepare_issue(installation.workspace, case, terms).document
        assert document.terms_content == (first,)
        assert [file.sha256 for file in document.terms] == [sha256_of(first)]


def test_an_example_never_leaves_a_production_installation(installation: Installation) -> None:
    from onboarding.forward_files import Check
    from onboarding.forwarding import Approval, prepare_forward

    issue = installation.template.by_one
    assert issue.agreement.example_terms
    settings = installation.workspace.settings.model_copy(update={"environment": "production"})
    production = replace(installation.workspace, settings=settings)
    expected = ExpectedSigners(org_number=None, signers=(), policy=SignerPolicy.DECLARED)
    check = Check(report=None, decision=decide(()), expected=expected)
    approval = Approval(by=("Kari",), at=installation.clock(), manual=True, check=check)
    with pytest.raises(ConfigurationError, match="example_not_forwarded"):
        prepare_forward(
            production,
            installation.case(issue),
            issue.agreement,
            document=issue.agreement.sha256,
            approval=approval,
            holds=(),
        )
