"""Frames between the program, its zygote and the zygote's children: a length, a JSON header, a length, a body.

Only bytes cross: nothing is ever unpickled.
"""

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

MAX_FRAME_BYTES = 64 * 2**20  # far above any request (a trust configuration, the lines of an issued agreement)
MAX_FILES = 16  # descriptors with one request: the return, the issued agreement, and room
_LENGTHS = struct.Struct("!II")


class ConnectionGone(Exception):
    """The other end is gone."""


def send_frame(connection: socket.socket, header: dict[str, Any], body: bytes = b"", files: Sequence[int] = ()) -> None:
    """Send a frame, with open descriptors beside it. Raises ConnectionGone."""
    head = json.dumps(header).encode()
    try:
        lengths = _LENGTHS.pack(len(head), len(body))
        if files:
            socket.send_fds(connection, [lengths], list(files))
        else:
            connection.sendall(lengths)
        connection.sendall(head + body)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ConnectionGone from error


def receive_frame(connection: socket.socket) -> tuple[dict[str, Any], bytes, list[int]]:
    """Receive a frame and the descriptors that came with it.

    Raises ConnectionGone, and TimeoutError as the socket is set.
    """
    try:
        lengths, files, _flags, _address = socket.recv_fds(connection, _LENGTHS.size, MAX_FILES)
        lengths += _receive(connection, _LENGTHS.size - len(lengths)) if lengths else b""
        if not lengths:
            raise ConnectionGone
        head_length, body_length = _LENGTHS.unpack(lengths)
        if head_length + body_length > MAX_FRAME_BYTES:
            raise ConnectionGone
        header: dict[str, Any] = json.loads(_receive(connection, head_length))
        return header, _receive(connection, body_length), files
    except ConnectionResetError as error:
        raise ConnectionGone from error


def _receive(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        chunk = connection.recv(min(length - len(received), 2**20))
        if not chunk:
            raise ConnectionGone
        received += chunk
    return bytes(received)
