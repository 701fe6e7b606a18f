"""`avtale doctor` and mailboxes: a real log-in, every fault told by its cause, and nothing changed."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agreements.language import Language
from intake.sources.mailbox import Failed, Found, Problem, TlsFault, probe
from intake.sources.mailbox.tokens import CachedTokens, Token
from onboarding.doctor import Check, Level
from onboarding.doctor.checks import CHECKS
from onboarding.doctor.mailboxes import check_mailboxes
from onboarding.doctor_view import _hint, _message
from onboarding.settings import load_settings
from tests.intake.imap_faults import FakeImap, no
from tests.intake.imap_servers import PASSWORD, TOKEN, USER, Dovecot, closing_client, dovecot, free_port
from tests.intake.mail_rounds import mail

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def fake() -> Iterator[FakeImap]:
    with FakeImap({1: mail(1)}) as running:
        yield running


@pytest.fixture
def trusted(server: Dovecot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine knows Dovecot's authority, as its administrator would have seen to."""
    (authority,) = server.tls.client.get_ca_certs(binary_form=True)
    (tmp_path / "authorities.pem").write_text(ssl.DER_cert_to_PEM_cert(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))


def checked(config: Path, *mailboxes: dict[str, Any], password: str = PASSWORD) -> list[Check]:
    """The check of these mailboxes, with their password in its file; every text of it can be said."""
    secret = config.parent / "imap-password"
    secret.write_text(password, encoding="utf-8")
    secret.chmod(0o600)
    usual = {"id": "avtaler", "vendor": "fjord", "address": USER, "username": USER}
    written = [usual | ({} if "auth" in each else {"password_file": str(secret)}) | each for each in mailboxes]
    document = yaml.safe_load(config.read_text()) | {"mailboxes": written}
    config.write_text(yaml.safe_dump(document))
    found = list(CHECKS["mailboxes"](load_settings(config), NOW))
    for check in found:
        for language in Language:
            assert "{" not in _message(check, language) + _hint(check, language)
    return found


def codes(found: list[Check]) -> list[tuple[Level, str]]:
    return [(each.level, each.code) for each in found]


def folders_of(server: Dovecot) -> set[str]:
    with closing_client(server.client()) as client:
        return {name for _, _, name in client.list_folders()}


# --- a real server ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("trusted")
def test_a_mailbox_that_is_set_up_is_logged_in_to_and_nothing_in_it_is_changed(server: Dovecot, config: Path) -> None:
    server.deliver(mail(1))
    before = folders_of(server)
    for _ in range(2):
        found = checked(config, {"host": "localhost", "port": server.imaps})
        assert codes(found) == [(Level.OK, "mailbox"), (Level.OK, "mailbox_told"), (Level.OK, "mailbox_places_to_make")]
        assert found[0].params["count"] == 1
        assert found[2].params["names"] == "Inntak/Mottatt, Inntak/Karantene, Inntak/Ikke-avtale"
    assert folders_of(server) == before
    with closing_client(server.client()) as client:
        client.select_folder("INBOX", readonly=True)
        flags = [flag for found in client.get_flags(client.search()).values() for flag in found]
    assert set(flags) <= {rb"\Recent"}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("changes", "password", "code"),
    [
        ({}, "feil", "mailbox_auth_failed"),
        ({"folder": "Avtaler"}, PASSWORD, "doctor_mailbox_folder"),
        ({"username": "ukjent@example.org"}, PASSWORD, "mailbox_auth_failed"),
    ],
)
def test_what_is_wrong_with_the_log_in_or_the_folder_is_told(
    server: Dovecot, config: Path, changes: dict[str, Any], password: str, code: str
) -> None:
    found = checked(config, {"host": "localhost", "port": server.imaps} | changes, password=password)
    assert codes(found) == [(Level.FAULT, code)]


@pytest.mark.usefixtures("trusted")
def test_starttls_and_a_token_work_too_and_the_tokens_lifetime_is_told(server: Dovecot, config: Path) -> None:
    found = checked(config, {"host": "localhost", "port": server.imap, "tls": "starttls"})
    assert found[0].ok
    tokens = CachedTokens(lambda: Token(value=TOKEN, lifetime=3600))
    looked = probe(server.account(credentials=tokens))
    assert isinstance(looked, Found)
    assert looked.token_seconds == 3600


