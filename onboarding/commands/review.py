"""`avtale review …`: what waits for a person."""

from contextlib import suppress
from pathlib import Path

import click

from agreements.errors import ConfigurationError
from onboarding.answers import Answer, table
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

_ID = argument("identity", metavar="ID", type=int)
_BY, _REASON = option("--by"), option("--reason", required=True)

group = TextGroup(
    "review",
    {
        "list": "onboarding.commands.review:list_",
        "show": "onboarding.commands.review:show",
        "approve": "onboarding.commands.review:approve",
        "reject": "onboarding.commands.review:reject",
    },
    name="review",
)


@command("review.list")
def list_(call: Call) -> Answer:
    """List what waits for a person."""
    from onboarding.review import open_reviews
    from onboarding.views import judgement_data, judgement_row

    waiting = open_reviews(call.workspace)
    rows = [judgement_row(judgement, call.lang) for judgement in waiting]
    lines = table(("id", "agreement", "verdict", "why", "time"), rows, call.lang)
    return Answer(data=[judgement_data(judgement, call.lang) for judgement in waiting], lines=lines)


@command("review.show", _ID, option("--html", type=click.Path(path_type=Path, dir_okay=False)))
def show(call: Call, identity: int, html: Path | None) -> Answer:
    """Show one return with every finding and what to do."""
    from onboarding.out_folder import require_free_place
    from onboarding.review import record_seen
    from onboarding.review_view import review_answer, write_review_page

    if html is not None:
        require_free_place(html, call.settings)
        write_review_page(call.workspace, identity, html, call.lang)
    answer = review_answer(call.workspace, identity, call.lang)
    with suppress(ConfigurationError):  # whoever is no user may look; only a user's look counts
        record_seen(call.workspace, identity, call.actor)
    return answer


@command("review.approve", _ID, _BY, _REASON)
def approve(call: Call, identity: int, by: str | None, reason: str) -> Answer:
    """Approve a return by hand."""
    from agreements.texts import text
    from onboarding.review import approve_return
    from onboarding.views import judgement_data

    approved = approve_return(call.workspace, identity, call.actor, reason)
    data = {
        **judgement_data(approved.judgement, call.lang),
        "approvals": approved.given,
        "approvals_needed": approved.needed,
    }
    key = "talk.review_approved" if approved.final else "talk.review_one_more"
    return Answer(data=data, lines=[text(key, call.lang, given=approved.given, needed=approved.needed)])


@command("review.reject", _ID, _BY, _REASON)
def reject(call: Call, identity: int, by: str | None, reason: str) -> Answer:
    """Reject a return."""
    from agreements.texts import text
    from onboarding.review import reject_return
    from onboarding.views import judgement_data

    rejected = reject_return(call.workspace, identity, call.actor, reason)
    untold = rejected.untold
    data = {**judgement_data(rejected.judgement, call.lang), "told": rejected.told, "untold": untold}
    told = "talk.review_told" if untold is None else f"untold.{untold}"
    lines = [text("talk.review_rejected", call.lang), text(told, call.lang, message=rejected.told)]
    return Answer(data=data, lines=lines)
