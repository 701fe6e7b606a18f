"""What the pages of the launch plan and the verification record are made of alike."""

from typing import Final

from agreements.language import Language
from agreements.texts import capitalised, text
from agreements.turn import Party
from renderers.agreement_view import plain

STYLESHEETS: Final = ("page.css", "summary.css", "record.css")


def plain_lines(written: str) -> list[str]:
    """The lines of what a person wrote, each as `plain` gives it; empty ones left out."""
    return [line for line in map(plain, written.splitlines()) if line]


def party_label(party: Party, language: Language) -> str:
    """The party's name; a word alone in its cell begins like a sentence."""
    return capitalised(text(f"states.party.{party.value}", language))
