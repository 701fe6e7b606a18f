"""Access tokens: kept until shortly before they expire, fetched from real programs and from servers on loopback."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import jwt
import msal
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from agreements.errors import ConfigurationError
from intake.sources.mailbox import command_tokens, google_tokens, microsoft_tokens
from intake.sources.mailbox.problems import Fault, Problem
from intake.sources.mailbox.tokens import EARLY_SECONDS, GOOGLE_SCOPE, MICROSOFT_SCOPE, CachedTokens, Held, Token
from tests.intake.imap_servers import eventually


class _Issuer(BaseHTTPRequestHandler):
    """A token endpoint (RFC 6749 3.2)."""

    answer: ClassVar[tuple[int, dict[str, Any]]] = (200, {})
    asked: ClassVar[list[dict[str, list[str]]]] = []

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        type(self).asked.append(parse_qs(self.rfile.read(length).decode()))
        status, answer = type(self).answer
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass


@contextmanager
def issuing(status: int = 200, **answer: Any) -> Iterator[tuple[type[_Issuer], str]]:
    handler: type[_Issuer] = type("Issuer", (_Issuer,), {"answer": (status, answer), "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield handler, f"http://127.0.0.1:{server.server_address[1]}/token"
        finally:
            server.shutdown()
            thread.join()


# --- keeping --------------------------------------------------------------------------------------------------------


def test_a_token_is_kept_until_shortly_before_it_expires_and_thrown_away_when_refused() -> None:
    now, fetched = [0.0], iter("abc")
    tokens = CachedTokens(lambda: Token(value=next(fetched), lifetime=3600), clock=lambda: now[0])
    assert tokens.get() == Held(value="a", reused=False, lifetime=3600)
    now[0] = 3599 - EARLY_SECONDS
    assert tokens.get() == Held(value="a", reused=True, lifetime=3600)
    now[0] = 3600 - EARLY_SECONDS
    assert tokens.get() == Held(value="b", reused=False, lifetime=3600)
    tokens.discard()
    assert tokens.get() == Held(value="c", reused=False, lifetime=3600)


def test_neither_a_token_nor_what_holds_it_shows_its_value() -> None:
    assert "hemmelig" not in repr([Token(value="hemmelig", lifetime=1), Held(value="hemmelig", reused=True)])


# --- a program ------------------------------------------------------------------------------------------------------


def printing(text: str) -> list[str]:
    return [sys.executable, "-c", f"print({text!r})"]


def test_a_program_is_asked_at_every_log_in() -> None:
    tokens = command_tokens(printing("ya29.a0-_/+=="))
    assert [tokens.get() for _ in range(2)] == [Held(value="ya29.a0-_/+==", reused=False)] * 2


@pytest.mark.parametrize(
    "command",
    [
        printing(""),
        printing("two words"),
        printing("two\nlines"),
        printing("control\x01auth=Bearer other"),
        printing("x" * 20_000),
        [sys.executable, "-c", "print('token'); raise SystemExit(1)"],
        ["/no/such/program"],
        ["nul\0l"],
    ],
    ids=["nothing", "words", "lines", "control", "long", "failed", "missing", "unspeakable"],
)
def test_a_program_that_prints_no_token_is_a_problem_with_the_token(command: list[str]) -> None:
    with pytest.raises(Fault) as caught:
        command_tokens(command).get()
    assert caught.value.problem is Problem.TOKEN_FAILED


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_program_that_hangs_is_ended_with_all_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intake.sources.mailbox.tokens.FETCH_SECONDS", 0.5)
    child = tmp_path / "child"
    with pytest.raises(Fault):
        command_tokens(["/bin/sh", "-c", f"sleep 60 & echo $! > {child}; wait"]).get()
    eventually(lambda: not is_running(int(child.read_text())))


# --- Google ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form).decode()


def service_account(private_key: str, token_uri: str) -> dict[str, Any]:
    return {"type": "service_account", "client_email": "x@example.org", "private_key": private_key} | {
        "token_uri": token_uri
    }


def test_google_is_asked_on_behalf_of_the_mailboxs_user(private_key: str) -> None:
    with issuing(access_token="ya29.good", expires_in=3599, token_type="Bearer") as (issuer, address):
        tokens = google_tokens(key=service_account(private_key, address), subject="avtaler@example.org")
        assert [tokens.get().value for _ in range(2)] == ["ya29.good"] * 2
    (asked,) = issuer.asked
    claims = jwt.decode(asked["assertion"][0], options={"verify_signature": False})
    assert (claims["sub"], claims["scope"]) == ("avtaler@example.org", GOOGLE_SCOPE)


def test_googles_refusal_and_a_key_that_is_none_are_problems_with_the_token(private_key: str) -> None:
    with issuing(401, error="unauthorized_client") as (_, address), pytest.raises(Fault) as caught:
        google_tokens(key=service_account(private_key, address), subject="a@example.org").get()
    assert caught.value.detail == "unauthorized_client"
    with pytest.raises(Fault):
        google_tokens(key={"private_key": "x"}, subject="a@example.org").get()


# --- Microsoft ------------------------------------------------------------------------------------------------------


class _Rerouted:
    """msal speaks TLS to Microsoft's own hosts only: this takes its requests to a server on loopback instead, and
    knows the tenant's metadata.
    """

    def __init__(self, address: str) -> None:
        import requests

        self._session = requests.Session()
        self._address = address

    def get(self, url: str, **_: Any) -> Any:
        base = url.partition("/v2.0")[0]
        if "discovery/instance" in url:
            return _Answer({"metadata": []})
        return _Answer({"authorization_endpoint": f"{base}/a", "token_endpoint": f"{base}/t", "issuer": base})

    def post(self, url: str, *, data: Any = None, headers: Any = None, **_: Any) -> Any:
        return self._session.post(self._address, data=data, headers=headers, timeout=5)

    def close(self) -> None:
        self._session.close()


class _Answer:
    status_code = 200
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, content: dict[str, Any]) -> None:
        self.text = json.dumps(content)

    def raise_for_status(self) -> None:
        pass


def reroute(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    real = msal.ConfidentialClientApplication

    def application(client_id: str, **options: Any) -> Any:
        options.pop("timeout")
        return real(client_id, http_client=_Rerouted(address), **options)

    monkeypatch.setattr(msal, "ConfidentialClientApplication", application)


def test_microsoft_is_asked_by_client_credentials_for_the_mail_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    with issuing(access_token="eyJ0.good", expires_in=3599, token_type="Bearer") as (issuer, address):
        reroute(monkeypatch, address)
        tokens = microsoft_tokens(tenant="11111111-2222-3333-4444-555555555555", client_id="app", secret="ord")
        assert [tokens.get().reused for _ in range(2)] == [False, True]
        tokens.discard()
        assert tokens.get() == Held(value="eyJ0.good", reused=False, lifetime=3599)
    assert len(issuer.asked) == 2
    asked = {name: values[0] for name, values in issuer.asked[0].items()}
    assert (asked["grant_type"], asked["scope"], asked["client_secret"]) == (
        "client_credentials",
        MICROSOFT_SCOPE,
        "ord",
    )


@pytest.mark.parametrize(
    ("refusal", "detail"),
    [
        ({"error": "invalid_client", "error_codes": [7000215]}, "AADSTS7000215"),
        ({"error": "invalid_client"}, "invalid_client"),
        ({"error": "<b>not a code</b>"}, ""),
    ],
)
def test_microsofts_refusal_is_a_problem_with_the_token_and_keeps_its_code(
    monkeypatch: pytest.MonkeyPatch, refusal: dict[str, Any], detail: str
) -> None:
    with issuing(401, error_description="no", **refusal) as (_, address):
        reroute(monkeypatch, address)
        with pytest.raises(Fault) as caught:
            microsoft_tokens(tenant="t", client_id="app", secret="feil").get()
    assert (caught.value.problem, caught.value.detail) == (Problem.TOKEN_FAILED, detail)


# --- what is not installed ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "extra"),
    [
        (lambda: microsoft_tokens(tenant="t", client_id="c", secret="s"), "microsoft365"),
        (lambda: google_tokens(key={}, subject="a@example.org"), "google"),
    ],
    ids=["microsoft", "google"],
)
def test_a_missing_library_is_named_by_its_extra(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], object], extra: str
) -> None:
    monkeypatch.setattr("intake.sources.mailbox.tokens.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="extra_missing") as caught:
        make()
    assert caught.value.params == {"extra": extra}
