"""What becomes of the mail of decided receipts: one answer for each, checked against what is really there."""

import logging
from collections import defaultdict
from collections.abc import Sequence

from intake.receipts import Receipt, SourceOutcome
from intake.sources.mailbox.account import Account
from intake.sources.mailbox.client import SafeClient
from intake.sources.mailbox.entries import Finished, parse_key
from intake.sources.mailbox.moving import CannotMove, Mover, Place, batches, place_of

logger = logging.getLogger(__name__)


class Finishing:
    """One pass over decided receipts, within one selected folder. `done` fills as it goes."""

    def __init__(self, client: SafeClient, mover: Mover, *, uidvalidity: int, leave: str | None) -> None:
        """`leave`: why nothing may be moved; None when it may."""
        self.done: list[Finished] = []
        self.refused = False
        """Whether the server did not move some of them now."""
        self._client = client
        self._mover = mover
        self._uidvalidity = uidvalidity
        self._leave = leave
        self._receipts: dict[int, list[Receipt]] = defaultdict(list)

    def finish(self, receipts: Sequence[Receipt], *, account: Account) -> None:
        """Move what can be moved. Raises what a broken connection raises."""
        by_place: dict[Place, list[int]] = defaultdict(list)
        for receipt in receipts:
            self._sort(receipt, account)
        for batch in batches(self._receipts):
            present = self._present(batch)
            for uid in batch:
                if uid not in present:  # moved before a crash, or somebody took it away
                    self._add(uid, SourceOutcome.GONE)
                elif self._leave is not None:
                    self._add(uid, SourceOutcome.LEFT, reason=self._leave)
                else:
                    by_place[place_of(self._receipts[uid][-1].state)].append(uid)
        for place, uids in by_place.items():
            for batch in batches(uids):
                self._move(batch, place)

    def _sort(self, receipt: Receipt, account: Account) -> None:
        """The UID of the mail, if its key still means anything."""
        key = parse_key(receipt.source_key)
        if (key.account, key.folder) != (account.name, account.folder):  # the configuration was changed
            self._tell(receipt, SourceOutcome.LEFT, reason="other_mailbox")
        elif key.uidvalidity != self._uidvalidity:
            self._tell(receipt, SourceOutcome.CHANGED)
        else:
            self._receipts[key.uid].append(receipt)

    def _move(self, uids: Sequence[int], place: Place) -> None:
        try:
            folder = self._mover.move(uids, place)
        except CannotMove as error:
            self._keep(self._present(uids), error)
            return
        present = self._present(uids)
        for uid in uids:
            if uid not in present:
                self._add(uid, SourceOutcome.MOVED, place=folder)
        if present:
            self._keep(present, CannotMove("still_there", for_good=False))

    def _keep(self, uids: set[int], error: CannotMove) -> None:
        if error.for_good:
            for uid in uids:
                self._add(uid, SourceOutcome.LEFT, reason=error.reason)
        else:
            self.refused = True
            logger.warning("mail not moved", extra={"count": len(uids), "reason": error.reason})

    def _present(self, uids: Sequence[int]) -> set[int]:
        return set(self._client.search(["UID", ",".join(map(str, uids))]))

    def _add(self, uid: int, outcome: SourceOutcome, *, place: str | None = None, reason: str | None = None) -> None:
        for receipt in self._receipts[uid]:
            self._tell(receipt, outcome, place=place, reason=reason)

    def _tell(
        self, receipt: Receipt, outcome: SourceOutcome, *, place: str | None = None, reason: str | None = None
    ) -> None:
        self.done.append(Finished(receipt_id=receipt.id, outcome=outcome, place=place, reason=reason))
