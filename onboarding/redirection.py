"""What a mail's subject begins with where it goes to another address than it would in production."""

from agreements.language import Language
from agreements.texts import text
from onboarding.settings import Settings
from outbox.recipients import Resolved


def subject_prefix(settings: Settings, resolved: Resolved, language: Language) -> str:
    """`[TEST]` or `[DEMO]` for a redirected mail, else nothing."""
    return text(f"mail.prefix.{settings.environment}", language) if resolved.redirected else ""
