"""The demo's mail server: loopback only, keeps what it received as `.eml` files."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

_MAX_BYTES = 64 * 2**20


class _Keeper:
    """Writes every message it is handed to a file named by its agreement."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        agreement = str(message_from_bytes(content)["X-Agreement-ID"])
        path = self._folder / f"{agreement}.eml"
        copies = len(list(self._folder.glob(f"{agreement}*.eml")))
        path = path if not copies else path.with_name(f"{agreement}-{copies + 1}.eml")
        path.write_bytes(content)
        return f"250 2.0.0 Ok: kept as {path.name}"


class _AnyPort(Controller):
    """A controller that lets the operating system choose the port, and knows it before its own first connection."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd annotates most of itself


@contextmanager
def keeping_mail_server(folder: Path) -> Iterator[int]:
    """Run it on a free loopback port; yields the port."""
    folder.mkdir(exist_ok=True)
    controller = _AnyPort(_Keeper(folder), hostname="127.0.0.1", port=0, data_size_limit=_MAX_BYTES)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
