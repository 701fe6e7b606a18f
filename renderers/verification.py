"""The verification record as a PDF: whether both parties answer for the set-up, and what that rests on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from agreements.calendar import norwegian_time
from agreements.language import Language
from agreements.texts import text
from agreements.turn import Party
from agreements.values import format_date, format_time
from agreements.verification import (
    ATTESTING,
    Attestation,
    MethodResult,
    MethodState,
    VerificationRecord,
    counts,
    lacks,
)
from renderers.agreement_view import group_checksum, plain
from renderers.printing import print_pdf
from renderers.record import STYLESHEETS, party_label, plain_lines
from renderers.templates import Words, fill, words


@dataclass(frozen=True, kw_only=True)
class _Attested:
    """One attestation as it is printed; without a name: the party has given none."""

    party: str
    name: str = ""
    at: str = ""
    channel: str = ""
    counts: bool = False
    verdict: str = ""


@dataclass(frozen=True, kw_only=True)
class _Way:
    code: str
    text: str
    agreed: bool
    result: str
    is_lacking: bool
    performed: str
    evidence: list[str]
    checksum: str


def render_verification(record: VerificationRecord, language: Language) -> bytes:
    """The printable record. Raises ConfigurationError `render_failed` if the page can't be made exactly as meant."""
    say = words(language)
    html = fill(
        "verification.html",
        language,
        style=None,
        title=say("verification.document_title", number=record.case_number),
        record=record,
        customer=plain(record.customer.name),
        vendor=plain(record.vendor.name),
        system=plain(record.vendor.system_name),
        made_on=format_date(record.made_on, language),
        configuration=group_checksum(record.configuration_sha256),
        lacks=[say(f"verification.lacks.{lack.value}") for lack in lacks(record)],
        attestations=[row for party in ATTESTING for row in _attested(record, party, language, say)],
        ways=[_way(result, language, say) for result in record.results],
    )
    return print_pdf(html, *STYLESHEETS, made_on=record.made_on)


def _attested(record: VerificationRecord, party: Party, language: Language, say: Words) -> Iterator[_Attested]:
    """All of a party's attestations, oldest first, with whether they count; one empty line if it has given none."""
    label = party_label(party, language)
    given = sorted((a for a in record.attestations if a.party is party), key=lambda attestation: attestation.at)
    for attestation in given:
        yield _Attested(
            party=label,
            name=plain(attestation.name),
            at=_time(attestation.at, language, say),
            channel=say(f"verification.channels.{attestation.channel.value}"),
            counts=counts(record, attestation),
            verdict=_verdict(record, attestation, say),
        )
    if not given:
        yield _Attested(party=label)


def _verdict(record: VerificationRecord, attestation: Attestation, say: Words) -> str:
    if attestation.configuration_sha256 != record.configuration_sha256:
        return say("verification.counts_no_other")
    return say("verification.counts_yes" if counts(record, attestation) else "verification.counts_no_testimony")


def _way(result: MethodResult, language: Language, say: Words) -> _Way:
    who = (plain(result.by), "" if result.party is None else text(f"states.party.{result.party.value}", language))
    when = "" if result.on is None else format_date(result.on, language)
    return _Way(
        code=result.method.value,
        text=result.label or say(f"verification.methods.{result.method.value}"),
        agreed=result.agreed,
        result=say(f"verification.method_states.{result.state.value}"),
        is_lacking=result.agreed and result.state in {MethodState.OPEN, MethodState.FAILED},
        performed="\n".join(part for part in (*who, when) if part),
        evidence=plain_lines(result.evidence),
        checksum=group_checksum(result.evidence_sha256) if result.evidence_sha256 else "",
    )


def _time(at: datetime, language: Language, say: Words) -> str:
    local = norwegian_time(at)
    return say("verification.time", date=format_date(local.date(), language), time=format_time(local, language))
