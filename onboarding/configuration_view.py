"""How step 4 looks: the summary with where each value comes from, its history, and what `config set` came to."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.configuration import Deviation, Difference, Setting
from agreements.language import Language
from agreements.parameters import Method
from agreements.summary import (
    ConfigurationEntry,
    ConfigurationSummary,
    EntrySource,
    OpenReason,
    api_name,
    as_json,
    public_value,
)
from agreements.texts import text
from agreements.times import format_utc
from agreements.turn import Party
from agreements.values import format_date, format_value
from agreements.worklist import GRANT_RIGHTS, TASK, WorkItem
from onboarding.answers import Answer, table
from onboarding.configuring import Configured, WasSet
from onboarding.digipost_answers import DigipostAnswer, read_answers
from onboarding.setting_rules import SENDER_ID
from onboarding.settings import user_name
from onboarding.steps.configuration import Configuration, read_configuration, read_work, summary_of
from onboarding.store.settings import StoredSetting
from onboarding.views import local_time, utc
from onboarding.workspace import Workspace

_ENTRY_COLUMNS = ("field", "value", "api", "stands")
_WORK_COLUMNS = ("party", "field", "duty", "due", "done")
_DEVIATION_COLUMNS = ("field", "signed", "in_force", "stands")
_CHANGE_COLUMNS = ("field", "earlier", "value")
_HISTORY_COLUMNS = ("time", "field", "value", "user", "reason")
_SET_COLUMNS = ("field", "earlier", "value")


def summary_answer(workspace: Workspace, number: str, language: Language) -> Answer:
    """The configuration of a case: what deviates, what has changed, each party's part, what is open, the history."""
    configuration = read_configuration(workspace, number)
    summary = summary_of(workspace, configuration)
    work = read_work(workspace, configuration, summary)
    with workspace.store.read() as connection:
        answers = read_answers(connection, configuration.case.number)
    shown = _Shown(workspace, configuration, language)
    history: list[JsonValue] = [_setting_data(one) for one in configuration.history]
    lines = [
        *shown.deviations(summary.deviations),
        *shown.difference(summary.difference),
        *(line for party in (Party.DIGIPOST, Party.VENDOR, Party.CUSTOMER) for line in shown.part(summary, party)),
        *shown.work(summary, work),
        *_suggestions(summary, answers, language),
        *shown.history(configuration.history),
    ]
    own: dict[str, JsonValue] = {"history": history, "work": [_work_data(item) for item in work]}
    own["clock"] = _clock_data(workspace, configuration)
    return Answer(data={**as_json(summary), **own}, lines=lines)


def set_answer(workspace: Workspace, configured: Configured, language: Language) -> Answer:
    """What was set, what it was before, what deviates now, and whether Digipost is told."""
    shown = _Shown(workspace, read_configuration(workspace, str(configured.number)), language)
    rows = [shown.change(one.field_id, one.before, one.value) for one in configured.changes]
    lines = [*table(_SET_COLUMNS, rows, language), *shown.deviations(configured.deviations)]
    if configured.letter is not None:
        lines.append(text("talk.config.letter", language, message=configured.letter))
    data: dict[str, JsonValue] = {
        "case": str(configured.number),
        "set": [_set_data(one) for one in configured.changes],
        "deviations": [
            {"field": one.field_id, "signed": one.signed, "value": one.setting.value} for one in configured.deviations
        ],
        "letter": configured.letter,
    }
    return Answer(data=data, lines=lines)


def _set_data(one: WasSet) -> JsonValue:
    return {"field": one.field_id, "before": one.before, "value": one.value}


def _work_data(item: WorkItem) -> JsonValue:
    done: JsonValue = None if item.done is None else {"by": item.done.by, "at": utc(item.done.at)}
    value = None if item.value is None else public_value(item.name, item.value)
    due = None if item.due is None else item.due.isoformat()
    return {"item": item.name, "owner": item.owner.value, "due": due, "done": done, "value": value}


def _clock_data(workspace: Workspace, configuration: Configuration) -> JsonValue:
    """`used` in working days; None before set-up has begun."""
    clock = configuration.case.clock
    if clock is None:
        return None
    today, days = norwegian_day(workspace.clock()), workspace.settings.deadlines.configuration
    return {
        "starts_on": clock.starts_on.isoformat(),
        "used": clock.used(today),
        "deadline": days,
        "pace": clock.pace(today, deadline=days).value,
    }


def _setting_data(one: StoredSetting) -> JsonValue:
    setting = one.setting
    return {
        "field": setting.field_id,
        "value": setting.value,
        "by": setting.by,
        "at": format_utc(setting.at),
        "reason": setting.reason,
        "version": one.version,
    }


