"""What stands otherwise in the configuration than in the signed agreement: told to Digipost and to the organisation."""

from dataclasses import dataclass

from agreements.catalogue import load_catalogue
from agreements.configuration import Deviation
from agreements.language import Language
from renderers.agreement_view import value_text
from renderers.letters.heading import Correspondence, inline, write
from renderers.templates import words


@dataclass(frozen=True, kw_only=True)
class DeviationLetter:
    """To Digipost, which has the signed agreement: what deviates from it now, or that nothing does any more."""

    about: Correspondence
    agreement_number: str
    deviations: tuple[Deviation, ...]


def render_deviation(letter: DeviationLetter, language: Language) -> tuple[str, str]:
    """Subject and body. The summary goes along."""
    return write(
        "letter-deviation.txt",
        letter.about,
        language,
        subject="letters.deviation.subject",
        agreement=letter.agreement_number,
        deviations=deviation_lines(letter.deviations, language),
    )


def deviation_lines(deviations: tuple[Deviation, ...], language: Language) -> list[str]:
    """One line for each: the field, what was signed, what is in force, and why."""
    return [_line(deviation, language) for deviation in deviations]


def _line(deviation: Deviation, language: Language) -> str:
    catalogue = load_catalogue()
    field, setting = catalogue.field(deviation.field_id), deviation.setting
    shown = [inline(value_text(catalogue, field, value, language)) for value in (deviation.signed, setting.value)]
    return words(language)(
        "letters.deviation.line",
        label=field.label(language),
        signed=shown[0],
        value=shown[1],
        reason=inline(setting.reason),
    )
