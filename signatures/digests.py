"""Digests over parts of one file. What several of them begin with is read once."""

import hashlib
from bisect import bisect_right
from typing import Any, Final

_NAMES: Final = {"sha512_224": "sha512-224", "sha512_256": "sha512-256"}


class Digests:
    """Every signature of a file covers the file's beginning, and the file's own digest begins so too.

    For each algorithm the state after each beginning is kept, so that a file is read once however many signatures it
    has, and a signature that is judged twice costs nothing the second time.
    """

    def __init__(self, pdf: bytes) -> None:
        self.pdf = pdf
        self._view = memoryview(pdf)
        self._states: dict[str, list[tuple[int, Any]]] = {}
        self._known: dict[tuple[str, int, int, int], bytes] = {}

    def whole(self) -> str:
        """SHA-256 of the whole file, in hexadecimal."""
        return self.over("sha256", (0, len(self.pdf), len(self.pdf), 0)).hex()

    def over(self, algorithm: str, byte_range: tuple[int, int, int, int]) -> bytes:
        """The digest over two stretches, each given as start and length, the first from the file's first byte on.

        Raises ValueError for an algorithm nobody knows, or another start.
        """
        start, length, start2, length2 = byte_range
        if start != 0:
            raise ValueError("not from the first byte")
        identity = (algorithm, length, start2, length2)
        if identity not in self._known:
            digest = self._beginning(_NAMES.get(algorithm, algorithm), length)
            digest.update(self._view[start2 : start2 + length2])
            self._known[identity] = digest.digest()
        return self._known[identity]

    def _beginning(self, algorithm: str, length: int) -> Any:
        """The state after so many bytes, to go on from."""
        states = self._states.setdefault(algorithm, [(0, hashlib.new(algorithm))])
        position = bisect_right(states, length, key=lambda state: state[0])
        done, digest = states[position - 1]
        if done < length:
            digest = digest.copy()
            digest.update(self._view[done:length])
            states.insert(position, (length, digest))
        return digest.copy()
