"""Summaries to render: set up, with deviations and changes, of agreements that end."""

from datetime import UTC, datetime, timedelta

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.configuration import Change, Difference, Setting
from agreements.fieldmap import Rectangle
from agreements.parameters import Method, Parameter, Parameters, Source
from agreements.summary import Agreed, ConfigurationSummary, SetUp, build_summary
from tests.renderers.samples import DUE, LONG_NAME, MUCH, TERMS, sample, summary

SET_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CERTIFICATE: dict[str, JsonValue] = {
    "subject": "CN=Fjordsystem AS, O=Fjordsystem AS, C=NO",
    "issuer": "CN=Buypass Class 3 CA 3, O=Buypass AS-983163327, C=NO",
    "serial": "1234567890123456789012",
    "not_after": "2027-01-01",
    "sha256": "ab" * 32,
}
FITTING = MUCH | {"customer.name": LONG_NAME[:130], "print.return_name": LONG_NAME[:130]}
"""As much as there is room for."""
DIFFERENCE = Difference(
    agreement="DA-2026-000012-K.1",
    approved_at=SET_AT - timedelta(days=200),
    changes=(
        Change(field_id="admin.birth_date", before="1980-05-17", after="1981-01-02"),
        Change(field_id="service.print_fallback", before=False, after=True),
        Change(field_id="print.return_address", before=None, after=MUCH["print.return_address"]),
    ),
)
SETTINGS: dict[str, JsonValue] = {
    "setup.sender_id": 1234567,
    "setup.certificate": CERTIFICATE,
    "setup.certificate_kind": "buypass",
    "setup.sftp_key": "SHA256:" + "A" * 43,
    "setup.logo": {"name": "logo.svg", "sha256": "cd" * 32},
    "vendor.broker_id": 999,
}
"""The last one is otherwise than signed."""
_READ_AS = (Method.PRINTED, Method.FORM_FIELD, Method.OCR, Method.PERSON)


def proofs_of(values: dict[str, JsonValue]) -> Parameters:
    """Each value as if it stood on one of the pages 2 to 5, read in each way there is."""
    return Parameters(
        values=tuple(
            Parameter(
                field_id=name,
                value=value,
                source=Source(
                    document=TERMS[0].sha256,
                    page=2 + place % 4,
                    rectangle=Rectangle(x0=70, y0=500.5, x1=300, y1=512),
                    field=None,
                    method=_READ_AS[place % 4],
                    confidence=1 if place % 4 != 2 else 0.93,
                ),
            )
            for place, (name, value) in enumerate(values.items())
        )
    )


def set_up_summary(
    values: dict[str, JsonValue] = FITTING,
    *,
    kind: str = "new",
    settings: dict[str, JsonValue] = SETTINGS,
    difference: Difference | None = None,
    unread: tuple[str, ...] = (),
    reason: str = "avtalt med Digipost",
    by: str = "kari",
) -> ConfigurationSummary:
    """An approved agreement that was read, and set up."""
    signed = {name: value for name, value in sample(values).values.items() if name not in unread}
    signed["agreement.kind"] = kind
    given = tuple(
        Setting(field_id=name, value=value, by=by, at=SET_AT, reason=reason) for name, value in settings.items()
    )
    return build_summary(
        load_catalogue(),
        summary(values).subject,
        Agreed(values=signed, proofs=proofs_of(signed), unread=unread),
        SetUp(settings=given, derived={"setup.environment": "https://api.test.digipost.no"}, difference=difference),
        due=DUE,
    )
