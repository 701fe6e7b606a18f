"""The end of a case as `case cancel`, `case close` and `case terminate` answer it."""

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer
from onboarding.ending import Ended
from onboarding.views import case_data


def ended_answer(ended: Ended, language: Language) -> Answer:
    """What followed from it."""
    case = ended.case
    assert case.closing is not None
    withdrawn: list[JsonValue] = [message.id for message in ended.withdrawn]
    data: dict[str, JsonValue] = {**case_data(case), "withdrawn": withdrawn, "notice": ended.notice}
    lines = [text(f"talk.ended.{case.closing.value}", language, case=case.number)]
    if withdrawn:
        lines.append(text("talk.ended.withdrawn", language, messages=", ".join(map(str, withdrawn))))
    if ended.notice is not None:
        lines.append(text("talk.ended.notice", language, message=ended.notice))
    return Answer(data=data, lines=lines)
