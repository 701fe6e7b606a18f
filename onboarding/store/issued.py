"""Issued agreements in the store. Once written, only their state changes: a trigger holds the rest."""

import sqlalchemy as sa

from agreements.agreement import Agreement, IssuedState, SigningRoute
from agreements.casenumber import AgreementNumber, CaseNumber, parse_case_number
from agreements.errors import TemporaryError
from agreements.language import Language
from agreements.times import format_utc, parse_utc
from onboarding.store.columns import ids_text, read_ids, read_signers, read_values, signers_text, values_text
from onboarding.store.tables import agreements

_OURS = agreements.c.adopted == 0
"""Only what we issued proves anything by its bytes: an adopted agreement is the return itself."""


def insert_agreement(connection: sa.Connection, agreement: Agreement) -> None:
    """Store an issued version. Its bytes and its field map must be in the blobs already.

    Raises TemporaryError if the version exists.
    """
    row = {
        "case_number": str(agreement.number.case),
        "version": agreement.number.version,
        "sha256": agreement.sha256,
        "size": agreement.size,
        "template_version": agreement.template_version,
        "language": agreement.language.value,
        "pages": agreement.pages,
        "example_terms": int(agreement.example_terms),
        "route": agreement.route.value,
        "open_fields": ids_text(agreement.open_fields),
        "control_code": agreement.control_code,
        "field_map_sha256": agreement.field_map_sha256,
        "field_values": values_text(agreement.values),
        "signers": signers_text(agreement.signers),
        "state": agreement.state.value,
        "issued_at": format_utc(agreement.issued_at),
        "issued_by": agreement.issued_by,
        "adopted": int(agreement.adopted),
    }
    try:
        connection.execute(agreements.insert().values(**row))
    except sa.exc.IntegrityError as error:
        raise TemporaryError("case_changed", case=str(agreement.number.case)) from error


def find_agreement(connection: sa.Connection, number: AgreementNumber) -> Agreement | None:
    """The issued version with this number, or None."""
    query = sa.select(agreements).where(_is(number))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _agreement(row)


def list_agreements(connection: sa.Connection, case: CaseNumber) -> tuple[Agreement, ...]:
    """Every issued version of a case, first one first."""
    query = sa.select(agreements).where(agreements.c.case_number == str(case)).order_by(agreements.c.version)
    return tuple(_agreement(row) for row in connection.execute(query).mappings())


def issued_sizes(connection: sa.Connection) -> frozenset[int]:
    """Every size in bytes an issued agreement has: the lengths at which a return's beginning is worth hashing."""
    return frozenset(connection.execute(sa.select(agreements.c.size).where(_OURS).distinct()).scalars())


def is_issued(connection: sa.Connection, *, size: int, sha256: str) -> bool:
    """Whether these are exactly the bytes of an agreement we issued: nobody has signed them."""
    return find_by_bytes(connection, size=size, sha256=sha256) is not None


def find_by_bytes(connection: sa.Connection, *, size: int, sha256: str) -> Agreement | None:
    """The issued agreement with exactly these bytes, or None. Its number is printed in it, so no two are alike."""
    query = sa.select(agreements).where(_OURS, agreements.c.size == size, agreements.c.sha256 == sha256)
    row = connection.execute(query.order_by(agreements.c.issued_at).limit(1)).mappings().one_or_none()
    return None if row is None else _agreement(row)


def void_agreement(connection: sa.Connection, number: AgreementNumber) -> None:
    """Mark an issued version void.

    Raises TemporaryError("case_changed") if there is no such version or it is void already.
    """
    changed = connection.execute(
        agreements.update()
        .where(_is(number), agreements.c.state == IssuedState.ISSUED.value)
        .values(state=IssuedState.VOID.value)
        .returning(agreements.c.version)
    ).scalar_one_or_none()
    if changed is None:
        raise TemporaryError("case_changed", case=str(number.case))


def _is(number: AgreementNumber) -> sa.ColumnElement[bool]:
    return sa.and_(agreements.c.case_number == str(number.case), agreements.c.version == number.version)


def _agreement(row: sa.RowMapping) -> Agreement:
    return Agreement(
        number=AgreementNumber(parse_case_number(row["case_number"]), row["version"]),
        sha256=row["sha256"],
        size=row["size"],
        template_version=row["template_version"],
        language=Language(row["language"]),
        pages=row["pages"],
        example_terms=bool(row["example_terms"]),
        route=SigningRoute(row["route"]),
        open_fields=read_ids(row["open_fields"]),
        control_code=row["control_code"],
        field_map_sha256=row["field_map_sha256"],
        values=read_values(row["field_values"]),
        signers=read_signers(row["signers"]),
        state=IssuedState(row["state"]),
        issued_at=parse_utc(row["issued_at"]),
        issued_by=row["issued_by"],
        adopted=bool(row["adopted"]),
    )
