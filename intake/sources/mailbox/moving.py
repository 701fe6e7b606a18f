"""Moving received mail to the server's own folders, without ever losing or doubling any.

`MOVE` (RFC 6851) where it is offered, else COPY, mark as deleted and `UID EXPUNGE` (RFC 4315) of exactly those; never a
plain EXPUNGE, which would take what somebody else marked. A server with neither keeps its mail where it lies.
"""

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from typing import Final

from imapclient import DELETED
from imapclient.exceptions import IMAPClientError

from intake.names import MAIL_FOLDER
from intake.receipts import ReceiptState
from intake.sources.mailbox.client import SafeClient
from intake.sources.mailbox.problems import refusal_of

BATCH: Final = 500  # UIDs in one command: 5 kB; 20,000 are refused by Dovecot (facts §2.1 f)
# What no later try changes: no right, or not possible there (RFC 5530 3).
_FOR_GOOD: Final = frozenset({"NOPERM", "CANNOT", "READ-ONLY"})


class Place(StrEnum):
    """Where decided mail goes, inside MAIL_FOLDER. People see these names in their mail program."""

    RECEIVED = "Mottatt"
    QUARANTINE = "Karantene"
    NOT_AGREEMENT = "Ikke-avtale"


_PLACES: Final = {
    ReceiptState.RECEIVED: Place.RECEIVED,
    ReceiptState.QUARANTINED: Place.QUARANTINE,
    ReceiptState.NOT_AGREEMENT: Place.NOT_AGREEMENT,
}


def place_of(state: ReceiptState) -> Place:
    """Where mail of a final state goes. Raises KeyError for a state that is not final."""
    return _PLACES[state]


class CannotMove(Exception):
    """Mail can't be moved. `for_good`: and never will; else a later try may succeed."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good


class Mover:
    """Moves mail within one connection. `copied` outlives it: mail that was copied, but could not be taken away then,
    is not copied again (osTicket #5645: 14,400 copies a day).
    """

    def __init__(self, client: SafeClient, *, watched: str, copied: set[int]) -> None:
        self._client = client
        self._watched = watched
        self._copied = copied
        self._names: dict[Place, str] = {}

    def move(self, uids: Sequence[int], place: Place) -> str:
        """Move mail of the selected folder (at most BATCH) to its place; returns that folder's name. Raises CannotMove.

        To be verified by a search: a server may say OK and move only some.
        """
        try:
            folder = self._folder(place)
            if self._client.has_capability("MOVE"):
                self._client.move(uids, folder)
            elif self._client.has_capability("UIDPLUS"):
                self._copy_and_delete(uids, folder)
            else:
                raise CannotMove("no_move", for_good=True)
        except IMAPClientError as error:
            reason = refusal_of(error)
            if reason is None:
                raise
            raise CannotMove(reason, for_good=reason in _FOR_GOOD) from error
        return folder

    def _copy_and_delete(self, uids: Sequence[int], folder: str) -> None:
        """What is marked as deleted was copied before a crash, or somebody threw it away: no copy either way."""
        marked = {uid for uid, flags in self._client.get_flags(uids).items() if DELETED in flags}
        new = [uid for uid in uids if uid not in self._copied | marked]
        if new:
            self._client.copy(new, folder)
        self._copied.update(new)
        self._client.add_flags(uids, [DELETED], silent=True)
        self._client.uid_expunge(uids)
        self._copied.difference_update(uids)

    def find(self, place: Place) -> tuple[str, bool]:
        """The server's name for a place, and whether that folder is there. Raises CannotMove: it is the watched one."""
        name = self._name(place)
        if name == self._watched:  # moving there would make it new mail, again and again
            raise CannotMove("own_folder", for_good=True)
        return name, self._client.folder_exists(name)

    def _folder(self, place: Place) -> str:
        """The server's name for a place; the folder is made when it is not there."""
        if place not in self._names:
            name, is_there = self.find(place)
            if not is_there:
                self._client.create_folder(name)
                self._client.subscribe_folder(name)  # or mail programs do not show it
            self._names[place] = name
        return self._names[place]

    def _name(self, place: Place) -> str:
        prefix, delimiter = self._namespace()
        return (
            f"{prefix}{delimiter.join((MAIL_FOLDER, place.value))}"
            if delimiter
            else f"{prefix}{MAIL_FOLDER}-{place.value}"
        )

    def _namespace(self) -> tuple[str, str]:
        """Where the user's own folders begin (`INBOX.` on some servers), and what parts their names (RFC 2342)."""
        if self._client.has_capability("NAMESPACE"):
            personal = self._client.namespace().personal
            if personal:
                prefix, delimiter = personal[0]
                return str(prefix or ""), str(delimiter or "")
        for _, delimiter, _ in self._client.list_folders("", ""):
            return "", delimiter.decode("ascii") if delimiter else ""
        return "", ""


def batches(uids: Collection[int]) -> Iterator[Sequence[int]]:
    """The UIDs, so many at a time that every server takes the command."""
    ordered = list(uids)
    for start in range(0, len(ordered), BATCH):
        yield ordered[start : start + BATCH]
