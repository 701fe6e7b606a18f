"""How the doctor's checks look: each with its outcome, faults and warnings with what to do."""

from collections.abc import Mapping
from datetime import datetime

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.texts import has_text, text
from onboarding.answers import Answer, table
from onboarding.doctor import Check, Level, run_checks
from onboarding.settings import Settings


def doctor_answer(settings: Settings, now: datetime, language: Language) -> Answer:
    """Every check; exit 3 names every fault."""
    checks = run_checks(settings, now=now)
    rows = [
        [
            text(f"doctor.names.{check.name}", language),
            text(f"doctor.levels.{check.level.value}", language),
            _message(check, language),
        ]
        for check in checks
    ]
    hints = [
        f"{_message(check, language)} {_hint(check, language)}" for check in checks if check.level is Level.WARNING
    ]
    data: list[JsonValue] = [
        {
            "check": check.name,
            "level": check.level.value,
            "code": check.code,
            "message": _message(check, language),
            "hint": _hint(check, language),
        }
        for check in checks
    ]
    faults = [check for check in checks if not check.ok]
    return Answer(
        data=data,
        lines=[*table(("check", "result", "message"), rows, language), *([""] if hints else []), *hints],
        exit_code=3 if faults else 0,
        errors=[
            {"code": check.code, "message": _message(check, language), "hint": _hint(check, language)}
            for check in faults
        ],
    )


def _message(check: Check, language: Language) -> str:
    key = f"doctor.{check.code}" if check.level is Level.OK else f"errors.{check.code}.message"
    return text(key, language, **_in_words(check.params, language))


def _in_words(params: Mapping[str, str | int], language: Language) -> dict[str, str | int]:
    """The outbox's reasons are codes with texts of their own."""
    reason = f"outbox_reasons.{params.get('reason')}.message"
    return {**params, "reason": text(reason, language)} if has_text(reason) else dict(params)


def _hint(check: Check, language: Language) -> str:
    return "" if check.level is Level.OK else text(f"errors.{check.code}.hint", language, **check.params)
