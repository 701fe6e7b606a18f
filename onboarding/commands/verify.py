"""`avtale verify …`: step 5, the set-up is verified by the vendor and by Digipost."""

from pathlib import Path

import click

from agreements.errors import UsageError
from agreements.turn import Party
from agreements.verification import ATTESTING, MethodState
from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

_CASE = argument("case_number", metavar="CASE")
_PARTY = click.Choice([party.value for party in ATTESTING])
_FILE = click.Path(path_type=Path, dir_okay=False)
_PERSON = option("--by", "person", required=True, metavar="NAME")
"""Who did it, in a person's words: not the user who enters it (`avtale --by USER verify …`)."""

group = TextGroup(
    "verify",
    {
        "show": "onboarding.commands.verify:show",
        "agree": "onboarding.commands.verify:agree",
        "record": "onboarding.commands.verify:record",
        "attest": "onboarding.commands.verify:attest",
    },
    name="verify",
)


@command("verify.show", _CASE, option("--out", type=click.Path(path_type=Path, file_okay=False)))
def show(call: Call, case_number: str, out: Path | None) -> Answer:
    """Show what is verified, and what is missing."""
    from onboarding.out_folder import require_free_place
    from onboarding.verification_view import verification_answer, write_record
    from onboarding.verifying import read_verification

    verification = read_verification(call.workspace, case_number)
    if out is None:
        return verification_answer(call.workspace, verification, (), call.lang)
    require_free_place(out, call.settings)
    files = (write_record(verification, out, call.lang),)
    return verification_answer(call.workspace, verification, files, call.lang)


@command(
    "verify.agree",
    _CASE,
    option("--methods", required=True, metavar="V1,V3"),
    option("--vendor-by", required=True),
    option("--digipost-by", required=True),
    option("--evidence", type=_FILE, required=True),
)
def agree(call: Call, case_number: str, methods: str, evidence: Path, **names: str) -> Answer:
    """Say how vendor and Digipost have agreed to verify."""
    from onboarding.verification_view import stands_answer
    from onboarding.verifying import agree_methods, parse_methods

    agree_methods(call.workspace, case_number, parse_methods(methods), evidence=evidence, actor=call.actor, **names)
    return stands_answer(call.workspace, case_number, call.lang)


@command(
    "verify.record",
    _CASE,
    option("--method", required=True, metavar="V1"),
    option("--result", required=True, type=click.Choice([MethodState.PASSED.value, MethodState.FAILED.value])),
    _PERSON,
    option("--party", type=_PARTY, default=Party.VENDOR.value, show_default=True),
    option("--evidence", required=True),
)
def record(call: Call, case_number: str, method: str, result: str, person: str, party: str, evidence: str) -> Answer:
    """Say what came of a method."""
    from agreements.verification import MethodResult
    from onboarding.verification_view import stands_answer
    from onboarding.verifying import find_evidence_file, parse_methods, record_result

    methods = parse_methods(method)
    if len(methods) != 1:
        raise UsageError("one_method")
    file = find_evidence_file(evidence)
    tried = MethodResult(
        method=methods[0],
        agreed=True,
        state=MethodState(result),
        party=Party(party),
        by=person,
        evidence=file.name if file else evidence,
    )
    record_result(call.workspace, case_number, tried, file, call.actor)
    return stands_answer(call.workspace, case_number, call.lang)


@command(
    "verify.attest",
    _CASE,
    option("--party", type=_PARTY, required=True),
    _PERSON,
    option("--evidence", type=_FILE),
    option("--receipt", type=click.IntRange(min=1), metavar="ID"),
)
def attest(call: Call, case_number: str, party: str, person: str, evidence: Path | None, receipt: int | None) -> Answer:
    """Record a party's word for the configuration in force."""
    from onboarding.verification_view import attested_answer, receipt_content
    from onboarding.verifying import attest as give_word

    if (evidence is None) == (receipt is None):
        raise UsageError("evidence_or_receipt")
    content = None if receipt is None else receipt_content(call.workspace, receipt, party)
    case, given = give_word(
        call.workspace, case_number, Party(party), person, evidence=evidence, receipt_sha256=content, actor=call.actor
    )
    return attested_answer(call.workspace, case, given, call.lang)
