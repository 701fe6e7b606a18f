"""What is due for erasure, or was erased, as `avtale retention` answers it."""

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer, table
from onboarding.retention import Found, Rule
from onboarding.views import local_time, utc


def retention_answer(found: Found, proof: str | None, language: Language) -> Answer:
    """Counts by rule, the oldest of each, and the proof of what was erased."""
    by_rule = {rule: [one for one in found.originals if one.rule is rule] for rule in Rule}
    listed: list[JsonValue] = [
        {"sha256": one.sha256, "rule": one.rule.value, "since": utc(one.since)} for one in found.originals
    ]
    data: dict[str, JsonValue] = {
        "originals": listed,
        "rules": {rule.value: len(due) for rule, due in by_rule.items()},
        "cases": [str(case.number) for case in found.cases],
        "words": len(found.words),
        "erased": proof is not None,
        "manifest": proof,
    }
    rows = [
        [text(f"states.retention.{rule.value}", language), str(len(due)), local_time(min(one.since for one in due))]
        for rule, due in by_rule.items()
        if due
    ]
    if not found.originals and not found.words:
        return Answer(data=data, lines=[text("talk.retention.nothing", language)])
    key = "talk.retention.due" if proof is None else "talk.retention.erased"
    said = text(key, language, count=len(found.originals), cases=len(found.cases), manifest=proof)
    return Answer(data=data, lines=[*table(("what", "count", "oldest"), rows, language), "", said])
