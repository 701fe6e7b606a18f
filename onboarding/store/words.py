"""What people wrote into the record, beside it: the events hold a salted digest of the words, never the words.

So the words can be erased and the chain stays whole: a digest without its words tells that something was written and is
erased, and without the salt, which goes with the words, nobody can try out what it was.
"""

import hashlib
import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import Final

import sqlalchemy as sa

from agreements.canonical import JsonValue, canonical_json
from onboarding.store.tables import erasures, event_words

WORDS: Final = frozenset({"reason", "note", "item", "group"})
"""Particulars of events that are in people's own words."""
ERASED: Final = "…"
"""What is shown in place of words that were erased."""
_DIGEST: Final = "digest"
_AT_ONCE: Final = 500  # values in one query: under SQLite's 32,766 and PostgreSQL's 65,535


def put_words(connection: sa.Connection, data: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """An event's particulars as they are recorded: each in words as its digest, the words beside."""
    recorded: dict[str, JsonValue] = dict(data)
    for name in WORDS & data.keys():
        words = data[name]
        if isinstance(words, str):
            recorded[name] = {_DIGEST: _put(connection, words)}
    return recorded


def with_words(connection: sa.Connection, recorded: Iterable[str]) -> list[str]:
    """Recorded particulars with their words again, as canonical as they came; ERASED for words that are gone."""
    read: list[dict[str, JsonValue]] = [json.loads(data) for data in recorded]
    wanted = {digest for data in read for digest in digests_in(data).values()}
    known = _known(connection, wanted) if wanted else {}
    return [_told(data, known) for data in read]


def digests_in(data: Mapping[str, JsonValue]) -> dict[str, str]:
    """The digests in an event's particulars, by name."""
    found: dict[str, str] = {}
    for name in WORDS & data.keys():
        value = data[name]
        if isinstance(value, Mapping) and set(value) == {_DIGEST}:
            found[name] = str(value[_DIGEST])
    return found


def erase_words(connection: sa.Connection, digests: Collection[str], *, event_seq: int) -> int:
    """Erase these words, in the caller's transaction; how many there were. `event_seq`: the event that says so."""
    erased = 0
    for digest in digests:
        if connection.execute(sa.select(event_words.c.digest).where(event_words.c.digest == digest)).first() is None:
            continue
        connection.execute(erasures.insert().values(digest=digest, event_seq=event_seq))
        connection.execute(event_words.delete().where(event_words.c.digest == digest))
        erased += 1
    return erased


def find_altered(connection: sa.Connection) -> str | None:
    """The digest of words that are not what was recorded; None if all of them are."""
    query = sa.select(event_words.c.digest, event_words.c.salt, event_words.c.words)
    altered = (row.digest for row in connection.execute(query) if _digest(row.salt, row.words) != row.digest)
    return next(altered, None)


def missing_words(connection: sa.Connection, digests: Collection[str]) -> frozenset[str]:
    """Those whose words are neither there nor erased."""
    return frozenset(digests) - _found(connection, event_words, digests) - _found(connection, erasures, digests)


def present_words(connection: sa.Connection, digests: Collection[str]) -> frozenset[str]:
    """Those whose words are there."""
    return _found(connection, event_words, digests)


def _found(connection: sa.Connection, table: sa.Table, digests: Collection[str]) -> frozenset[str]:
    listed, found = list(digests), set[str]()
    for start in range(0, len(listed), _AT_ONCE):
        some = table.c.digest.in_(listed[start : start + _AT_ONCE])
        found.update(connection.execute(sa.select(table.c.digest).where(some)).scalars())
    return frozenset(found)


def _put(connection: sa.Connection, words: str) -> str:
    salt = secrets.token_hex(16)
    digest = _digest(salt, words)
    connection.execute(event_words.insert().values(digest=digest, salt=salt, words=words))
    return digest


def _digest(salt: str, words: str) -> str:
    return hashlib.sha256(f"{salt}\n{words}".encode()).hexdigest()


def _known(connection: sa.Connection, digests: Collection[str]) -> dict[str, str]:
    listed, known = list(digests), dict[str, str]()
    for start in range(0, len(listed), _AT_ONCE):
        query = sa.select(event_words.c.digest, event_words.c.words)
        some = query.where(event_words.c.digest.in_(listed[start : start + _AT_ONCE]))
        known.update({row.digest: row.words for row in connection.execute(some)})
    return known


def _told(data: dict[str, JsonValue], known: Mapping[str, str]) -> str:
    words: dict[str, JsonValue] = {name: known.get(digest, ERASED) for name, digest in digests_in(data).items()}
    return canonical_json({**data, **words})
