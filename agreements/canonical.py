"""Canonical JSON: one spelling for one value, for hashes, comparison and storage (keys sorted, no spaces, UTF-8)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"


def canonical_json(value: object) -> str:
    """The canonical text of a JSON value. Raises TypeError or ValueError for what JSON can't hold (NaN, dates, …)."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256_of(value: object) -> str:
    """SHA-256 (hex) of the canonical text."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
