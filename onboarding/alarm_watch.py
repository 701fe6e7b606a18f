"""Alarms: what does not mend itself, or not in time, is told to a person without being asked.

    1. look      what the parts noted, what waits and since when, the room on the disk           nothing is written
    2. raise     a row in `meta`: from now on `status` shows it; a log event                     durable: the alarm
    3. tell      with `alarms.to`: one mail, queued in the transaction that notes the day        durable: the mail
    4. close     when a look finds its part well; told once, if it was told before. A part that was not looked at
                 since the process began is not well yet

Killed between any two of these, the next look goes on from there: a mail's key names alarm and day, so nothing is told
twice. Mails name parts of the configuration, counts and codes; never a case, a person or a file.

Not promised: that anything is told while `avtale run` itself does not run. That is for the service manager, or for
whoever reads `status`.
"""

import json
import logging
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agreements.calendar import norwegian_day
from agreements.canonical import canonical_json
from agreements.errors import AvtaleError
from agreements.texts import text
from agreements.times import format_utc, parse_utc
from intake.ledger import find_oldest_unfinished
from onboarding.alarms import (
    SOURCES,
    Alarm,
    AlarmCode,
    Picture,
    alarm_action,
    alarm_message,
    alarm_params,
    as_found_now,
    find_alarms,
    is_over,
)
from onboarding.correspondence.addressing import resolve_address
from onboarding.health import read_health
from onboarding.mail_troubles import read_mail_picture, waits_since
from onboarding.outgoing import freeze_letter
from onboarding.purposes import Purpose
from onboarding.redirection import subject_prefix
from onboarding.store.meta import drop_meta, list_meta, put_meta
from onboarding.views import local_time
from onboarding.workspace import Workspace
from outbox.compose import Letter, message_id_for
from outbox.messages import Message, NewMessage, enqueue, list_messages
from outbox.settling import Policy
from outbox.states import WAITING_FOR_A_PERSON, State

logger = logging.getLogger(__name__)

_SILENT: Final = (Purpose.ALARM, Purpose.DIGIPOST_DIGEST)
_PREFIX: Final = "alarm:"


def look_for_alarms(workspace: Workspace, *, stuck: tuple[str, ...]) -> tuple[Alarm, ...]:
    """Steps 1 to 4 once; returns the open alarms. `stuck`: loops that are dead or silent. May be repeated."""
    now = workspace.clock()
    after = timedelta(minutes=workspace.settings.alarms.after_minutes)
    picture = _picture(workspace, stuck)
    found = {alarm.key: alarm for alarm in find_alarms(picture, now=now, after=after)}
    rows = _read_rows(workspace)
    for key, alarm in found.items():
        if key not in rows:
            logger.error("alarm raised", extra={"alarm": alarm.code.value})
            rows[key] = _Row(alarm=alarm)
            _write(workspace, rows[key])
        elif rows[key].alarm != as_found_now(rows[key].alarm, alarm):
            rows[key].alarm = as_found_now(rows[key].alarm, alarm)
            _write(workspace, rows[key])
        _tell(workspace, rows[key], now)
    for key in [key for key, row in rows.items() if key not in found and is_over(row.alarm, picture, now=now)]:
        logger.warning("alarm over", extra={"alarm": rows[key].alarm.code.value})
        _close(workspace, rows.pop(key), now)
    return tuple(row.alarm for row in rows.values())


def read_alarms(workspace: Workspace) -> tuple[Alarm, ...]:
    """The open alarms, longest first."""
    return tuple(sorted((row.alarm for row in _read_rows(workspace).values()), key=lambda alarm: alarm.since))


# --- 1. look ----------------------------------------------------------------------------------------------------------


def _picture(workspace: Workspace, stuck: tuple[str, ...]) -> Picture:
    now = workspace.clock()
    with workspace.store.read() as connection:
        oldest = find_oldest_unfinished(connection)
        queued = [
            message for message in _ours_aside(list_messages(connection, State.QUEUED)) if not _is_put_off(message, now)
        ]
        stuck_mail = {state: _ours_aside(list_messages(connection, state)) for state in WAITING_FOR_A_PERSON}
        mail = read_mail_picture(connection, stuck_mail)
    policy = Policy(workspace.settings.forward.when_unknown)
    waiting = [since for each in stuck_mail.values() for one in each if (since := waits_since(one, policy, now))]
    return Picture(
        health=tuple(health for health in read_health(workspace) if _is_watched(workspace, health.part)),
        stuck=stuck,
        free_bytes=shutil.disk_usage(workspace.settings.data_dir).free,
        oldest_item=oldest.seen_at if oldest else None,
        oldest_queued=min((message.queued_at for message in queued), default=None),
        oldest_for_a_person=min(waiting, default=None),
        mail=mail,
        lists=_lists(workspace),
    )


