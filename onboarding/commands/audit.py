"""`avtale audit …`: the record."""

from agreements.errors import IntegrityError
from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, command

group = TextGroup("audit", {"verify": "onboarding.commands.audit:verify"}, name="audit")


@command("audit.verify")
def verify(call: Call) -> Answer:
    """Check that the record holds together."""
    from agreements.texts import text
    from onboarding.store.events import count_events, head_hash, verify_chain

    with call.workspace.store.read() as connection:
        bad, head, count = verify_chain(connection), head_hash(connection), count_events(connection)
    if bad is not None:
        raise IntegrityError("audit_broken", seq=bad)
    return Answer(
        data={"events": count, "head": head}, lines=[text("talk.audit_holds", call.lang, count=count, head=head)]
    )