class _Shown:
    """Values, names and places as people read them."""

    def __init__(self, workspace: Workspace, configuration: Configuration, language: Language) -> None:
        self._workspace = workspace
        self._configuration = configuration
        self._language = language

    def deviations(self, deviations: tuple[Deviation, ...]) -> Iterator[str]:
        """First in everything: where the configuration is not what was signed."""
        rows = [
            [
                self._label(one.field_id),
                self._value(one.field_id, one.signed),
                self._value(one.field_id, one.setting.value),
                self._set_by("talk.config.set_by", one.setting),
            ]
            for one in deviations
        ]
        yield from self._listed("talk.config.deviations", _DEVIATION_COLUMNS, rows)

    def difference(self, difference: Difference | None) -> Iterator[str]:
        """What the agreement changes in comparison with the one before it."""
        if difference is None:
            return
        rows = [self.change(one.field_id, one.before, one.after) for one in difference.changes]
        heading = text("talk.config.difference", self._language, agreement=difference.agreement)
        yield from (heading, *table(_CHANGE_COLUMNS, rows, self._language), "")

    def change(self, field_id: str, before: JsonValue, after: JsonValue) -> list[str]:
        """A value that was another one before, as a row."""
        return [self._label(field_id), self._value(field_id, before), self._value(field_id, after)]

    def part(self, summary: ConfigurationSummary, party: Party) -> Iterator[str]:
        """What one party sets up; the customer does some of it by its own hands."""
        from renderers.summary import customer_task_lines

        entries: tuple[ConfigurationEntry, ...] = getattr(summary, party.value)
        tasks = customer_task_lines(summary, self._language) if party is Party.CUSTOMER else []
        yield text(f"talk.sets_up.{party.value}", self._language)
        if entries:
            yield from table(_ENTRY_COLUMNS, map(self._entry, entries), self._language)
        yield from (*(f"- {task}" for task in tasks), "")

    def work(self, summary: ConfigurationSummary, items: tuple[WorkItem, ...]) -> Iterator[str]:
        """The work list: who does what by when, what is done, by whom; how the clock stands."""
        reasons = {item.field_id: item.reason for item in summary.open_items}
        rows = [
            [
                text(f"states.party.{item.owner.value}", self._language),
                item.name,
                self._what(summary, item),
                format_date(item.due, self._language) if item.due and item.open else "",
                self._how_far(item, reasons.get(item.name)),
            ]
            for item in items
        ]
        yield from (text("talk.config.work", self._language), *table(_WORK_COLUMNS, rows, self._language))
        yield from (*self._clock(), "")

    def _what(self, summary: ConfigurationSummary, item: WorkItem) -> str:
        from renderers.summary import customer_task_lines

        if item.name == TASK + GRANT_RIGHTS:
            return text("talk.config.grant_rights", self._language)
        if item.task is None:
            return self._label(item.name)
        return customer_task_lines(replace(summary, customer_tasks=(item.task,)), self._language)[0]

    def _how_far(self, item: WorkItem, reason: OpenReason | None) -> str:
        if item.done is None:
            return text(f"talk.config.open.{reason.value}" if reason else "talk.config.to_do", self._language)
        value = "" if item.value is None else self._value(item.name, item.value)
        by = "" if item.done.by is None else user_name(self._workspace.settings, item.done.by)
        told = (text("talk.config.done", self._language), value, by, local_time(item.done.at))
        return ", ".join(filter(None, told))

    def _clock(self) -> Iterator[str]:
        clock, days = self._configuration.case.clock, self._workspace.settings.deadlines.configuration
        if clock is None:
            yield text("talk.config.clock_not_begun", self._language)
            return
        today = norwegian_day(self._workspace.clock())
        pace = text(f"states.pace.{clock.pace(today, deadline=days).value}", self._language)
        begun = format_date(clock.starts_on, self._language)
        yield text("talk.config.clock", self._language, used=clock.used(today), days=days, pace=pace, begun=begun)

    def history(self, history: tuple[StoredSetting, ...]) -> Iterator[str]:
        """Everything that was ever set."""
        rows = [
            [
                local_time(one.setting.at),
                self._label(one.setting.field_id),
                self._value(one.setting.field_id, one.setting.value) or text("talk.config.taken_back", self._language),
                user_name(self._workspace.settings, one.setting.by),
                one.setting.reason,
            ]
            for one in history
        ]
        yield from self._listed("talk.config.history", _HISTORY_COLUMNS, rows)

    def _entry(self, entry: ConfigurationEntry) -> list[str]:
        value = self._value(entry.field_id, entry.value)
        return [self._label(entry.field_id), value, api_name(entry), self._stands(entry)]

    def _stands(self, entry: ConfigurationEntry) -> str:
        """Where a value comes from: its page in the signed document, who set it, or that it follows from the others."""
        if entry.setting is not None:
            read_off = entry.source is EntrySource.AGREEMENT
            return self._set_by("talk.config.read_off" if read_off else "talk.config.set_by", entry.setting)
        if entry.source is EntrySource.DERIVED:
            return text("talk.config.derived", self._language)
        if entry.proof is None:
            signed = self._configuration.basis.document is not None
            return text("talk.config.not_read" if signed else "talk.config.issued", self._language)
        filled = entry.field_id in self._configuration.agreement.open_fields
        key = "ocr" if entry.proof.method is Method.OCR else "filled" if filled else "printed"
        return text(f"talk.config.page.{key}", self._language, page=entry.proof.page)

    def _set_by(self, key: str, setting: Setting) -> str:
        by = user_name(self._workspace.settings, setting.by)
        return text(key, self._language, by=by, at=local_time(setting.at), reason=setting.reason)

    def _label(self, field_id: str) -> str:
        if field_id.startswith(TASK):
            return field_id
        return load_catalogue().field(field_id).label(self._language)

    def _value(self, field_id: str, value: JsonValue) -> str:
        if field_id.startswith(TASK):
            return text("talk.config.done", self._language) if value else ""
        catalogue = load_catalogue()
        return format_value(catalogue, catalogue.field(field_id), value, self._language)

    def _listed(self, heading: str, columns: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
        if rows:
            yield from (text(heading, self._language), *table(columns, rows, self._language), "")


def _suggestions(summary: ConfigurationSummary, answers: Iterable[DigipostAnswer], language: Language) -> Iterator[str]:
    """A sender id that a mail from Digipost names, with the command that takes it, while nobody has set one."""
    item = next((item for item in summary.open_items if item.field_id == SENDER_ID), None)
    if item is None or item.reason is OpenReason.UNREAD:
        return
    suggested = {number: answer.receipt for answer in answers for number in answer.sender_ids}
    for number, receipt in suggested.items():
        case = summary.subject.case_number
        yield from (text("talk.config.suggested", language, number=number, receipt=receipt, case=case), "")