def _lists(workspace: Workspace) -> dict[str, datetime]:
    """Until when each trusted list holds. One that can't be read stops judging, which has an alarm of its own."""
    from onboarding.trusted_lists import load_every_list

    try:
        return {one.territory: one.next_update for one in load_every_list(workspace.settings)}
    except AvtaleError:
        return {}


def _is_watched(workspace: Workspace, part: str) -> bool:
    """Whether there is such a part: folders and mailboxes leave the configuration, their notes stay."""
    folders = (f"folder {folder.path}" for vendor in workspace.settings.vendors for folder in vendor.folders)
    mailboxes = (f"mailbox {mailbox.id}" for mailbox in workspace.settings.mailboxes)
    return not part.startswith(SOURCES) or part in {*folders, *mailboxes}


def _ours_aside(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Alarms raise no alarms; the weekly letter waits for whoever wants to send it, and is withdrawn after a week."""
    return tuple(message for message in messages if message.purpose not in _SILENT)


def _is_put_off(message: Message, now: datetime) -> bool:
    """Whether it waits for its hour and not for a server: no attempt has failed, and it is due later."""
    return message.backoff_step == 0 and message.next_attempt_at > now


# --- 2. to 4. what is kept and told -----------------------------------------------------------------------------------


@dataclass(kw_only=True)
class _Row:
    alarm: Alarm
    told: str | None = None
    """The last day a mail told it, or None."""


def _read_rows(workspace: Workspace) -> dict[str, _Row]:
    with workspace.store.read() as connection:
        rows = list_meta(connection, _PREFIX)
    return {
        key.removeprefix(_PREFIX): _row(key.removeprefix(_PREFIX), json.loads(value)) for key, value in rows.items()
    }


def _row(key: str, value: dict[str, str | None]) -> _Row:
    code, _, part = key.partition(":")
    alarm = Alarm(code=AlarmCode(code), part=part, since=parse_utc(value["since"] or ""), problem=value["problem"])
    return _Row(alarm=alarm, told=value["told"])


def _write(workspace: Workspace, row: _Row, message: NewMessage | None = None) -> None:
    value = {"since": format_utc(row.alarm.since), "problem": row.alarm.problem, "told": row.told}
    with workspace.store.begin() as connection:
        put_meta(connection, _PREFIX + row.alarm.key, canonical_json(value))
        if message is not None:
            enqueue(connection, message, now=workspace.clock())


def _tell(workspace: Workspace, row: _Row, now: datetime) -> None:
    """One mail a day as long as it lasts."""
    today = norwegian_day(now).isoformat()
    if workspace.settings.alarms.to is None or row.told == today:
        return
    row.told = today
    _write(workspace, row, _mail(workspace, row.alarm, today, now, over=False))


def _close(workspace: Workspace, row: _Row, now: datetime) -> None:
    message = None
    if workspace.settings.alarms.to is not None and row.told is not None:
        message = _mail(workspace, row.alarm, norwegian_day(now).isoformat(), now, over=True)
    with workspace.store.begin() as connection:
        drop_meta(connection, _PREFIX + row.alarm.key)
        if message is not None:
            enqueue(connection, message, now=now)


def _mail(workspace: Workspace, alarm: Alarm, day: str, now: datetime, *, over: bool) -> NewMessage:
    """The message, its bytes stored."""
    settings = workspace.settings
    to = settings.alarms.to or ""
    resolved = resolve_address(settings, to)
    prefix = subject_prefix(settings, resolved, settings.language)
    kind = "over" if over else "raised"
    params = alarm_params(alarm, settings.language) | {
        "title": text(f"alarms.{alarm.code}.title", settings.language),
        "message": alarm_message(alarm, settings.language),
        "action": alarm_action(alarm, settings.language),
        "now": local_time(now),
    }
    key = f"{Purpose.ALARM}:{alarm.key}:{day}:{kind}"
    subject = text(f"mail.alarm_{kind}.subject", settings.language, **params)
    letter = Letter(
        sender=settings.smtp.from_,
        recipient=resolved.recipient,
        subject=f"{prefix} {subject}" if prefix else subject,
        body=text(f"mail.alarm_{kind}.body", settings.language, **params),
        date=now,
        message_id=message_id_for(key, sender=settings.smtp.from_, now=now),
    )
    return freeze_letter(workspace, letter, purpose=Purpose.ALARM, key=key)
