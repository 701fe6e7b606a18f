"""One pass of the sender in a process of its own, to be killed: DATABASE BLOBS PORT [STOP-AFTER-CLAIM]."""

import sys
import time
from pathlib import Path

from outbox.attempts import claim_due
from outbox.messages import Connection, Message
from outbox.outcome import Outcome
from outbox.sending import Sender, deliver_due
from outbox.smtp import SmtpServer
from tests.outbox.mail_servers import QUICK
from tests.outbox.outbox_kit import FolderBlobs, Hands, beginning, sqlite_engine


def main(database: str, blobs: str, port: str, *stop: str) -> None:
    begin = beginning(sqlite_engine(Path(database)))
    clock = Hands()
    if stop:
        with begin() as conn:
            claim_due(conn, clock())
        sys.stdout.write("claimed\n")
        sys.stdout.flush()
        time.sleep(60)
    server = SmtpServer(host="127.0.0.1", port=int(port), tls="none", timeouts=QUICK)
    deliver_due(Sender(begin=begin, blobs=FolderBlobs(Path(blobs)), server=server, clock=clock, on_outcome=_nothing))


def _nothing(conn: Connection, message: Message, outcome: Outcome) -> None:
    pass


if __name__ == "__main__":
    main(*sys.argv[1:])
