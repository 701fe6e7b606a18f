"""Which originals the rows name: those of one case, and those of no case. What is named elsewhere must be added here.

A test holds every column of the store that ends in `sha256` to this list.
"""

import re
from typing import Final

import sqlalchemy as sa

from agreements.casenumber import CaseNumber
from onboarding.store.tables import (
    agreed_methods,
    agreements,
    attestations,
    cases,
    judgements,
    method_results,
    settings,
    snapshots,
)
from outbox.rows import messages

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_OF_A_CASE: Final = (
    agreements.c.sha256,
    agreements.c.field_map_sha256,
    judgements.c.sha256,
    agreed_methods.c.evidence_sha256,
    method_results.c.evidence_sha256,
    attestations.c.evidence_sha256,
    messages.c.sha256,
)
_WRITTEN_IN: Final = (cases.c.signers, cases.c.field_values, settings.c.value, agreements.c.signers)
"""Texts in which hashes of files stand: powers of attorney, logos, certificates."""
_OF_NO_CASE: Final = (snapshots.c.entity_sha256, snapshots.c.signature_sha256, snapshots.c.prokura_sha256)


def case_references(connection: sa.Connection, case: CaseNumber) -> set[str]:
    """The originals that a case's rows name."""
    found: set[str] = set()
    for column in _OF_A_CASE:
        found.update(_values(connection, column, column.table.c.case_number == str(case)))
    for column in _WRITTEN_IN:
        for text in _values(connection, column, column.table.c.case_number == str(case)):
            found.update(_HASH.findall(text))
    return found


def general_references(connection: sa.Connection) -> set[str]:
    """The originals that rows of no case name: answers of registers, mail about several cases, nobody's returns."""
    found: set[str] = set()
    for column in _OF_NO_CASE:
        found.update(_values(connection, column, sa.true()))
    for column in (messages.c.sha256, judgements.c.sha256):
        found.update(_values(connection, column, column.table.c.case_number.is_(None)))
    return found


def evidence_references(connection: sa.Connection) -> set[str]:
    """What anybody's word in step 5 rests on: it stays for as long as its case."""
    columns = (agreed_methods.c.evidence_sha256, method_results.c.evidence_sha256, attestations.c.evidence_sha256)
    return {sha256 for column in columns for sha256 in _values(connection, column, sa.true())}


def _values(connection: sa.Connection, column: sa.Column[str], where: sa.ColumnElement[bool]) -> set[str]:
    return set(connection.execute(sa.select(column).where(where, column.is_not(None))).scalars())
