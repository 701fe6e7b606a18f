"""What `template import` and `template list` say of a form."""

from pathlib import Path

from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer
from onboarding.forms.importing import Imported, not_printed
from onboarding.forms.storage import ORIGINAL, list_forms, read_form
from onboarding.rendering import private_fonts


def imported_answer(imported: Imported, language: Language) -> Answer:
    """That the form is in force, what was noticed about it, and where its proof lies."""
    record = imported.record
    lacking = not_printed(record)
    labels = ", ".join(load_catalogue().field(field_id).label(language) for field_id in lacking)
    said = "created" if imported.created else "unchanged"
    lines = text(f"talk.form.{said}", language, form=record.name, version=record.version).splitlines()
    if record.fonts_missing:
        lines.append(text("talk.form.fonts_missing", language, fonts=", ".join(record.fonts_missing)))
    if record.links:
        lines.append(text("talk.form.links", language, count=record.links))
    if lacking:
        lines.append(text("talk.form.not_printed", language, labels=labels))
    lines.append(text("talk.form.proof", language, path=str(imported.proof)))
    return Answer(
        data={
            "name": record.name,
            "version": record.version,
            "created": imported.created,
            "sha256": record.hashes[ORIGINAL],
            "pages": len(record.layout.pages),
            "languages": [tongue.value for tongue in record.layout.languages],
            "fonts_missing": list(record.fonts_missing),
            "links_removed": record.links,
            "not_printed": list(lacking),
            "proof": str(imported.proof),
        },
        lines=lines,
    )


def form_versions(data_dir: Path) -> tuple[tuple[str, str, tuple[Language, ...]], ...]:
    """Name, template version and languages of every imported form in force. Raises IntegrityError `form_corrupt`."""
    private_fonts()
    from renderers.form_agreement import form_version

    return tuple(
        (record.name, form_version(read_form(data_dir, record.name)), record.layout.languages)
        for record in list_forms(data_dir)
    )
