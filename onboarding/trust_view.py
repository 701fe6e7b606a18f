"""The answers of `avtale trust list` and `avtale trust update`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer, table
from onboarding.settings import Settings
from onboarding.trust import REVOCATIONS, load_configured_trust
from onboarding.trusted_lists import load_every_list
from onboarding.views import local_time, utc
from signatures.listed import TrustedList
from signatures.profiles import SealProfile
from signatures.revocations import ANSWERS, LISTS

_HEADINGS = ("what", "trusted", "holds_until", "state")


def trust_answer(settings: Settings, language: Language, *, now: datetime) -> Answer:
    """Whom the configuration trusts, and by what is told who is qualified."""
    trust, lists = load_configured_trust(settings), load_every_list(settings)
    anchors = [_anchor(der) for der in trust.anchors]
    stamps = [_anchor(der) for der in trust.own_timestamp_anchors]
    oldest, newest, count = _revocation_ages(settings.data_dir / REVOCATIONS)
    data: dict[str, JsonValue] = {
        "anchors": list(anchors),
        "timestamp_anchors": list(stamps),
        "lists": [_list(one, now) for one in lists],
        "require_qualified": trust.require_qualified,
        "profiles": [_profile(one) for one in trust.profiles],
        "revocation": {"files": count, "oldest": utc(oldest), "newest": utc(newest)},
    }
    rows = [*_anchor_rows("anchor", trust.anchors, now, language), *_list_rows(lists, now, language)]
    rows += _anchor_rows("timestamp_anchor", trust.own_timestamp_anchors, now, language)
    for one in trust.profiles:
        state = "confirmed" if one.confirmed is not None else "unconfirmed"
        rows.append([_word("profile", language), f"{one.name} ({one.title})", "-", _word(state, language)])
    since = "-" if oldest is None else local_time(oldest)
    lines = [*table(_HEADINGS, rows, language), text("talk.trust.kept", language, count=count, since=since)]
    return Answer(data=data, lines=lines)


def update_answer(lists: Sequence[TrustedList], language: Language, *, now: datetime) -> Answer:
    """The lists that were taken in."""
    return Answer(
        data=[_list(one, now) for one in lists], lines=table(_HEADINGS, _list_rows(lists, now, language), language)
    )


def _anchor(der: bytes) -> dict[str, JsonValue]:
    certificate = x509.load_der_x509_certificate(der)
    return {"subject": certificate.subject.rfc4514_string(), "valid_until": utc(certificate.not_valid_after_utc)}


def _list(one: TrustedList, now: datetime) -> dict[str, JsonValue]:
    return {
        "territory": one.territory,
        "sequence": one.sequence,
        "issued": utc(one.issued),
        "next_update": utc(one.next_update),
        "stale": one.is_stale(now),
        "signer": one.signer,
    }


def _profile(one: SealProfile) -> dict[str, JsonValue]:
    return {"name": one.name, "title": one.title, "confirmed": one.confirmed is not None}


def _anchor_rows(what: str, ders: Iterable[bytes], now: datetime, language: Language) -> list[list[str]]:
    found = [x509.load_der_x509_certificate(der) for der in ders]
    return [
        [
            _word(what, language),
            one.subject.rfc4514_string(),
            local_time(one.not_valid_after_utc),
            _word("stale" if now >= one.not_valid_after_utc else "fresh", language),
        ]
        for one in found
    ]


def _list_rows(lists: Iterable[TrustedList], now: datetime, language: Language) -> list[list[str]]:
    return [
        [
            _word("list", language),
            f"{one.territory} {one.sequence}",
            local_time(one.next_update),
            _word("stale" if one.is_stale(now) else "fresh", language),
        ]
        for one in lists
    ]


def _word(key: str, language: Language) -> str:
    return text(f"talk.trust.{key}", language)


def _revocation_ages(folder: Path) -> tuple[datetime | None, datetime | None, int]:
    """When the oldest and the newest piece of kept revocation data was written, and how many there are."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in LISTS | ANSWERS]
        times = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in paths]
    except OSError:
        return None, None, 0
    return min(times, default=None), max(times, default=None), len(times)
