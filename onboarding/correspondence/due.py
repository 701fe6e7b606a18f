"""What is due to be written, found by looking at the rows: reminders, next steps, letters to Digipost, late cases.

Each letter's bytes are made before its transaction, which asks once more whether it is due, and writes message and
event together. A crash repeats the look; keys keep a second letter from being one.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from agreements.case import Step
from agreements.errors import AvtaleError, as_told
from agreements.turn import Duty, Party
from onboarding.correspondence.digipost import write_digests
from onboarding.correspondence.next_steps import TOLD_WITHIN, tell_next_step
from onboarding.correspondence.overdue import write_overdue
from onboarding.correspondence.reminders import remind
from onboarding.correspondence.setup_reminders import remind_of_setup
from onboarding.correspondence.verification_requests import write_request
from onboarding.health import read_health
from onboarding.settings import Settings, VendorSettings
from onboarding.store.overview import CaseFilter, list_changed, list_page
from onboarding.workspace import Workspace

logger = logging.getLogger(__name__)

LATELY: Final = timedelta(minutes=10)  # parts note how they are every 30 s; a silent one alarms after as long


def write_due(workspace: Workspace, *, since: datetime) -> tuple[AvtaleError, ...]:
    """Write every letter that is due; what kept one from being written is returned, and stops no other.

    `since`: when this process began to look into folders and mailboxes.
    """
    failed: list[AvtaleError] = []
    for write in _everything(workspace, since):
        try:
            write()
        except Exception as error:  # noqa: BLE001 - one case's fault keeps no other organisation from its letter
            failed.append(as_told(error))
            logger.warning("letter not written", extra={"error": failed[-1].code})
    return tuple(failed)


def _everything(workspace: Workspace, since: datetime) -> Iterator[Callable[[], object]]:
    with workspace.store.read() as connection:
        waiting = list_page(connection, CaseFilter(duty=Duty.SIGN))
        with_customer = list_page(connection, CaseFilter(duty=Duty.SET_UP, waiting_for=Party.CUSTOMER))
        to_verify = list_page(connection, CaseFilter(step=Step.VERIFICATION))
        changed = list_changed(connection, workspace.clock() - TOLD_WITHIN)
    looked_into = _looked_into(workspace, since)
    yield from (partial(remind, workspace, case) for case in waiting if case.vendor_id in looked_into)
    yield from (partial(tell_next_step, workspace, case) for case in changed)
    yield from (partial(remind_of_setup, workspace, case) for case in with_customer)
    yield from (partial(write_request, workspace, case.number) for case in to_verify)
    yield partial(write_digests, workspace)
    yield partial(write_overdue, workspace)


def _looked_into(workspace: Workspace, since: datetime) -> frozenset[str]:
    """The vendors of whose returns nothing can lie unseen: each of their folders and mailboxes has been looked into.

    Since the process began, and lately: a return in a mailbox that can't be reached has come, even if nobody has seen
    it, and nobody is to be reminded of it then.
    """
    lately = max(since, workspace.clock() - LATELY)
    well = {health.part for health in read_health(workspace) if health.problem is None and health.at >= lately}
    settings = workspace.settings
    return frozenset(vendor.id for vendor in settings.vendors if well.issuperset(_sources(settings, vendor)))


def _sources(settings: Settings, vendor: VendorSettings) -> Iterator[str]:
    """The parts by which a vendor's returns come, as `status` names them."""
    yield from (f"folder {folder.path}" for folder in vendor.folders)
    yield from (f"mailbox {mailbox.id}" for mailbox in settings.mailboxes if mailbox.vendor in (None, vendor.id))
