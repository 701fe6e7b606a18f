"""`avtale authority`: who may sign for an organisation."""

from datetime import datetime

import click

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import argument, command, option


@command(
    "authority",
    argument("org_number", metavar="ORGNR"),
    option("--signer", "signers", multiple=True),
    option("--at", "authority_day", type=click.DateTime(["%Y-%m-%d"])),
)
def authority(call: Call, org_number: str, signers: tuple[str, ...], authority_day: datetime | None) -> Answer:
    """Ask who may sign."""
    from agreements.orgnumber import parse_org_number
    from onboarding.authority_view import authority_answer, parse_named_signer

    number = parse_org_number(org_number, allow_synthetic=call.settings.allow_synthetic)
    named = tuple(parse_named_signer(typed) for typed in signers)
    return authority_answer(
        call.workspace, number, named, call.lang, at=None if authority_day is None else authority_day.date()
    )
