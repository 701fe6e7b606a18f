"""A watched mailbox as a source of deliveries. The only importer of imapclient, and of what fetches access tokens."""

from intake.sources.mailbox.account import Account, Password, Timeouts
from intake.sources.mailbox.entries import (
    Finished,
    MailboxState,
    MailEntry,
    MailKey,
    MailScan,
    Refused,
    Taken,
    parse_key,
)
from intake.sources.mailbox.moving import Place, place_of
from intake.sources.mailbox.probing import Failed, Found, TlsFault, probe
from intake.sources.mailbox.problems import Fault, MailboxUnavailable, Problem
from intake.sources.mailbox.searching import Search, Sought, search_mail
from intake.sources.mailbox.source import MailboxSource
from intake.sources.mailbox.tokens import Tokens, command_tokens, google_tokens, microsoft_tokens
from intake.sources.mailbox.watching import Backoff, watch

__all__ = [
    "Account",
    "Backoff",
    "Failed",
    "Fault",
    "Finished",
    "Found",
    "MailEntry",
    "MailKey",
    "MailScan",
    "MailboxSource",
    "MailboxState",
    "MailboxUnavailable",
    "Password",
    "Place",
    "Problem",
    "Refused",
    "Search",
    "Sought",
    "Taken",
    "Timeouts",
    "TlsFault",
    "Tokens",
    "command_tokens",
    "google_tokens",
    "microsoft_tokens",
    "parse_key",
    "place_of",
    "probe",
    "search_mail",
    "watch",
]
