"""How values become columns and back: signers and catalogue values as canonical JSON."""

import json
from collections.abc import Mapping
from datetime import date
from typing import cast

from agreements.canonical import JsonValue, canonical_json
from agreements.parties import Signer, SigningBasis


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
