"""A register on loopback that answers in recorded shapes, or misbehaves.

The shapes are written after documentation and public code and are UNCONFIRMED LIVE (facts/domain.md §4). Organisations
and people are made up.
"""

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

Answer = Callable[[BaseHTTPRequestHandler], None]
KARI: Final = {"fodselsdato": "29.02.1980", "navn": "KARI NORDMANN", "rolle": {"kode": "DAGL"}}
PER: Final = {"fodselsdato": "14.03.1975", "navn": "PER \u00d8YE", "rolle": {"kode": "STYR"}}


def entity(number: str, **changes: Any) -> dict[str, Any]:
    """An organisation, as Enhetsregisteret gives it."""
    return {
        "organisasjonsnummer": number,
        "navn": "FJELL OG FJORD AS",
        "organisasjonsform": {"kode": "AS", "beskrivelse": "Aksjeselskap"},
        "maalform": "Nynorsk",
        "konkurs": False,
        "underAvvikling": False,
        "underTvangsavviklingEllerTvangsopplosning": False,
        "forretningsadresse": {"adresse": ["Storgata 1"], "postnummer": "0155", "poststed": "OSLO"},
        **changes,
    }


def authority(*combinations: list[dict[str, Any]], codes: tuple[str, str, str] = ("OK", "OK", "RF")) -> dict[str, Any]:
    """A right, as Fullmakttjenesten gives it."""
    names = ("rutineStatus", "kombinasjonStatus", "regelStatus")
    return {
        "enhet": {"konkurs": "false"},
        "status": {name: {"kode": code} for name, code in zip(names, codes, strict=True)},
        "signeringsGrunnlag": {"signaturProkuraRoller": {"signaturProkuraFritekst": "Daglig leder alene."}},
        "signeringsKombinasjon": {
            "kombinasjon": [{"kode": "X", "personRolleKombinasjon": persons} for persons in combinations]
        },
    }


def says(body: Mapping[str, Any] | bytes, status: int = 200, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content-Length": str(len(data))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


class Brreg:
    """Runs while entered; `answers`: path -> what it does. Any other path is 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.answers.get(self.path, says(b"", 404))(self)

            def log_message(self, *_given: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def hangs(self, handler: BaseHTTPRequestHandler) -> None:
        """Says nothing until the test is over."""
        self.released.wait(30)

    def drips(self, handler: BaseHTTPRequestHandler) -> None:
        """A byte at a time, each well within any time-out, for ever."""
        with suppress(OSError):
            while not self.released.wait(0.1):
                handler.wfile.write(b"X")
                handler.wfile.flush()

    def knows(self, number: str, signature: Answer, *, organisation: Answer | None = None) -> None:
        """An organisation with a right to sign, and no prokura."""
        self.answers[f"/enhetsregisteret/api/enheter/{number}"] = organisation or says(entity(number))
        self.answers[f"/fullmakt/enheter/{number}/signatur"] = signature
        self.answers[f"/fullmakt/enheter/{number}/prokura"] = says(authority())
