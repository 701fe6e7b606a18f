"""`avtale audit …`: the record."""

from agreements.canonical import JsonValue
from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, command, option

group = TextGroup("audit", {"verify": "onboarding.commands.audit:verify"}, name="audit")


@command("audit.verify", option("--head", "heads", multiple=True, metavar="HASH"))
def verify(call: Call, heads: tuple[str, ...]) -> Answer:
    """Check that the record holds together."""
    from agreements.texts import text
    from onboarding.auditing import verify_record

    verified = verify_record(call.workspace, heads=heads)
    data: dict[str, JsonValue] = {
        "events": verified.events,
        "head": verified.head,
        "checkpoints": verified.checkpoints,
    }
    said = text("talk.audit_holds", call.lang, count=verified.events, head=verified.head)
    return Answer(data=data, lines=[said])
