"""`avtale codes`: every finding code with its texts."""

from onboarding.answers import Answer, table
from onboarding.call import Call
from onboarding.command import command


@command("codes")
def codes(call: Call) -> Answer:
    """List the finding codes."""
    from agreements.findings import all_codes
    from agreements.language import Language
    from agreements.texts import text, unfilled_text

    def entry(code: str, severity: str) -> dict[str, str]:
        texts = {
            f"{part}_{language.value}": unfilled_text(f"findings.{code}.{part}", language)
            for part in ("message", "action")
            for language in Language
        }
        message, action = (unfilled_text(f"findings.{code}.{part}", call.lang) for part in ("message", "action"))
        return {"code": code, "severity": severity, "message": message, "action": action, **texts}

    entries = [entry(code.code, code.severity.value) for code in all_codes()]
    rows = [
        [entry["code"], text(f"states.severity.{entry['severity']}", call.lang), entry["message"]] for entry in entries
    ]
    return Answer(data=[dict(entry) for entry in entries], lines=table(("code", "severity", "text"), rows, call.lang))
