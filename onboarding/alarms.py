"""What counts as an alarm, and how it is said. Pure; `alarm_watch` looks, keeps and tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from agreements.language import Language
from agreements.texts import has_text, text
from onboarding.doctor.places import MIN_FREE_BYTES
from onboarding.health import Health
from onboarding.views import local_time
from outbox.outcome import Reason

FAILING_AFTER: Final = timedelta(minutes=5)  # facts/mail-and-folders.md §7: most faults of a network mend themselves
STALE_AFTER: Final = timedelta(minutes=10)  # longer than any part's silence: its folder or mailbox is not watched now
LIST_WARNING: Final = timedelta(days=7)
"""How long before its NextUpdate a list is told of: new ones appear some weeks before, and a file is brought by
a person in a working week."""
SOURCES: Final = ("folder ", "mailbox ")
"""How the names of parts begin that the configuration names."""
_TOKEN_PROBLEMS: Final = frozenset({"mailbox_token_expired", "mailbox_token_refused", "mailbox_token_failed"})
OUTBOX: Final = "outbox"
"""The part that sends. Its problem is a `Reason` where the mail server takes nothing from us."""
_REASONS: Final = frozenset(reason.value for reason in Reason)
_SEEN_ONLY: Final = frozenset({"loop_stuck", "disk_low"})
"""Alarms of which each look tells only that it is so, not since when."""
_STUCK: Final = frozenset({"loop_silent", "loop_died"})
"""Noted by the supervisor, who names the loop himself."""


class AlarmCode(StrEnum):
    """What can be wrong. Texts: `alarms.<code>`."""

    SOURCE_UNAVAILABLE = "source_unavailable"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a code
    WORK_FAILING = "work_failing"
    SENDING_STOPPED = "sending_stopped"
    LOOP_STUCK = "loop_stuck"
    DISK_LOW = "disk_low"
    ITEM_OLD = "item_old"
    MESSAGE_OLD = "message_old"
    MAIL_BLOCKED = "mail_blocked"
    MAIL_FAILED_LATER = "mail_failed_later"
    EVIDENCE_UNREACHABLE = "evidence_unreachable"
    COPY_LOST = "copy_lost"
    PERSON_NEEDED = "person_needed"
    LIST_STALE = "list_stale"


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One thing that is wrong."""

    code: AlarmCode
    part: str
    """As in `status`: `intake`, `outbox`, `data`, `folder <path>`, `mailbox <id>`; `message <number>` for one alone."""
    since: datetime
    """Since when it has been so, as far as we know."""
    problem: str | None = None
    """The code that the part noted."""

    @property
    def key(self) -> str:
        """Names the alarm as long as it lasts."""
        return f"{self.code}:{self.part}"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Since when something is wrong, and its code."""

    since: datetime
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class MailPicture:
    """What is wrong with mail that was to leave, or did. Nothing of it mends itself, so nobody waits to tell it."""

    blocked: Trouble | None = None
    """The oldest that the mail server refused for good, with the reason."""
    failed_later: Mapping[int, datetime] = field(default_factory=dict)
    """Messages that came back after they had left, by row."""
    unsearchable: Trouble | None = None
    """The oldest that may have left, where a place could not be looked into; with the reason."""
    copy_lost: datetime | None = None
    """Since when the mailbox of our copies has turned one away, and taken none since."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that alarms are found in."""

    health: tuple[Health, ...]
    """Of the parts that there are now."""
    stuck: tuple[str, ...]
    """Loops that are dead or do not answer."""
    free_bytes: int
    oldest_item: datetime | None
    """When the oldest delivery was seen that is not done with."""
    oldest_queued: datetime | None
    """When the oldest message was made that has not left."""
    oldest_for_a_person: datetime | None
    """Since when a message has been waiting for a person."""
    mail: MailPicture = MailPicture()
    lists: Mapping[str, datetime] = field(default_factory=dict)
    """Until when each trusted list holds, by territory."""