def test_a_token_is_asked_for_once_and_one_that_is_refused_is_told(server: Dovecot) -> None:
    asked: list[str] = []

    def fetch() -> Token:
        asked.append("once")
        return Token(value=TOKEN if len(asked) == 1 else "expired", lifetime=None)

    tokens = CachedTokens(fetch)
    assert isinstance(probe(server.account(credentials=tokens)), Found)
    assert len(asked) == 1
    assert probe(server.account(credentials=tokens)) == Failed(problem=Problem.TOKEN_REFUSED)


def test_one_mailbox_that_is_wrong_does_not_hide_the_next(fake: FakeImap, config: Path) -> None:
    here = {"host": "127.0.0.1", "port": fake.port, "tls": "none"}
    found = checked(
        config,
        {"id": "en", "auth": "oauth2_microsoft", "host": "127.0.0.1", "tenant": "t", "client_id": "c"}
        | {"client_secret_file": str(config.parent / "borte")},
        {"id": "to", "username": "avtaler"} | here,
    )
    assert codes(found)[:2] == [(Level.FAULT, "secret_unreadable"), (Level.OK, "mailbox")]


def test_without_mailboxes_that_is_said(config: Path) -> None:
    assert codes(list(check_mailboxes(load_settings(config), NOW))) == [(Level.OK, "no_mailboxes")]


# --- encryption -------------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str, *, begins: dt.datetime, ends: dt.datetime) -> Path:
    """A certificate that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "authority.pem").write_bytes(made.public_bytes(pem))
    (folder / "own.pem").write_bytes(private + made.public_bytes(pem))
    return folder / "own.pem"


@contextmanager
def speaking_tls(certificate: Path) -> Iterator[int]:
    """A port where TLS with this certificate is spoken, and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError), context.wrap_socket(connection, server_side=True):
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("made", "is_known", "fault"),
    [
        (("localhost", -DAY, DAY), False, TlsFault.UNKNOWN_ISSUER),
        (("localhost", -2 * DAY, -DAY), True, TlsFault.EXPIRED),
        (("localhost", DAY, 2 * DAY), True, TlsFault.NOT_YET_VALID),
        (("imap.example.org", -DAY, DAY), True, TlsFault.OTHER_NAME),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    made: tuple[str, dt.timedelta, dt.timedelta],
    is_known: bool,
    fault: TlsFault,
) -> None:
    folder, (name, begins, ends) = config.parent, made
    own = certificate(folder, name, begins=NOW + begins, ends=NOW + ends)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem" if is_known else folder / "none.pem"))
    with speaking_tls(own) as port:
        found = checked(config, {"host": "localhost", "port": port})
    assert codes(found) == [(Level.FAULT, f"doctor_mailbox_tls_{fault}")]
    assert found[0].params["host"] == "localhost"


@pytest.mark.parametrize(("tls", "fault"), [("implicit", TlsFault.NO_TLS), ("starttls", TlsFault.NO_STARTTLS)])
def test_a_server_that_does_not_encrypt_is_told_and_gets_no_password(
    fake: FakeImap, config: Path, tls: str, fault: TlsFault
) -> None:
    found = checked(config, {"host": "localhost", "port": fake.port, "tls": tls})
    assert codes(found) == [(Level.FAULT, f"doctor_mailbox_tls_{fault}")]
    assert (fake.count("LOGIN"), fake.count("AUTHENTICATE")) == (0, 0)


def test_a_server_that_refuses_starttls_after_offering_it_is_told(fake: FakeImap, config: Path) -> None:
    fake.capabilities += b" STARTTLS"
    fake.script["STARTTLS"] = no(b"not now")
    found = checked(config, {"host": "localhost", "port": fake.port, "tls": "starttls"})
    assert codes(found) == [(Level.FAULT, "doctor_mailbox_tls_no_starttls")]


