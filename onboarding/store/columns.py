"""How values become columns and back: signers, catalogue values and the clock as canonical JSON, a turn in four."""

import json
from collections.abc import Mapping
from datetime import date
from typing import cast

import sqlalchemy as sa

from agreements.canonical import JsonValue, canonical_json
from agreements.parties import Signer, SigningBasis
from agreements.times import format_utc, parse_utc
from agreements.turn import Duty, Party, SetupClock, Turn


def values_text(values: Mapping[str, JsonValue]) -> str:
    """Catalogue values as they are stored."""
    return canonical_json(dict(values))


def read_values(text: str) -> dict[str, JsonValue]:
    """Catalogue values from their column."""
    return cast("dict[str, JsonValue]", json.loads(text))


def ids_text(ids: tuple[str, ...]) -> str:
    """Catalogue ids as they are stored, in order."""
    return canonical_json(list(ids))


def read_ids(text: str) -> tuple[str, ...]:
    """Catalogue ids from their column."""
    return tuple(json.loads(text))


def signers_text(signers: tuple[Signer, ...]) -> str:
    """Declared signers as they are stored, in signing order."""
    return canonical_json(
        [
            {
                "name": signer.name,
                "basis": signer.basis.value,
                "birth_date": signer.birth_date.isoformat() if signer.birth_date else None,
                "email": signer.email,
                "phone": signer.phone,
            }
            for signer in signers
        ]
    )


def read_signers(text: str) -> tuple[Signer, ...]:
    """Declared signers from their column."""
    return tuple(
        Signer(
            name=entry["name"],
            basis=SigningBasis(entry["basis"]),
            birth_date=date.fromisoformat(entry["birth_date"]) if entry["birth_date"] else None,
            email=entry.get("email"),  # rows from before there were any have neither
            phone=entry.get("phone"),
        )
        for entry in json.loads(text)
    )


def clock_text(clock: SetupClock | None) -> str | None:
    """The clock of step 4 as it is stored."""
    if clock is None:
        return None
    counts_from = None if clock.counts_from is None else clock.counts_from.isoformat()
    return canonical_json({"starts_on": clock.starts_on.isoformat(), "counts_from": counts_from, "spent": clock.spent})


def read_clock(text: str | None) -> SetupClock | None:
    """The clock from its column."""
    if text is None:
        return None
    stored = json.loads(text)
    return SetupClock(
        starts_on=date.fromisoformat(stored["starts_on"]),
        counts_from=_read_day(stored["counts_from"]),
        spent=stored["spent"],
    )


def turn_columns(turn: Turn | None) -> dict[str, str | None]:
    """Whose turn it is, as it is stored."""
    if turn is None:
        return dict.fromkeys(("duty", "waiting_for", "since", "counts_from"))
    return {
        "duty": turn.duty.value,
        "waiting_for": turn.party.value,
        "since": format_utc(turn.since),
        "counts_from": None if turn.counts_from is None else turn.counts_from.isoformat(),
    }


def read_turn(row: sa.RowMapping) -> Turn | None:
    """Whose turn it is, from its columns."""
    if row["duty"] is None or row["waiting_for"] is None or row["since"] is None:
        return None
    return Turn(
        duty=Duty(row["duty"]),
        party=Party(row["waiting_for"]),
        since=parse_utc(row["since"]),
        counts_from=_read_day(row["counts_from"]),
    )


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
