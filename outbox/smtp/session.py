"""A connection that carries one message after another, and what became of each."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.smtp.connection import Client, connect, leave
from outbox.smtp.meaning import FAULTS, Refused, interruption, refusal
from outbox.smtp.server import SmtpServer
from outbox.smtp.transaction import (
    Envelope,
    ask_for_body,
    finish,
    is_carried_unchanged,
    name_recipients,
    name_sender,
    send_body,
    size_limit,
)

IDLE_SECONDS: Final = 60.0  # Exchange's edge servers close after one minute of silence (ConnectionInactivityTimeout)
MESSAGES_PER_CONNECTION: Final = 100  # as many as a pass sends; servers that count allow more (Exim: 1000)


class Session:
    """Delivers messages to one server, over one connection while that lasts. Used by one thread.

    Connects when the first message is delivered. After anything but success the connection is closed, so that no
    message meets what an earlier one left behind (RFC 5321 has no MAIL inside a transaction).
    """

    def __init__(self, server: SmtpServer, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds."""
        self.phase = Phase.CONNECT
        """How far the last delivery came, also where it raised."""
        self._server = server
        self._clock = clock
        self._client: Client | None = None
        self._carried = 0
        self._last = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave(polite=True)

    def deliver(self, envelope: Envelope, data: bytes) -> Outcome:
        """Try once to hand `data` (RFC 5322, CRLF line ends, unchanged on the wire) to the server.

        Never raises for anything the network or the server does: what happened is the outcome.
        """
        self.phase = Phase.CONNECT
        if not is_carried_unchanged(data):
            return Outcome(result=Result.BLOCKED, phase=Phase.PREPARE, reason=Reason.MALFORMED)
        sent = False
        try:
            outcome = self._carry(envelope, data)
            sent = True
        except Refused as refused:
            return refusal(self.phase, refused)
        except FAULTS as fault:
            return interruption(self.phase, fault)
        finally:
            if not sent:
                self._leave(polite=self.phase is not Phase.IN_BODY)
        return outcome

    def _carry(self, envelope: Envelope, data: bytes) -> Outcome:
        client = self._begin(envelope, len(data))
        name_recipients(client, envelope)
        ask_for_body(client)
        self.phase = Phase.IN_BODY
        send_body(client, data)
        self.phase = Phase.AFTER_DOT
        outcome = finish(client, self._server.timeouts.final_reply)
        self._carried, self._last = self._carried + 1, self._clock()
        return outcome

    def _begin(self, envelope: Envelope, size: int) -> Client:
        """MAIL on the connection that is open, if it still is; else on a new one, after which there is no third."""
        client = self._still_open()
        if client is not None:
            self.phase = Phase.BEFORE_DATA
            try:
                name_sender(client, envelope, size)
            except FAULTS:
                pass  # closed between two messages, or dead: no word of this message was answered
            except Refused as refused:
                if not refused.is_good_bye:
                    raise
            else:
                return client
            self._leave(polite=False)
        self.phase = Phase.CONNECT
        client = self._client = connect(self._server)
        self._carried = 0
        self.phase = Phase.BEFORE_DATA
        name_sender(client, envelope, size)
        return client

    def _still_open(self) -> Client | None:
        if self._carried >= MESSAGES_PER_CONNECTION or self._clock() - self._last > IDLE_SECONDS:
            self._leave(polite=True)
        return self._client

    def _leave(self, *, polite: bool) -> None:
        if self._client is not None:
            leave(self._client, self._server.timeouts.quit, polite=polite)
            self._client = None


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a server that takes our mail said of itself."""

    size: int | None
    """Bytes of the largest message it takes; None: it names no limit."""
    reports: bool
    """Whether it makes delivery reports when asked (DSN)."""


def check(server: SmtpServer) -> Offer | Outcome:
    """Connect, TLS, EHLO, log in, QUIT; no mail. What it offers when all is well, else why not."""
    try:
        client = connect(server)
    except Refused as refused:
        return refusal(Phase.CONNECT, refused)
    except FAULTS as fault:
        return interruption(Phase.CONNECT, fault)
    offer = Offer(size=size_limit(client), reports=client.has_extn("dsn"))
    leave(client, server.timeouts.quit, polite=True)
    return offer
