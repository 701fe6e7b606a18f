"""Prepares this process for rendering: only the fonts that are shipped, so that every machine makes the same pages."""

from functools import cache


@cache
def private_fonts() -> None:
    """Point fontconfig at the package's own fonts. Must happen before WeasyPrint is imported; once is enough."""
    from onboarding.settings import use_private_fonts
    from renderers import fontconfig_file

    use_private_fonts(fontconfig_file())
