"""Only the fonts shipped with this package may stand in a document of ours."""

from collections.abc import Iterator

from pikepdf import Dictionary, Page, Pdf

from agreements.errors import ConfigurationError

_OWN_FONTS = "Avtale"  # the family names in tools/make_fonts.py


def refuse_foreign_fonts(pdf: Pdf) -> None:
    """Raises ConfigurationError `render_failed` if a page may use a font that is not ours.

    A fallback font slips in silently where a letter is missing, and makes the look depend on the machine.
    """
    names = {name for page in pdf.pages for name in _font_names(page)}
    if foreign := sorted(name for name in names if not name.partition("+")[2].startswith(_OWN_FONTS)):
        raise ConfigurationError("render_failed", reason=f"foreign font: {', '.join(foreign)}")


def _font_names(page: Page) -> Iterator[str]:
    for _, font in page.resources.get("/Font", Dictionary()).items():  # noqa: PERF102 - pikepdf has no values()
        yield str(font.BaseFont).lstrip("/")
