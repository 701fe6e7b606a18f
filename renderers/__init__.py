"""Documents going out: values in; PDF, HTML, YAML or mail text out. Pure: nothing is read but this package's own files.

This module is light on purpose: WeasyPrint (half a second) is imported where a page is laid out, in `renderers.layout`.
"""

from pathlib import Path


def fontconfig_file() -> Path:
    """The fontconfig file that shows Pango only the fonts shipped here.

    The roof puts its path into the environment as FONTCONFIG_FILE before the first page is laid out. Without it a
    rendering with a foreign font is refused, never silently different.
    """
    return Path(__file__).parent / "fonts" / "fonts.conf"
