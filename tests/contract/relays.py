"""Mail relays that take what the outbox sends: Postfix in front of Dovecot, and aiosmtpd. Same ports, same answers.

Each listens in several ways (`Kind`), asks for a log-in where there is TLS, and refuses by the addresses of `ANSWERS`.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509

from outbox.smtp import SmtpServer
from tests.intake.imap_servers import PASSWORD, USER, Dovecot, closing_client, free_port
from tests.intake.mail_relay import DOMAIN, SIZE_LIMIT, postfix
from tests.outbox.mail_servers import QUICK, RealServer, ThrowawayTls, TokenMailbox, throwaway_tls

Kind = Literal["starttls", "implicit", "bare", "expired", "other_name", "impatient"]
"""bare: no TLS is offered; impatient: leaves after a second of silence."""
KINDS: tuple[Kind, ...] = ("starttls", "implicit", "bare", "expired", "other_name", "impatient")
DIGIPOST, COPY, NOBODY = f"digipost@{DOMAIN}", f"kopi@{DOMAIN}", f"finnes-ikke@{DOMAIN}"
ANSWERS: Mapping[str, Mapping[str, str]] = {
    "mail": {
        f"travel@{DOMAIN}": "451 4.7.500 Server busy",
        f"fremmed@{DOMAIN}": "553 5.7.1 Sender address rejected",
    },
    "rcpt": {
        f"graa@{DOMAIN}": "450 4.2.0 Greylisted",
        f"ukjent@{DOMAIN}": "550 5.1.1 User unknown",
        f"full@{DOMAIN}": "552 5.2.2 Mailbox full",
        f"stengt@{DOMAIN}": "421 4.3.2 Closing",
    },
    "data": {f"sperret@{DOMAIN}": "554 5.7.1 No data", f"senere@{DOMAIN}": "450 4.2.1 Not now"},
    "dot": {f"sopla@{DOMAIN}": "554 5.7.1 Spam", f"vent@{DOMAIN}": "451 4.2.1 Try later"},
}
"""Of each command the addresses that it is refused for. `mail`: of the sender."""


class Relay(Protocol):
    """What the contract needs of a relay."""

    tls: ThrowawayTls
    token: str
    """One that is good for a log-in as USER."""

    def port(self, kind: Kind) -> int: ...

    def arrived(self, address: str) -> list[bytes]:
        """What has come for an address, whole, in no order."""
        ...

    def connections(self) -> int:
        """How many there have been."""
        ...


def settings(relay: Relay, kind: Kind = "starttls", **changes: Any) -> SmtpServer:
    """As our outbox reaches it."""
    usual: dict[str, Any] = {
        "host": "localhost",
        "port": relay.port(kind),
        "tls": "implicit" if kind == "implicit" else "starttls",
        "timeouts": QUICK,
        "tls_context": relay.tls.client,
        "username": USER,
        "password": PASSWORD,
    }
    return SmtpServer(**(usual | changes))


@dataclass(frozen=True)
class _Certificates:
    good: Path
    expired: Path
    other_name: Path
    tls: ThrowawayTls
    contexts: Mapping[str, Any]


def _certificates(folder: Path) -> _Certificates:
    """Three for one relay, by one authority."""
    for name in ("good", "expired", "other"):
        (folder / name).mkdir()
    good = throwaway_tls(folder / "good")
    make = partial(throwaway_tls, authority=good.authority)
    expired = make(folder / "expired", lasts=dt.timedelta(hours=-1))
    other = make(folder / "other", names=(x509.DNSName("mail.example.org"),))
    contexts = {"expired": expired.server, "other_name": other.server}
    return _Certificates(folder / "good", folder / "expired", folder / "other", good, contexts)


# --- Postfix --------------------------------------------------------------------------------------------------------

_MAIN = """
smtpd_delay_reject = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = {good}/server.pem
smtpd_tls_auth_only = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {sasl}
smtpd_sasl_auth_enable = yes
smtpd_sender_restrictions = {mail}
smtpd_recipient_restrictions = {rcpt}
smtpd_data_restrictions = {data}
smtpd_end_of_data_restrictions = {dot}
"""
_SERVICES = """
127.0.0.1:{starttls} inet n - n - - smtpd
127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:{bare} inet n - n - - smtpd -o smtpd_tls_security_level=none
127.0.0.1:{expired} inet n - n - - smtpd -o smtpd_tls_chain_files={bad}/server.pem
127.0.0.1:{other_name} inet n - n - - smtpd -o smtpd_tls_chain_files={other}/server.pem
127.0.0.1:{impatient} inet n - n - - smtpd -o smtpd_timeout=1s
"""


@dataclass(kw_only=True)
class PostfixRelay:
    """Postfix with TLS, its log-ins asked of Dovecot, where its mail ends, too."""

    log: Path
    ports: Mapping[Kind, int]
    tls: ThrowawayTls
    behind: Dovecot
    token: str

    def port(self, kind: Kind) -> int:
        return self.ports[kind]

    def arrived(self, address: str) -> list[bytes]:
        with closing_client(self.behind.client(address)) as client:
            client.select_folder("INBOX", readonly=True)
            mails = client.fetch(client.search(), ["BODY.PEEK[]"])
        return [mail[b"BODY[]"] for mail in mails.values()]

    def connections(self) -> int:
        return len(re.findall(r"smtpd\[\d+\]: connect from", self.log.read_text()))


@contextmanager
def postfix_relay(behind: Dovecot, folder: Path) -> Iterator[PostfixRelay]:
    """`behind` holds mailboxes for USER, DIGIPOST and COPY."""
    folder.chmod(0o755)
    certificates = _certificates(folder)
    ports: dict[Kind, int] = {kind: free_port() for kind in KINDS}
    tables = {
        "mail": f"check_sender_access {_table('mail')}",
        "rcpt": f"check_recipient_access {_table('rcpt')}",
        "data": f"check_recipient_access {_table('data')}",
        "dot": f"check_recipient_access {_table('dot')}",
    }
    main = _MAIN.format(good=certificates.good, sasl=behind.sasl, **tables)
    services = _SERVICES.format(bad=certificates.expired, other=certificates.other_name, **ports)
    with postfix(behind, main=main, services=services) as running:
        token = "x" * 2000  # as long as those of Microsoft
        behind.trust(token)
        yield PostfixRelay(log=running.folder / "log", ports=ports, tls=certificates.tls, behind=behind, token=token)


def _table(stage: str) -> str:
    rows = ", ".join(f"{{ {address} = {answer} }}" for address, answer in ANSWERS[stage].items())
    return f"inline:{{ {rows} }}"


# --- aiosmtpd -------------------------------------------------------------------------------------------------------


@dataclass
class _Answering(TokenMailbox):
    """Refuses by address, as the table says; counts connections."""

    seen: int = 0
    accepted: list[tuple[str, bytes]] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return ANSWERS["mail"].get(address, "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return ANSWERS["rcpt"].get(address, "250 OK")

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        refused = ANSWERS["dot"].get(envelope.rcpt_tos[0])
        if refused is None:
            assert isinstance(envelope.original_content, bytes)
            self.accepted += [(address, envelope.original_content) for address in envelope.rcpt_tos]
        return refused or f"250 2.0.0 Ok: queued as {len(self.accepted):04X}"


class _Speaker(SMTP):
    """Counts connections, and may refuse DATA itself, which aiosmtpd has no hook for."""

    def connection_made(self, transport: Any) -> None:
        if not self.transport:  # once more after STARTTLS
            self.event_handler.seen += 1
        super().connection_made(transport)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        assert self.envelope is not None
        refused = ANSWERS["data"].get(next(iter(self.envelope.rcpt_tos), ""))
        await (super().smtp_DATA(arg) if refused is None else self.push(refused))


@dataclass(kw_only=True)
class AiosmtpdRelay:
    """The same of aiosmtpd, in this process; what it takes has arrived."""

    servers: Mapping[Kind, RealServer]
    mailbox: _Answering
    tls: ThrowawayTls
    token: str

    def port(self, kind: Kind) -> int:
        return self.servers[kind].port

    def arrived(self, address: str) -> list[bytes]:
        return [content for recipient, content in self.mailbox.accepted if recipient == address]

    def connections(self) -> int:
        return self.mailbox.seen


@contextmanager
def aiosmtpd_relay(folder: Path) -> Iterator[AiosmtpdRelay]:
    certificates = _certificates(folder)
    mailbox = _Answering(good={"x" * 600})  # aiosmtpd takes no longer line
    common: dict[str, Any] = {
        "authenticator": _log_in,
        "speaker": _Speaker,
        "data_size_limit": SIZE_LIMIT,
        "ident": "relay ESMTP",
    }
    tls = {"tls_context": certificates.tls.server, "require_starttls": True}
    ways: dict[Kind, dict[str, Any]] = {
        "starttls": tls,
        "implicit": {"implicit_tls": certificates.tls.server, "auth_require_tls": False},
        "bare": {},
        "expired": {"tls_context": certificates.contexts["expired"]},
        "other_name": {"tls_context": certificates.contexts["other_name"]},
        "impatient": tls | {"timeout": 1},
    }
    with ExitStack() as stack:
        servers: dict[Kind, RealServer] = {
            kind: stack.enter_context(RealServer(mailbox, **common, **way)) for kind, way in ways.items()
        }
        yield AiosmtpdRelay(servers=servers, mailbox=mailbox, tls=certificates.tls, token="x" * 600)


def _log_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)
