"""The mailboxes' part of `avtale run`: a loop for each, and the single pass of `--once`."""

import logging
import random
import threading
from collections.abc import Sequence
from typing import Final

from agreements.errors import AvtaleError, TemporaryError, as_told
from intake.sources.mailbox import Backoff, watch
from onboarding.health import HealthNotes
from onboarding.jobs.noting import note
from onboarding.jobs.supervising import GoOn, Loop, always
from onboarding.mail_intake import Mailbox
from onboarding.workspace import Workspace

logger = logging.getLogger(__name__)

MAILBOX_SILENT_SECONDS: Final = 900.0  # one wait of 4 minutes, one mail of 256 MiB at 300 kB a second


def part_of(mailbox: Mailbox) -> str:
    """What `status` calls a mailbox."""
    return f"mailbox {mailbox.id}"


def mail_loop(workspace: Workspace, mailbox: Mailbox, stop: threading.Event, *, rung: threading.Event) -> Loop:
    """The loop of one mailbox. `stop`: the supervisor's; `rung` is set when there is something to judge."""

    def wake() -> None:
        mailbox.nudged.set()
        mailbox.source.interrupt()

    return Loop(
        name=part_of(mailbox),
        work=lambda go_on: watch(
            mailbox.source,
            lambda: _mail_round(workspace, mailbox, go_on, rung),
            stop=stop,
            backoff=Backoff(random.random),
            nudged=mailbox.nudged,
        ),
        wake=wake,
        silent_seconds=MAILBOX_SILENT_SECONDS,
    )


def _mail_round(workspace: Workspace, mailbox: Mailbox, go_on: GoOn, rung: threading.Event) -> bool:
    """One round of a mailbox: whether there is more to do at once.

    Raises TemporaryError: it is tried again, later and later.
    """
    notes = HealthNotes(workspace)
    mailbox.nudged.clear()
    try:
        received, more = mailbox.receive(go_on)
        if received:
            rung.set()
        mailbox.finish()
    except Exception as error:
        problem = as_told(error)
        logger.warning("round failed", extra={"part": part_of(mailbox), "error": problem.code})
        note(notes, part_of(mailbox), problem.code)
        if isinstance(error, TemporaryError):
            raise
        raise TemporaryError("internal", error=type(error).__name__) from error
    note(notes, part_of(mailbox), None)
    return more and go_on()


def receive_mail(mailboxes: Sequence[Mailbox]) -> tuple[int, dict[str, AvtaleError]]:
    """Everything that lies in the mailboxes: how many mails, and which mailboxes could not be reached."""
    received, unreached = 0, dict[str, AvtaleError]()
    for mailbox in mailboxes:
        more = True
        while more and mailbox.id not in unreached:
            try:
                count, more = mailbox.receive(always)
                received += count
            except TemporaryError as error:
                unreached[mailbox.id] = error
    return received, unreached


def finish_mail(mailboxes: Sequence[Mailbox]) -> dict[str, AvtaleError]:
    """Move what is decided, and log out: which mailboxes could not be reached."""
    unreached = dict[str, AvtaleError]()
    for mailbox in mailboxes:
        try:
            mailbox.finish()
        except TemporaryError as error:
            unreached[mailbox.id] = error
        mailbox.close()
    return unreached
