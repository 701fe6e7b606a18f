"""Steps 1 and 6 of the pipeline for mailboxes: what lies in them is received, and moved when it is decided.

Per mail, in this order: bytes among the originals, receipt committed, verdict committed, mail moved. As for folders
(`sources`), a crash repeats the step it interrupted, and the receipt's key keeps it from counting twice.
"""

import logging
import threading
from collections.abc import Callable

from intake.ledger import close_withdrawn, known_keys, mark_decided, mark_finished, receipts_to_finish, record_receipt
from intake.receipts import FINAL_STATES, Outcome, ReceiptState
from intake.sources.mailbox import MailboxState, MailboxUnavailable, Problem, Refused, Taken
from onboarding.mailboxes import mailbox_source
from onboarding.receiving import receive_delivery
from onboarding.settings import MailboxSettings
from onboarding.workspace import Workspace

logger = logging.getLogger(__name__)


class Mailbox:
    """One mailbox of the configuration. Used by one thread, under the run lock."""

    def __init__(self, workspace: Workspace, settings: MailboxSettings) -> None:
        self.id = settings.id
        self.nudged = threading.Event()
        """Set by others when there is something to finish; the next round clears it."""
        self._workspace = workspace
        self.source = mailbox_source(settings)

    def receive(self, go_on: Callable[[], bool]) -> tuple[int, bool]:
        """Receive what lies in it: how many mails, and whether there are more. Raises MailboxUnavailable.

        `go_on` is called between two mails, and stops the work by False.
        """
        with self._workspace.store.read() as connection:
            known = known_keys(connection, self.id)
        scan = self.source.scan(known=known)
        if scan.state is MailboxState.UNAVAILABLE:
            raise MailboxUnavailable(scan.problem or Problem.PROTOCOL, source=self.id)
        received = 0
        for entry in scan.ready:
            if not go_on():
                return received, False
            received += self._take(self.source.take(entry, self._workspace.blobs))
        with self._workspace.store.begin() as connection:
            close_withdrawn(connection, self.id, scan.present_keys, now=self._workspace.clock())
        return received, scan.more

    def finish(self) -> None:
        """Move every mail whose receipt is decided. Raises MailboxUnavailable."""
        with self._workspace.store.read() as connection:
            due = receipts_to_finish(connection, self.id)
        for finished in self.source.finish(due):
            with self._workspace.store.begin() as connection:
                mark_finished(connection, finished.receipt_id, finished.outcome, now=self._workspace.clock())

    def close(self) -> None:
        """Log out."""
        self.source.close()

    def _take(self, taken: Taken | Refused | None) -> int:
        """Write down what was taken; what the server does not hand out stays `seen`, or is decided unread."""
        now = self._workspace.clock()
        if taken is None:
            return 0
        with self._workspace.store.begin() as connection:
            if isinstance(taken, Taken):
                receipt = receive_delivery(connection, taken.delivery(), now=now)
                logger.info("receipt stored", extra={"receipt": receipt.id})
                return 1
            receipt = record_receipt(connection, taken.entry.delivery(), now=now, reason=taken.finding)
            if not taken.try_again and receipt.state not in FINAL_STATES:
                outcome = Outcome(state=ReceiptState.QUARANTINED, reason=taken.finding)
                mark_decided(connection, receipt.id, outcome, now=now)
        return 0


def mailboxes_of(workspace: Workspace) -> tuple[Mailbox, ...]:
    """Every mailbox of the configuration. Raises ConfigurationError: a secret can't be read, a package is missing."""
    return tuple(Mailbox(workspace, settings) for settings in workspace.settings.mailboxes)
