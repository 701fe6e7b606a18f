"""`avtale forward …`: what Digipost said of an agreement that was forwarded, as a person tells it."""

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

_CASE = argument("case_number", metavar="CASE")

group = TextGroup(
    "forward",
    {
        "returned": "onboarding.commands.forward:returned",
        "answered": "onboarding.commands.forward:answered",
    },
    name="forward",
)


@command(
    "forward.returned",
    _CASE,
    option("--reason", required=True),
    option("--item", "items", multiple=True, metavar="TEXT"),
)
def returned(call: Call, case_number: str, reason: str, items: tuple[str, ...]) -> Answer:
    """Digipost said no, or wants something more."""
    from agreements.casenumber import parse_case_number
    from onboarding.digipost_view import sent_back_answer
    from onboarding.sent_back import hold_for_items, return_forward

    number = parse_case_number(case_number)
    if items:
        outcome = hold_for_items(call.workspace, number, items, reason, call.actor)
    else:
        outcome = return_forward(call.workspace, number, reason, call.actor)
    return sent_back_answer(outcome, items, call.lang)


@command("forward.answered", _CASE, option("--reason", required=True))
def answered(call: Call, case_number: str, reason: str) -> Answer:
    """Digipost has the answer it asked for."""
    from agreements.casenumber import parse_case_number
    from onboarding.digipost_view import case_answer
    from onboarding.sent_back import close_question

    return case_answer(close_question(call.workspace, parse_case_number(case_number), reason, call.actor), call.lang)
