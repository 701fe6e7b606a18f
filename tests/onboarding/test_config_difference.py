"""What an agreement changes in comparison with the one that was approved before it."""

from dataclasses import replace

from agreements.case import Case, Step
from agreements.language import Language
from agreements.parties import Signer, SigningBasis
from onboarding.configuration_view import summary_answer
from onboarding.sent_back import return_forward
from onboarding.steps.agreement import Issue, issue_agreement
from onboarding.steps.configuration import read_summary
from onboarding.steps.enquiry import Enquiry, create_case, set_values
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent
from tests.onboarding.installation import KARI, Installation, sign_return


def closed(installation: Installation, issue: Issue) -> Case:
    """Its organisation may have another case then."""
    with installation.workspace.store.begin() as connection:
        case = find_case(connection, issue.agreement.number.case)
        assert case is not None
        event = NewEvent(kind="case.note", actor=installation.actor, at=installation.clock(), data={"note": "-"})
        return move_case(connection, replace(case, step=Step.CLOSED), event=event)


def later_case(installation: Installation, earlier: Case, **changes: str) -> Issue:
    """One more agreement for the same organisation."""
    values = {**earlier.values, **{name.replace("__", "."): value for name, value in changes.items()}}
    enquiry = Enquiry(
        vendor_id=earlier.vendor_id,
        org_number=earlier.org_number.digits,
        customer_name=earlier.customer_name,
        values=values,
        signers=(Signer(name=KARI, basis=SigningBasis.SIGNATURE_RIGHT),),
    )
    case = create_case(installation.workspace, enquiry, installation.actor)
    return issue_agreement(installation.workspace, str(case.number), installation.actor)


def test_a_later_agreement_of_the_organisation_says_what_it_changes(installation: Installation) -> None:
    first = installation.template.by_one
    installation.receive(installation.template.honest)
    assert read_summary(installation.workspace, str(first.agreement.number.case)).difference is None
    later = later_case(installation, closed(installation, first), agreement__kind="change", invoice__reference="NY-REF")
    number = str(later.agreement.number.case)
    summary = read_summary(installation.workspace, number)
    assert summary.kind == "change"
    assert summary.difference is not None
    assert summary.difference.agreement == str(first.agreement.number)
    [change] = summary.difference.changes
    before = first.agreement.values["invoice.reference"]
    assert (change.field_id, change.before, change.after) == ("invoice.reference", before, "NY-REF")
    shown = "\n".join(summary_answer(installation.workspace, number, Language.NB).lines)
    assert f"Endret siden {first.agreement.number}" in shown
    installation.receive(sign_return(later.pdf, installation.pki.person(KARI)), "ny.pdf")
    approved = read_summary(installation.workspace, number)
    assert approved.difference == summary.difference
    # the earlier one is not measured by what came after it
    assert read_summary(installation.workspace, str(first.agreement.number.case)).difference is None


def test_another_organisations_agreement_is_nothing_to_compare_with(installation: Installation) -> None:
    installation.receive(installation.template.honest)
    assert (
        read_summary(installation.workspace, str(installation.template.by_two.agreement.number.case)).difference is None
    )


def test_the_version_after_one_that_digipost_sent_back_says_what_it_changes(installation: Installation) -> None:
    first = installation.template.by_one.agreement
    installation.receive(installation.template.honest)
    return_forward(installation.workspace, first.number.case, "feil referanse", installation.actor)
    set_values(installation.workspace, first.number.case, {"invoice.reference": "RETTET"}, installation.actor)
    issue_agreement(installation.workspace, str(first.number.case), installation.actor)
    summary = read_summary(installation.workspace, str(first.number.case))
    assert summary.subject.agreement_number == f"{first.number.case}.2"
    assert summary.difference is not None
    assert [(one.field_id, one.after) for one in summary.difference.changes] == [("invoice.reference", "RETTET")]
