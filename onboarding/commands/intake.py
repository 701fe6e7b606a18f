"""`avtale intake …`: the ledger of everything received."""

from pathlib import Path

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

_ID = argument("identity", metavar="ID", type=int)
_STATES = ("seen", "stored", "received", "quarantined", "not_agreement")

group = TextGroup(
    "intake",
    {
        "list": "onboarding.commands.intake:list_",
        "show": "onboarding.commands.intake:show",
        "add": "onboarding.commands.intake:add",
        "retry": "onboarding.commands.intake:retry",
        "adopt": "onboarding.commands.intake:adopt",
    },
    name="intake",
)


@command("intake.list", option("--state", type=click.Choice(_STATES)))
def list_(call: Call, state: str | None) -> Answer:
    """List receipts."""
    from onboarding.intake_view import receipt_list

    return receipt_list(call.workspace, state, call.lang)


@command("intake.show", _ID)
def show(call: Call, identity: int) -> Answer:
    """Show one receipt and what became of it."""
    from onboarding.intake_view import receipt_details

    return receipt_details(call.workspace, identity, call.lang)


@command("intake.add", argument("file", type=click.Path(path_type=Path)), option("--vendor"))
def add(call: Call, file: Path, vendor: str | None) -> Answer:
    """Receive a file by hand, and judge it."""
    from onboarding.intake_view import receipt_details
    from onboarding.sources import add_file

    receipt = add_file(call.workspace, file, vendor, call.actor)
    return receipt_details(call.workspace, receipt.id, call.lang)


@command("intake.retry", _ID)
def retry(call: Call, identity: int) -> Answer:
    """Judge a stored document once more."""
    from onboarding.intake_view import receipt_details
    from onboarding.sources import retry_receipt

    retry_receipt(call.workspace, identity, call.actor)
    return receipt_details(call.workspace, identity, call.lang)


@command(
    "intake.adopt",
    _ID,
    option("--org-number", metavar="N", required=True),
    option("--vendor", required=True),
    option("--name", metavar="S", default=""),
)
def adopt(call: Call, identity: int, org_number: str, vendor: str, name: str) -> Answer:
    """Make a case of a signed agreement that we did not issue."""
    from onboarding.adopting import Adoption, adopt_receipt
    from onboarding.review_view import review_answer

    adoption = Adoption(receipt=identity, org_number=org_number, vendor_id=vendor, name=name)
    adopted = adopt_receipt(call.workspace, adoption, call.actor)
    return review_answer(call.workspace, adopted.judgement, call.lang)
