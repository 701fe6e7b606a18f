"""`avtale run`: watch, receive, judge, forward."""

import logging
import signal
import threading
from collections import Counter
from typing import TYPE_CHECKING

from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import command, option, talk
from onboarding.logs import set_up_logs
from onboarding.settings import notify_socket, watchdog_seconds

if TYPE_CHECKING:
    from onboarding.jobs.loop import Round


@command("run", option("--once", is_flag=True))
def run(call: Call, once: bool) -> Answer:
    """Work until stopped, or do what is due and return."""
    from agreements.texts import text
    from onboarding.jobs.loop import run_once, run_until
    from onboarding.jobs.notify import ServiceManager

    if once:
        return _answer(call, run_once(call.workspace))
    set_up_logs(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    manager = ServiceManager(notify_socket(), watchdog_seconds())
    run_until(call.workspace, stop, lambda: talk(call, text("talk.run_started", call.lang)), manager)
    return Answer(data={"stopped": True}, lines=[text("talk.run_stopped", call.lang)])


def _answer(call: Call, done: "Round") -> Answer:
    """8 when something could not be done now and will be tried again; what failed has its own code."""
    from agreements.texts import text
    from onboarding.answers import error_entries
    from onboarding.delivery import read_messages
    from onboarding.views import ignored_in_words
    from outbox.states import WAITING_FOR_A_PERSON, State

    states = Counter(message.state for message in read_messages(call.workspace))
    queued = states[State.QUEUED]
    data = {
        "received": done.received,
        "judged": done.judged,
        "attempted": done.attempted,
        "queued": queued,
        "needs_person": sum(states[state] for state in WAITING_FOR_A_PERSON),
    }
    codes = [error.exit_code for error in done.failed] + ([8] if queued else [])
    lines = [text("talk.run_once", call.lang, **data)]
    lines += [
        f"{folder}: {text('talk.ignored', call.lang, counts=ignored_in_words(counts, call.lang))}"
        for folder, counts in done.ignored.items()
    ]
    return Answer(
        data={
            **data,
            "unavailable": list(done.unavailable),
            "ignored": {folder: dict(counts) for folder, counts in done.ignored.items()},
        },
        lines=lines,
        exit_code=max(codes, default=0),
        errors=[entry for error in done.failed for entry in error_entries(error, call.lang)],
    )
