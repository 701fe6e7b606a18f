"""Step 6 as `launch …` answers it."""

from pathlib import Path

from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.errors import GateError
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer, error_entries
from onboarding.clear_signal import signal_path
from onboarding.launching import LaunchCheck
from onboarding.views import case_data
from onboarding.workspace import Workspace


def check_answer(workspace: Workspace, checked: LaunchCheck, language: Language) -> Answer:
    """What is missing; exit 7 while anything is."""
    case = checked.verification.case
    path = signal_path(workspace, case.number) if checked.launched else None
    data: dict[str, JsonValue] = {
        **case_data(case),
        "ready": not checked.unmet,
        "launched": checked.launched,
        "unmet": list(checked.unmet),
        "configuration_sha256": checked.verification.sha256,
        "klarsignal": None if path is None else str(path),
    }
    if checked.unmet:
        error = GateError("launch_refused", unmet=checked.unmet, case=str(case.number))
        return Answer(
            data=data,
            exit_code=error.exit_code,
            errors=error_entries(error, language),
        )
    key = "talk.launch.done" if checked.launched else "talk.launch.ready"
    lines = [text(key, language, case=case.number), *([] if path is None else [str(path)])]
    return Answer(data=data, lines=lines)


def launched_answer(case: Case, path: Path, language: Language) -> Answer:
    """It is launched, and where the clear signal lies."""
    data: dict[str, JsonValue] = {
        **case_data(case),
        "klarsignal": str(path),
    }
    lines = [text("talk.launch.done", language, case=case.number), str(path)]
    return Answer(data=data, lines=lines)


def pilot_answer(case: Case, language: Language) -> Answer:
    """A pilot was recorded."""
    return Answer(data=case_data(case), lines=[text("talk.launch.pilot", language, case=case.number)])
