"""Opening the watched folder."""

from dataclasses import dataclass

from imapclient.exceptions import IMAPClientError, IMAPClientReadOnlyError

from intake.sources.mailbox.client import SafeClient
from intake.sources.mailbox.problems import PASSING, Fault, Problem, refusal_of


@dataclass(frozen=True, kw_only=True)
class Selected:
    """The folder as it was when it was opened."""

    uidvalidity: int
    exists: int
    writable: bool


def select(client: SafeClient, folder: str, *, write: bool) -> Selected:
    """Open a folder anew, for changes if they are wanted and allowed: tells its UIDVALIDITY and how many there are now.

    Raises Fault when it is not there or not for us, and what imapclient raises.
    """
    try:
        answer, writable = client.select_folder(folder, readonly=not write), write
    except IMAPClientReadOnlyError:
        answer, writable = client.select_folder(folder, readonly=True), False
    except IMAPClientError as error:
        reason = refusal_of(error)
        if reason is None:
            raise
        raise Fault(Problem.BUSY if reason in PASSING else Problem.FOLDER_MISSING) from error
    return Selected(uidvalidity=answer[b"UIDVALIDITY"], exists=answer[b"EXISTS"], writable=writable)
