"""The answers of `avtale template list` and `avtale template lint`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer, error_entries, table
from onboarding.forms.view import form_versions
from onboarding.template_lint import Flaw, Template, list_templates

if TYPE_CHECKING:
    from onboarding.settings import Settings

_HEADINGS = ("template", "version", "language", "own_files", "vendors")


def templates_answer(settings: "Settings", language: Language) -> Answer:
    """The standard template, the vendors' own, and the forms that were imported."""
    rows = [_template_row(template) for template in list_templates(settings)]
    for name, version, languages in form_versions(settings.data_dir):
        vendors: list[JsonValue] = [vendor.id for vendor in settings.vendors if vendor.template == name]
        rows.append(_row(name, version, languages, [], vendors))
    printed = [[_spelled(row[key]) for key in ("name", "version", "languages", "files", "vendors")] for row in rows]
    return Answer(data=list(rows), lines=table(_HEADINGS, printed, language))


def lint_answer(results: Sequence[tuple[Template, tuple[Flaw, ...]]], language: Language) -> Answer:
    """What is wrong with each template: exit code 3 if anything is."""
    from renderers.lint_samples import SAMPLES

    errors = [_flaw_entry(template, flaw, language) for template, flaws in results for flaw in flaws]
    fine = [template for template, flaws in results if not flaws]
    data: list[JsonValue] = [
        {"name": template.name, "version": template.version, "ok": not flaws, "flaws": len(flaws)}
        for template, flaws in results
    ]
    lines = [text("talk.template_fine", language, template=item.name, count=SAMPLES) for item in fine]
    return Answer(data=data, lines=lines, exit_code=3 if errors else 0, errors=errors)


def _template_row(template: Template) -> dict[str, JsonValue]:
    files: list[JsonValue] = [name for name, _ in template.overrides.files]
    return _row(template.name, template.version, tuple(Language), files, list(template.vendors))


def _row(
    name: str, version: str, languages: Sequence[Language], files: list[JsonValue], vendors: list[JsonValue]
) -> dict[str, JsonValue]:
    spoken: list[JsonValue] = [language.value for language in languages]
    return {"name": name, "version": version, "languages": spoken, "files": files, "vendors": vendors}


def _spelled(value: JsonValue) -> str:
    return ", ".join(str(item) for item in value) or "-" if isinstance(value, list) else str(value)


def _flaw_entry(template: Template, flaw: Flaw, language: Language) -> dict[str, str]:
    """The first entry of the flaw's error, with where it was seen; its parts, if it has any, in the same line."""
    first, *parts = error_entries(flaw.error, language)
    message = " ".join([first["message"], *(part["message"] for part in parts)])
    said = text("talk.template_flaw", language, template=template.name, language=flaw.language.value, message=message)
    return {"code": first["code"], "message": said, "hint": first["hint"]}
