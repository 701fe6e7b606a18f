"""Messages by SMTP, and exactly how far each came. The only importer of smtplib.

    connect ─> before_data ─> in_body ─> after_dot ─> reply

Until the final dot is sent the server has no message, so every fault before it means "did not leave". The dot is sent
by itself, and the phase turns before it is sent, so that a fault from there on is never mistaken for an earlier one.
smtplib has neither: it sends the dot with the body and throws the last reply's text, our receipt, away.

One final reply answers for every recipient of a transaction (RFC 5321 4.1.1.4; only LMTP has one for each). So the copy
to ourselves goes in the transaction of the message it proves: taken for one is taken for both, and refused for both.

Residual risk: a server that takes a message and then answers 4xx or 5xx, or loses what it answered 2xx for.
"""

from outbox.smtp.server import SmtpServer, Timeouts, TokenSource
from outbox.smtp.session import Offer, Session, check
from outbox.smtp.transaction import Envelope

__all__ = ["Envelope", "Offer", "Session", "SmtpServer", "Timeouts", "TokenSource", "check"]
