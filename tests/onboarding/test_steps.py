"""Steps 1 and 2 before the agreement leaves: what is asked, what is refused, what can't be changed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agreements.agreement import SigningRoute
from agreements.case import AgreementState, Case
from agreements.casenumber import parse_case_number
from agreements.errors import AvtaleError, ConfigurationError, GateError, NotFoundError, UsageError
from agreements.language import Language
from agreements.orgnumber import OrgNumberError
from agreements.parties import Signer, SigningBasis
from agreements.values import Fault
from onboarding.answers import error_entries
from onboarding.bulk import import_answer
from onboarding.settings import find_actor, load_settings
from onboarding.steps.agreement import (
    issuable_cases,
    issue_agreement,
    preview_agreement,
    read_issued,
    save_issue,
    void_agreement_in_force,
)
from onboarding.steps.enquiry import (
    Enquiry,
    add_note,
    create_case,
    declare_signer,
    hold_case,
    parse_typed,
    read_case,
    set_values,
)
from onboarding.store.cases import list_cases
from onboarding.store.issued import list_agreements
from onboarding.workspace import open_workspace
from tests.onboarding.installation import (
    KARI,
    OLA,
    REAL_ORG_NUMBER,
    Change,
    Clock,
    Installation,
    Template,
    change_config,
    example_row,
    restamp,
    synthetic_org_number,
)
from tests.onboarding.test_odd_files import blank_pdf
from tests.outbox.mail_servers import Mailbox


def bare(installation: Installation) -> str:
    """A case of which hardly anything is known."""
    enquiry = Enquiry(vendor_id="fjord", org_number=synthetic_org_number(77), customer_name="Tom AS", values={})
    return str(create_case(installation.workspace, enquiry, installation.actor).number)


def faults_of(error: AvtaleError) -> dict[str, str]:
    faults = error.params["faults"]
    assert isinstance(faults, tuple)
    return {fault.field_id: fault.code for fault in faults if isinstance(fault, Fault)}


# --- what is missing ------------------------------------------------------------------------------------------------


def test_an_agreement_with_gaps_is_refused_naming_every_field_with_its_label(installation: Installation) -> None:
    number = bare(installation)
    signer = Signer(name=KARI, basis=SigningBasis.SIGNATURE_RIGHT)
    declare_signer(installation.workspace, parse_case_number(number), signer, None, installation.actor)
    with pytest.raises(ConfigurationError) as refused:
        issue_agreement(installation.workspace, number, installation.actor)
    missing = faults_of(refused.value)
    assert {"customer.business_address", "contact.contract.name", "launch.first_send_date"} <= missing.keys()
    assert set(missing.values()) == {"missing"}
    for language in Language:
        entries = error_entries(refused.value, language)
        assert len(entries) == 1 + len(missing)
        assert all(entry["message"] for entry in entries)
    assert read_case(installation.workspace, number).agreement_state is AgreementState.DRAFT


def test_an_agreement_without_a_declared_signer_is_not_issued(installation: Installation) -> None:
    with pytest.raises(GateError) as refused:
        issue_agreement(installation.workspace, str(installation.enquire().number), installation.actor)
    assert refused.value.unmet == ("signer_missing",)


def test_values_are_set_by_their_field_and_refused_with_every_fault_at_once(installation: Installation) -> None:
    number = parse_case_number(bare(installation))
    typed = {"no.such_field": "1", "customer.name": "Ny AS", "signer.name": KARI, "launch.monthly_volume": "mange"}
    with pytest.raises(UsageError) as refused:
        set_values(installation.workspace, number, typed, installation.actor)
    faults = faults_of(refused.value)
    assert faults.keys() == typed.keys()
    assert (faults["no.such_field"], faults["customer.name"], faults["signer.name"]) == (
        "unknown_field",
        "fixed_at_start",
        "set_by_case_signer",
    )
    case = set_values(installation.workspace, number, {"launch.monthly_volume": "1 200"}, installation.actor)
    assert case.values["launch.monthly_volume"] == 1200


def test_what_the_pipeline_fills_in_is_set_by_nobody() -> None:
    with pytest.raises(UsageError) as refused:
        parse_typed({"agreement.id": "DA-1"}, allow_synthetic=True)
    assert faults_of(refused.value) == {"agreement.id": "not_on_agreement"}


@pytest.mark.parametrize("name", ["", "   ", "..", "K" * 131])
def test_a_signer_needs_a_name_with_letters(installation: Installation, name: str) -> None:
    number = parse_case_number(bare(installation))
    with pytest.raises(UsageError, match="signer_name"):
        declare_signer(
            installation.workspace,
            number,
            Signer(name=name, basis=SigningBasis.PROKURA),
            None,
            installation.actor,
        )


def test_two_sign_jointly_and_a_third_is_one_too_many(installation: Installation) -> None:
    workspace, number = installation.workspace, installation.enquire(KARI, OLA).number
    again = Signer(name="NORDMANN, Kari", basis=SigningBasis.PROKURA)
    case = declare_signer(workspace, number, again, None, installation.actor)
    assert [signer.name for signer in case.signers] == ["NORDMANN, Kari", OLA]
    with pytest.raises(UsageError, match="too_many_signers"):
        declare_signer(workspace, number, Signer(name="Nils Ås", basis=SigningBasis.PROKURA), None, installation.actor)


def test_a_power_of_attorney_is_kept_among_the_originals(installation: Installation, tmp_path: Path) -> None:
    workspace, number = installation.workspace, parse_case_number(bare(installation))
    signer = Signer(name=KARI, basis=SigningBasis.POWER_OF_ATTORNEY)
    power = tmp_path / "fullmakt.pdf"
    with pytest.raises(NotFoundError):
        declare_signer(workspace, number, signer, power, installation.actor)
    power.write_bytes(b"")
    with pytest.raises(UsageError, match="power_size"):
        declare_signer(workspace, number, signer, power, installation.actor)
    power.write_bytes(b"%PDF fullmakt")
    declare_signer(workspace, number, signer, power, installation.actor)
    assert workspace.blobs.read(workspace.blobs.put(b"%PDF fullmakt")) == b"%PDF fullmakt"


# --- one case per customer ------------------------------------------------------------------------------------------


def test_a_vendor_has_one_open_case_for_a_customer(installation: Installation) -> None:
    number = bare(installation)
    with pytest.raises(UsageError, match=number):
        bare(installation)


def every_case(installation: Installation) -> tuple[Case, ...]:
    with installation.workspace.store.read() as connection:
        return list_cases(connection)


@pytest.mark.parametrize("number", ["123456789", "31500000", "Kari"])
def test_an_organisation_number_that_is_none_makes_no_case(installation: Installation, number: str) -> None:
    before = every_case(installation)
    enquiry = Enquiry(vendor_id="fjord", org_number=number, customer_name="Tom AS", values={})
    with pytest.raises(OrgNumberError):
        create_case(installation.workspace, enquiry, installation.actor)
    assert every_case(installation) == before


def test_an_unknown_vendor_is_not_found(installation: Installation) -> None:
    enquiry = Enquiry(vendor_id="ukjent", org_number=synthetic_org_number(3), customer_name="Tom AS", values={})
    with pytest.raises(NotFoundError, match="vendor_not_found"):
        create_case(installation.workspace, enquiry, installation.actor)


def test_importing_a_file_twice_creates_nothing_twice(installation: Installation) -> None:
    workspace, config = installation.workspace, installation.folder / "eksempel-kunder.csv"
    lines = config.read_text(encoding="utf-8-sig").splitlines()
    file = installation.folder / "kunder.csv"
    file.write_text("\n".join(["vendor;" + lines[0], *("fjord;" + line for line in lines[1:]), "fjord;1;x"]), "utf-8")
    tell = {"actor": installation.actor, "language": Language.EN}
    results = [
        [(row["result"]) for row in import_answer(workspace, file, dry_run=dry, **tell).data]  # type: ignore[arg-type, call-overload, index, union-attr]
        for dry in (True, False, False)
    ]
    assert results == [
        ["would_create"] * 3 + ["refused"],
        ["created"] * 3 + ["refused"],
        ["exists"] * 3 + ["refused"],
    ]


# --- after issue ----------------------------------------------------------------------------------------------------


def test_values_and_signers_stand_fast_once_the_agreement_is_issued(installation: Installation) -> None:
    workspace, actor = installation.workspace, installation.actor
    number = installation.template.by_one.agreement.number.case
    before = read_case(workspace, str(number))
    with pytest.raises(GateError) as refused:
        set_values(workspace, number, {"launch.monthly_volume": "1"}, actor)
    assert refused.value.unmet == ("agreement_issued",)
    with pytest.raises(GateError):
        declare_signer(workspace, number, Signer(name=OLA, basis=SigningBasis.PROKURA), None, actor)
    assert read_case(workspace, str(number)) == before
    assert add_note(workspace, number, "ringte", actor).revision == before.revision + 1


def test_a_voided_agreement_can_be_changed_and_issued_again_as_version_2(installation: Installation) -> None:
    workspace, actor = installation.workspace, installation.actor
    first = installation.template.by_one.agreement
    assert void_agreement_in_force(workspace, first.number.case, "feil", actor) == first.number
    with pytest.raises(GateError):
        void_agreement_in_force(workspace, first.number.case, "feil", actor)
    set_values(workspace, first.number.case, {"launch.monthly_volume": "7"}, actor)
    assert str(first.number.case) in issuable_cases(workspace)
    second = issue_agreement(workspace, str(first.number.case), actor)
    assert str(second.agreement.number) == f"{first.number.case}.2"
    assert (second.agreement.values["launch.monthly_volume"], first.values["launch.monthly_volume"]) == (7, 120)
    assert workspace.blobs.read(second.agreement.sha256) == second.pdf
    with workspace.store.read() as connection:
        states = [agreement.state.value for agreement in list_agreements(connection, first.number.case)]
    assert states == ["void", "issued"]
    assert read_issued(workspace, first.number).sha256 == first.sha256


def test_a_preview_stores_nothing(installation: Installation) -> None:
    number = str(installation.enquire(KARI).number)
    files = sorted(path for path in (installation.folder / "data").rglob("*") if "sqlite" not in path.name)
    before, events = read_case(installation.workspace, number), installation.kinds()
    assert preview_agreement(installation.workspace, number).startswith(b"%PDF-")
    assert read_case(installation.workspace, number) == before
    assert installation.kinds() == events
    assert sorted(path for path in (installation.folder / "data").rglob("*") if "sqlite" not in path.name) == files


def test_the_saved_agreement_never_overwrites_another_file(installation: Installation, tmp_path: Path) -> None:
    issue = installation.template.by_one
    path = save_issue(issue, tmp_path / "ut")
    assert save_issue(issue, tmp_path / "ut") == path
    assert path.read_bytes() == issue.pdf
    path.write_bytes(b"noe annet")
    with pytest.raises(ConfigurationError, match="agreement_not_saved") as refused:
        save_issue(issue, tmp_path / "ut")
    sha256 = issue.agreement.sha256
    assert refused.value.params["original"] == f"{sha256[:2]}/{sha256}"
    assert path.read_bytes() == b"noe annet"


def test_a_case_on_hold_is_not_issued(installation: Installation) -> None:
    workspace, case = installation.workspace, installation.enquire(KARI)
    hold_case(workspace, case.number, held=True, reason="venter", actor=installation.actor)
    with pytest.raises(GateError) as refused:
        issue_agreement(workspace, str(case.number), installation.actor)
    assert refused.value.unmet == ("case_held",)
    assert str(case.number) not in issuable_cases(workspace)


# --- production -----------------------------------------------------------------------------------------------------


@contextmanager
def production(template: Template, folder: Path, change: Change) -> Iterator[Installation]:
    """An installation for real, as far as loopback goes."""

    def real(document: dict[str, Any]) -> None:
        document["environment"] = "production"
        document["vendors"] = document["vendors"][:1]
        document["vendors"][0]["org_number"] = REAL_ORG_NUMBER
        (folder / "terms/vilkar.pdf").write_bytes(blank_pdf())
        document["terms"] = [{"name": "Kundevilkår", "date": "2026-01-01", "file": "./terms/vilkar.pdf"}]
        change(document)

    shutil.copytree(template.folder, folder)
    change_config(folder / "config.yaml", real)
    restamp(folder)
    settings = load_settings(folder / "config.yaml")
    with open_workspace(settings, Clock()) as workspace:
        actor = find_actor(settings, None)
        yield Installation(
            folder=folder,
            workspace=workspace,
            actor=actor,
            template=template,
            mailbox=Mailbox(),
            clock=Clock(),
        )


def real_case(installation: Installation) -> str:
    example = example_row(installation.folder, installation.workspace.settings)
    enquiry = Enquiry(
        vendor_id="fjord",
        org_number=REAL_ORG_NUMBER,
        customer_name="Ekte AS",
        values={**example.values, "invoice.endpoint": f"0192:{REAL_ORG_NUMBER}"},
        signers=(Signer(name=KARI, basis=SigningBasis.SIGNATURE_RIGHT),),
    )
    return str(create_case(installation.workspace, enquiry, installation.actor).number)


def test_production_issues_with_terms_and_a_verified_integration(template: Template, tmp_path: Path) -> None:
    with production(template, tmp_path / "avtale", lambda _: None) as installation:
        issue = issue_agreement(installation.workspace, real_case(installation), installation.actor)
        assert not issue.agreement.example_terms
        assert str(issue.agreement.values["agreement.terms_version"]).startswith("Kundevilkår 2026-01-01 sha256:")


def refusal(template: Template, folder: Path, change: Change) -> str:
    """The error a production installation refuses to issue with."""
    with production(template, folder, change) as installation:
        number = real_case(installation)
        with pytest.raises(ConfigurationError) as refused:
            issue_agreement(installation.workspace, number, installation.actor)
        assert read_case(installation.workspace, number).agreement_version == 0
    return str(refused.value)


def test_production_issues_nothing_without_the_operators_terms(template: Template, tmp_path: Path) -> None:
    assert refusal(template, tmp_path / "avtale", lambda document: document.update(terms=[])) == "terms_missing"


def test_production_issues_nothing_before_the_integration_is_verified(template: Template, tmp_path: Path) -> None:
    def unverified(document: dict[str, Any]) -> None:
        document["vendors"][0]["integration_verified"] = None

    assert refusal(template, tmp_path / "avtale", unverified).startswith("integration_not_verified")


def test_terms_that_are_not_there_are_named(template: Template, tmp_path: Path) -> None:
    def lost(document: dict[str, Any]) -> None:
        document["terms"][0]["file"] = "./terms/borte.md"

    assert "borte.md" in refusal(template, tmp_path / "avtale", lost)


def test_production_takes_no_synthetic_organisation_number(template: Template, tmp_path: Path) -> None:
    with production(template, tmp_path / "avtale", lambda _: None) as installation:
        enquiry = Enquiry(vendor_id="fjord", org_number=synthetic_org_number(3), customer_name="X", values={})
        with pytest.raises(OrgNumberError):
            create_case(installation.workspace, enquiry, installation.actor)


def test_a_database_does_not_open_under_another_environment(template: Template, tmp_path: Path) -> None:
    folder = tmp_path / "avtale"
    shutil.copytree(template.folder, folder)
    change_config(folder / "config.yaml", lambda document: document.update(environment="demo"))
    with (
        pytest.raises(ConfigurationError, match="environment_mismatch"),
        open_workspace(load_settings(folder / "config.yaml"), Clock()),
    ):
        pass


def test_a_case_says_how_it_is_signed_until_it_says_no_more(installation: Installation) -> None:
    number = parse_case_number(bare(installation))

    def signing(typed: str) -> SigningRoute | None:
        return set_values(installation.workspace, number, {"signing": typed}, installation.actor).signing

    assert read_case(installation.workspace, str(number)).signing is None
    assert signing(" paper ") is SigningRoute.PAPER
    case = set_values(installation.workspace, number, {"launch.monthly_volume": "7"}, installation.actor)
    assert case.signing is SigningRoute.PAPER
    assert signing("") is None
    with pytest.raises(UsageError) as refused:
        set_values(installation.workspace, number, {"signing": "pigeon", "dpa.accepted": "?"}, installation.actor)
    assert faults_of(refused.value) == {"signing": "not_in_list", "dpa.accepted": "not_yes_or_no"}