@contextmanager
def greeting(words: bytes) -> Iterator[int]:
    """A port that greets everybody who comes, and gives the connection up when it is spoken to."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.sendall(words)
                    connection.recv(1000)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.mark.parametrize("tls", ["none", "starttls"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (b"220 mail.example.org ESMTP\r\n", "mailbox_no_imap"),
        (b"+OK POP3 ready\r\n", "mailbox_no_imap"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "mailbox_no_imap"),
        (b"* BYE too busy\r\n", "mailbox_busy"),
    ],
)
def test_what_greets_as_no_imap_server_is_told_to_be_none(config: Path, words: bytes, code: str, tls: str) -> None:
    with greeting(words) as port:
        found = checked(config, {"host": "127.0.0.1", "port": port, "tls": tls})
    assert codes(found) == [(Level.FAULT, code)]


def test_a_port_where_nobody_answers_is_told(config: Path) -> None:
    found = checked(config, {"host": "localhost", "port": free_port()})
    assert codes(found) == [(Level.FAULT, "mailbox_unreachable")]


# --- what a server can do ---------------------------------------------------------------------------------------------


def found_on(fake: FakeImap, config: Path, **changes: Any) -> list[tuple[Level, str]]:
    return codes(checked(config, {"host": "127.0.0.1", "port": fake.port, "tls": "none"} | changes))


def test_a_server_without_idle_and_without_a_way_to_move_is_told(fake: FakeImap, config: Path) -> None:
    fake.capabilities = b"IMAP4rev1 AUTH=PLAIN"
    assert found_on(fake, config)[1:] == [(Level.OK, "mailbox_asked"), (Level.WARNING, "doctor_mailbox_no_move")]
    assert found_on(fake, config, move=False)[2:] == [(Level.OK, "mailbox_left")]


def test_an_account_that_may_only_read_is_told(fake: FakeImap, config: Path) -> None:
    fake.script["SELECT"] = fake._examine
    assert found_on(fake, config)[2:] == [(Level.WARNING, "doctor_mailbox_read_only")]


def test_folders_that_are_there_are_told(fake: FakeImap, config: Path) -> None:
    fake.folders = {b"Inntak/Mottatt", b"Inntak/Karantene", b"Inntak/Ikke-avtale"}
    assert found_on(fake, config)[2:] == [(Level.OK, "mailbox_places")]


def test_nothing_is_fetched_made_or_moved(fake: FakeImap, config: Path) -> None:
    found_on(fake, config)
    changing = {"CREATE", "SUBSCRIBE", "UID FETCH", "UID MOVE", "UID STORE", "UID COPY", "UID EXPUNGE", "APPEND"}
    assert {command for command, _ in fake.commands} & changing == set()


# --- providers --------------------------------------------------------------------------------------------------------


def test_microsoft_365_is_never_sent_a_password(config: Path) -> None:
    found = checked(config, {"host": "outlook.office365.com"})
    assert codes(found) == [(Level.FAULT, "doctor_mailbox_microsoft_password")]


@pytest.mark.parametrize(
    ("changes", "problem", "code"),
    [
        ({"host": "imap.gmail.com"}, Failed(problem=Problem.AUTH_FAILED), "doctor_mailbox_google_password"),
        (
            {"host": "outlook.office365.com", "auth": "oauth2_microsoft", "tenant": "t", "client_id": "c"},
            Failed(problem=Problem.TOKEN_REFUSED),
            "doctor_mailbox_microsoft_rights",
        ),
        (
            {"host": "outlook.office365.com", "auth": "oauth2_microsoft", "tenant": "t", "client_id": "c"},
            Failed(problem=Problem.TOKEN_FAILED, detail="AADSTS7000222"),
            "doctor_mailbox_token",
        ),
    ],
)
def test_what_a_provider_wants_is_told(
    config: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], problem: Failed, code: str
) -> None:
    """The providers are not to be had here: what they would answer is."""
    monkeypatch.setattr("intake.sources.mailbox.probe", lambda account: problem)
    if changes.get("auth"):
        changes |= {"client_secret_file": str(config.parent / "imap-password")}
    found = checked(config, changes)
    assert codes(found) == [(Level.FAULT, code)]
    assert found[0].params.get("detail") == problem.detail
