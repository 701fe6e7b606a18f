"""The operator's own terms (`terms:`): files that the agreement lists with name, date and hash.

We never invent Digipost's terms.
"""

import hashlib

from agreements.agreement import TermsFile
from agreements.errors import ConfigurationError
from onboarding.settings import Settings


def read_terms(settings: Settings) -> tuple[TermsFile, ...]:
    """The configured terms files with the hashes of what they are now.

    Raises ConfigurationError("terms_unreadable").
    """
    terms: list[TermsFile] = []
    for configured in settings.terms:
        try:
            with configured.file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise ConfigurationError("terms_unreadable", path=str(configured.file)) from error
        terms.append(TermsFile(name=configured.name, date=configured.date.isoformat(), sha256=digest))
    return tuple(terms)
