"""What is laid beside an issued agreement for those who sign it: by route, and within the signing service's limits."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements import signing_order
from agreements.agreement import SigningRoute
from agreements.case import AgreementState
from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.signing_order import MAX_DESCRIPTION, MAX_DOCUMENT_BYTES, MAX_TITLE
from agreements.values import ValueFault
from onboarding.bulk import import_answer
from onboarding.case_view import case_details
from onboarding.preparing import signing_route
from onboarding.routes import ORDER_FILE, make_handout, parse_route
from onboarding.steps.agreement import Issue, issue_agreement, save_issue
from onboarding.steps.enquiry import Enquiry, create_case, parse_typed, read_case, set_values
from onboarding.store.issued import list_agreements
from renderers.letters import Correspondence
from renderers.letters.order import order_description, order_title
from tests.onboarding.installation import KARI, OLA, Installation, synthetic_org_number
from tests.renderers.letter_samples import ABOUT
from tests.renderers.samples import LONG_NAME


def issued(installation: Installation, route: SigningRoute, *names: str) -> Issue:
    """An agreement to be signed that way."""
    workspace, case = installation.workspace, installation.enquire(*names)
    set_values(workspace, case.number, {"signing": route.value}, installation.actor)
    return issue_agreement(workspace, str(case.number), installation.actor)


def beside(path: Path) -> dict[str, bytes]:
    """Everything that lies around the issued PDF, by its path from there."""
    files = (file for file in path.parent.rglob("*") if file.is_file() and file != path)
    return {str(file.relative_to(path.parent)): file.read_bytes() for file in files}


@pytest.mark.parametrize("route", [SigningRoute.OWN_TOOL, SigningRoute.PAPER])
def test_an_agreement_that_is_mailed_has_its_letter_beside(
    installation: Installation, tmp_path: Path, route: SigningRoute
) -> None:
    issue = issued(installation, route, KARI, OLA)
    path = save_issue(issue, tmp_path / "ut")
    number = issue.agreement.number
    ((name, letter),) = beside(path).items()
    assert name == f"Avtale-{number}-folgebrev.txt"
    text = letter.decode("utf-8")
    assert text.startswith(f"Emne: Til signering: Avtale om bruk av Digipost [{number.case}]\n\nHei,\n")
    for said in (str(number), KARI, OLA, "kari@example.org"):
        assert said in text
    assert ("Skriv ut alle sidene" in text) is (route is SigningRoute.PAPER)


def test_a_signing_service_gets_a_folder_with_all_there_is_to_upload(
    installation: Installation, tmp_path: Path
) -> None:
    issue = issued(installation, SigningRoute.SERVICE, KARI, OLA)
    path = save_issue(issue, tmp_path / "ut")
    number, folder = issue.agreement.number, f"Avtale-{issue.agreement.number}-signering"
    files = beside(path)
    pdf_name = f"{folder}/Avtale-{number}.pdf"
    assert files.keys() == {pdf_name, f"{folder}/{ORDER_FILE}", f"{folder}/folgebrev.txt"}
    assert files[pdf_name] == path.read_bytes() == issue.pdf
    order = json.loads(files[f"{folder}/{ORDER_FILE}"])
    assert order["reference"] == str(number)
    assert order["document"]["file"] == path.name
    assert order["document"]["sha256"] == sha256(issue.pdf).hexdigest()
    assert order["document"]["size"] == len(issue.pdf)
    assert [(s["order"], s["name"]) for s in order["signers"]] == [(1, KARI), (2, OLA)]
    assert len(order["title"]) <= MAX_TITLE
    assert len(order["description"]) <= MAX_DESCRIPTION
    assert b"signeringstjenesten" in files[f"{folder}/folgebrev.txt"]
    assert {file.stat().st_mode & 0o777 for file in (path.parent / folder).iterdir()} == {0o600}


def test_saving_again_changes_nothing_and_never_overwrites_a_letter_that_was_edited(
    installation: Installation, tmp_path: Path
) -> None:
    issue = issued(installation, SigningRoute.PAPER, KARI)
    path = save_issue(issue, tmp_path / "ut")
    assert save_issue(issue, tmp_path / "ut") == path
    letter = path.with_name(issue.handout.name)
    letter.write_text("Hei Kari!", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="handout_not_saved"):
        save_issue(issue, tmp_path / "ut")
    assert letter.read_text(encoding="utf-8") == "Hei Kari!"


def test_what_the_service_would_refuse_is_not_issued(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, case = installation.workspace, installation.enquire(KARI)
    set_values(workspace, case.number, {"signing": "service"}, installation.actor)
    monkeypatch.setattr(signing_order, "MAX_DOCUMENT_BYTES", 1_000)
    with pytest.raises(ConfigurationError, match="signing_service_limits") as refused:
        issue_agreement(workspace, str(case.number), installation.actor)
    assert [fault.code for fault in refused.value.params["faults"]] == ["signing_order_size"]  # type: ignore[attr-defined]
    assert read_case(workspace, str(case.number)).agreement_state is AgreementState.DRAFT
    with workspace.store.read() as connection:
        assert list_agreements(connection, case.number) == ()
    set_values(workspace, case.number, {"signing": "paper"}, installation.actor)
    assert issue_agreement(workspace, str(case.number), installation.actor).agreement.number.version == 1


@pytest.mark.parametrize(
    ("pdf", "code"),
    [
        (b"%PDF-2.0\n", "signing_order_version"),
        (b"no header at all", "signing_order_version"),
        (b"%PDF-1.7\n".ljust(MAX_DOCUMENT_BYTES + 1), "signing_order_size"),
    ],
)
def test_a_form_of_another_making_is_held_to_the_same_limits(installation: Installation, pdf: bytes, code: str) -> None:
    agreement = replace(installation.template.by_one.agreement, route=SigningRoute.SERVICE)
    vendor = installation.workspace.vendor("fjord")
    with pytest.raises(ConfigurationError, match="signing_service_limits") as refused:
        make_handout(agreement, pdf, vendor, return_to=vendor.contact.email)
    assert [fault.code for fault in refused.value.params["faults"]] == [code]  # type: ignore[attr-defined]
    on_paper = replace(agreement, route=SigningRoute.PAPER)
    assert make_handout(on_paper, pdf, vendor, return_to="a@example.org").folder is None


def test_a_case_follows_its_vendor_unless_it_says_otherwise(installation: Installation) -> None:
    vendor = installation.workspace.vendor("fjord")
    case = installation.enquire(KARI)
    assert signing_route(case, vendor).value == vendor.signing == "own_tool"
    assert signing_route(replace(case, signing=SigningRoute.PAPER), vendor) is SigningRoute.PAPER


def test_a_case_is_made_with_its_route_typed_or_imported(installation: Installation, tmp_path: Path) -> None:
    workspace, numbers = installation.workspace, (synthetic_org_number(61), synthetic_org_number(62))
    typed = parse_typed({"signing": "paper", "launch.monthly_volume": "7"}, allow_synthetic=True)
    enquiry = Enquiry(
        vendor_id="fjord",
        org_number=numbers[0],
        customer_name="Tom AS",
        values=typed.values,
        signing=typed.signing,
    )
    made = create_case(workspace, enquiry, installation.actor)
    file = tmp_path / "kunder.csv"
    file.write_text(f"vendor;customer.orgnr;customer.name;signing\nfjord;{numbers[1]};Fjell AS;service\n")
    answer = import_answer(workspace, file, actor=installation.actor, dry_run=False, language=Language.NB)
    assert isinstance(answer.data, list)
    assert isinstance(answer.data[0], dict)
    imported = str(answer.data[0]["case"])
    assert read_case(workspace, str(made.number)).signing is SigningRoute.PAPER
    assert read_case(workspace, imported).signing is SigningRoute.SERVICE
    shown = case_details(workspace, imported, Language.NN)
    assert isinstance(shown.data, dict)
    assert shown.data["signing"] == "service"
    assert "i ei signeringsteneste" in "\n".join(shown.lines)


@pytest.mark.parametrize("typed", ["service", " own_tool ", "paper"])
def test_a_route_is_typed_by_its_name(typed: str) -> None:
    assert parse_route(typed) == typed.strip()


@given(st.text())
def test_nothing_else_is_a_route(typed: str) -> None:
    if typed.strip() in {"", *SigningRoute}:
        return
    with pytest.raises(ValueFault, match="not_in_list"):
        parse_route(typed)


@pytest.mark.parametrize("language", list(Language))
def test_title_and_description_fit_whatever_the_names(language: Language) -> None:
    assert len(order_title("DA-9999-999999-Z.999", language)) <= MAX_TITLE
    said = {order_description(about(name), language) for name in ("A AS", LONG_NAME, "W" * 400)}
    assert len(said) == 3  # everybody's name, the organisation's alone, nobody's
    assert all(0 < len(description) <= MAX_DESCRIPTION for description in said)


def about(name: str) -> Correspondence:
    vendor = replace(ABOUT.vendor, name=name, system_name=name)
    return replace(ABOUT, customer=replace(ABOUT.customer, name=name), vendor=vendor)