def find_alarms(picture: Picture, *, now: datetime, after: timedelta) -> Iterator[Alarm]:
    """What is wrong in this picture. `after`: how old something may become that waits."""
    for part in picture.stuck:
        yield Alarm(code=AlarmCode.LOOP_STUCK, part=part, since=now)
    for health in picture.health:
        if now - health.at < STALE_AFTER:
            yield from _of_part(health, now, after)
    if picture.free_bytes < MIN_FREE_BYTES:
        yield Alarm(code=AlarmCode.DISK_LOW, part="data", since=now)
    yield from _of_mail(picture.mail, now)
    for territory, until in picture.lists.items():
        if now >= until - LIST_WARNING:
            yield Alarm(code=AlarmCode.LIST_STALE, part=f"trust {territory}", since=until - LIST_WARNING)
    waiting = (
        (AlarmCode.ITEM_OLD, "intake", picture.oldest_item),
        (AlarmCode.MESSAGE_OLD, "outbox", picture.oldest_queued),
        (AlarmCode.PERSON_NEEDED, "outbox", picture.oldest_for_a_person),
    )
    for code, part, since in waiting:
        if since is not None and now - since >= after:
            yield Alarm(code=code, part=part, since=since)


def _of_mail(mail: MailPicture, now: datetime) -> Iterator[Alarm]:
    if mail.blocked is not None:
        yield Alarm(code=AlarmCode.MAIL_BLOCKED, part="outbox", since=mail.blocked.since, problem=mail.blocked.problem)
    for row, since in mail.failed_later.items():
        yield Alarm(code=AlarmCode.MAIL_FAILED_LATER, part=f"message {row}", since=since)
    if mail.unsearchable is not None and now - mail.unsearchable.since >= FAILING_AFTER:
        problem = mail.unsearchable.problem
        yield Alarm(code=AlarmCode.EVIDENCE_UNREACHABLE, part="outbox", since=mail.unsearchable.since, problem=problem)
    if mail.copy_lost is not None:
        yield Alarm(code=AlarmCode.COPY_LOST, part="outbox", since=mail.copy_lost)


def as_found_now(kept: Alarm, found: Alarm) -> Alarm:
    """An open alarm after one more look: since when what remains has been so, and by which problem."""
    return replace(found, since=kept.since) if kept.code in _SEEN_ONLY else found


def is_over(alarm: Alarm, picture: Picture, *, now: datetime) -> bool:
    """Whether a look that did not find an open alarm ends it.

    It does not where its part was last heard of long ago, and was not well then: a process that has just begun has not
    looked there yet.
    """
    return not any(health.part == alarm.part and _was_bad(health, now) for health in picture.health)


def _was_bad(health: Health, now: datetime) -> bool:
    return now - health.at >= STALE_AFTER and (health.problem is not None or health.waiting_since is not None)


def _of_part(health: Health, now: datetime, after: timedelta) -> Iterator[Alarm]:
    if health.waiting_since is not None and now - health.waiting_since >= after:
        yield Alarm(code=AlarmCode.ITEM_OLD, part=health.part, since=health.waiting_since)
    if health.problem is None or health.since is None or health.problem in _STUCK:
        return
    if now - health.since < FAILING_AFTER:
        return
    code = AlarmCode.WORK_FAILING
    if health.part.startswith(SOURCES):
        code = AlarmCode.TOKEN_EXPIRED if health.problem in _TOKEN_PROBLEMS else AlarmCode.SOURCE_UNAVAILABLE
    if health.part == OUTBOX and health.problem in _REASONS:
        code = AlarmCode.SENDING_STOPPED
    yield Alarm(code=code, part=health.part, since=health.since, problem=health.problem)


def alarm_message(alarm: Alarm, language: Language) -> str:
    """What is wrong and what it means, for people."""
    return text(f"alarms.{alarm.code}.message", language, **alarm_params(alarm, language))


def alarm_action(alarm: Alarm, language: Language) -> str:
    """What to do about it."""
    of_sending = alarm.code in {AlarmCode.SENDING_STOPPED, AlarmCode.MAIL_BLOCKED}
    hint = f"outbox_reasons.{alarm.problem}.action" if of_sending else f"errors.{alarm.problem}.hint"
    if alarm.problem is not None and has_text(hint):
        return text(hint, language, **alarm_params(alarm, language))
    return text(f"alarms.{alarm.code}.action", language, **alarm_params(alarm, language))


def alarm_params(alarm: Alarm, language: Language) -> dict[str, object]:
    """What the texts may name; `path` and `source` are what a source's own error texts call it."""
    name = alarm.part.partition(" ")[2] or alarm.part
    return {
        "part": _part_in_words(alarm.part, language),
        "since": local_time(alarm.since),
        "problem": alarm.problem or "-",
        "path": name,
        "source": name,
    }


def _part_in_words(part: str, language: Language) -> str:
    kind, _, name = part.partition(" ")
    return text(f"alarms.parts.{kind}", language, name=name) if has_text(f"alarms.parts.{kind}") else part
