"""The words of a signing order: what the signing service shows those who sign (`agreements.signing_order`)."""

from agreements.language import Language
from agreements.signing_order import MAX_DESCRIPTION
from renderers.agreement_view import DIGIPOST_NAME
from renderers.letters.heading import Correspondence, names
from renderers.templates import words

_DESCRIPTIONS = ("signing_order.description_full", "signing_order.description_short", "agreement.title")
"""From the fullest to the shortest, which fits whatever the names."""


def order_title(agreement_number: str, language: Language) -> str:
    """The title of the agreement itself: those who sign see the same in the service and in the document."""
    return words(language)("agreement.document_title", number=agreement_number)


def order_description(about: Correspondence, language: Language) -> str:
    """The fullest description that the service has room for: a long name is left out, never cut."""
    say, known = words(language), names(about)
    told = [say(key, digipost=DIGIPOST_NAME, **known) for key in _DESCRIPTIONS]
    return next((text for text in told if len(text) <= MAX_DESCRIPTION), told[-1])
