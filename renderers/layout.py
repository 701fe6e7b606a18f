"""HTML to PDF by WeasyPrint: this module and `renderers.places` alone import it.

Nothing is fetched: no network, no file, no data address; a vendor's logo is handed over in memory. Any warning (missing
glyph, unknown CSS, missing image) fails the rendering: a document is right or there is none. Fonts are this package's
own (`renderers.fontconfig_file`).
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock

from weasyprint import CSS, HTML  # type: ignore[import-untyped]
from weasyprint.text.ffi import ffi, fontconfig  # type: ignore[import-untyped]
from weasyprint.text.fonts import FontConfiguration  # type: ignore[import-untyped]
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]

from agreements.errors import ConfigurationError
from renderers import fontconfig_file
from renderers.override_markup import PrintedLetters, printed_letters, refuse_foreign_markup
from renderers.overrides import STANDARD, STYLESHEET, Overrides
from renderers.places import Places, find_places, refuse_generated_text, refuse_stray_pictures
from renderers.templates import read_template

_LOGGER = logging.getLogger("weasyprint")
# Neither an identifier nor compressed: `renderers.finishing` writes the file anew, and drops a whole font from it.
_OPTIONS = {"pdf_variant": "pdf/a-3a", "optimize_images": False, "pdf_identifier": False, "uncompressed_pdf": True}
_LOCK = Lock()  # one layout at a time: the library's log, which we read as its result, is the whole process's


class _NothingFetched(URLFetcher):  # type: ignore[misc]  # the library has no types
    """Refuses every address but a vendor's own logo. The library reads `file:` and the network by default."""

    def __init__(self, overrides: Overrides = STANDARD) -> None:
        super().__init__()
        self._overrides = overrides

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        logo = self._overrides.logo
        if logo is not None and url == f"res:{logo}":
            kind = "image/svg+xml" if logo.endswith(".svg") else "image/png"
            return URLFetcherResponse(url, self._overrides.content[logo], {"Content-Type": kind})
        raise FatalURLFetchingError(f"nothing is fetched: {url[:80]}")


class _Collector(logging.Handler):
    """Keeps what the library complains about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.complaints: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.complaints.append(record.getMessage())


@dataclass(frozen=True, kw_only=True)
class LaidOut:
    """The pages as WeasyPrint writes them; `renderers.finishing` makes them fit to issue."""

    pdf: bytes
    places: Places
    letters: PrintedLetters | None = None
    """What the pages must show; only where a vendor's own files were at work."""


def lay_out(html: str, *stylesheets: str, fields: bool = False, overrides: Overrides = STANDARD) -> LaidOut:
    """The tagged PDF/A-3a of a page of HTML with the named stylesheets of this package, and where its marks stand.

    `fields`: inputs become form fields. `overrides`: a vendor's own stylesheet, after ours, and its logo. Raises
    ConfigurationError: `render_failed` with the library's own words as `reason`; `template_style_not_understood`,
    `template_markup_refused`, `template_picture` for a vendor's files; or `fonts_not_private` if this process sees
    other fonts than ours.
    """
    with _LOCK, _complaints() as complaints:
        try:
            source = HTML(string=html, base_url=None, url_fetcher=_NothingFetched(overrides))
            if overrides.files:
                refuse_foreign_markup(source.etree_element)
            styles = [*(_stylesheet(name) for name in stylesheets), *_own_stylesheets(overrides, complaints)]
            document = source.render(stylesheets=styles, font_config=_fonts(), pdf_forms=fields, **_OPTIONS)
            with warnings.catch_warnings(action="ignore", category=ResourceWarning):  # its colour profile stays open
                pdf: bytes = document.write_pdf(pdf_forms=fields, **_OPTIONS)
        except FatalURLFetchingError as error:  # a BaseException: nothing above would stop it
            raise ConfigurationError("render_failed", reason=str(error)) from error
    if complaints:
        raise ConfigurationError("render_failed", reason=_told(complaints))
    if not overrides.files:
        return LaidOut(pdf=pdf, places=find_places(document))
    refuse_generated_text(document)
    refuse_stray_pictures(document)
    letters = printed_letters(source.etree_element, len(document.pages))
    return LaidOut(pdf=pdf, places=find_places(document), letters=letters)


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What the library logs meanwhile; kept from every other log, for its lines can quote the document."""
    collector, before = _Collector(), (_LOGGER.propagate, _LOGGER.level)
    _LOGGER.addHandler(collector)
    _LOGGER.propagate = False
    _LOGGER.setLevel(logging.WARNING)  # whatever the program's logs show
    try:
        yield collector.complaints
    finally:
        _LOGGER.propagate = before[0]
        _LOGGER.setLevel(before[1])
        _LOGGER.removeHandler(collector)


@cache
def _fonts() -> FontConfiguration:
    """The fonts, after making sure that they are ours alone: with none at all, Pango would end the whole process."""
    config = ffi.gc(fontconfig.FcInitLoadConfigAndFonts(), fontconfig.FcConfigDestroy)
    found = fontconfig.FcConfigGetFonts(config, fontconfig.FcSetSystem).nfont
    if found != (expected := len(list(fontconfig_file().parent.glob("*.ttf")))):
        raise ConfigurationError("fonts_not_private", found=found, expected=expected)
    return FontConfiguration()


@cache
def _stylesheet(name: str) -> CSS:
    return CSS(string=read_template(name), font_config=_fonts(), url_fetcher=_NothingFetched())


def _own_stylesheets(overrides: Overrides, complaints: list[str]) -> tuple[CSS, ...]:
    """The vendor's stylesheet, read anew each time: what it complains of must be heard."""
    if STYLESHEET not in overrides.content:
        return ()
    source, before = overrides.content[STYLESHEET].decode("utf-8"), len(complaints)
    style = CSS(string=source, font_config=_fonts(), url_fetcher=_NothingFetched())
    if heard := complaints[before:]:
        raise ConfigurationError("template_style_not_understood", file=STYLESHEET, reason=_told(heard))
    return (style,)


def _told(complaints: list[str]) -> str:
    return "; ".join(dict.fromkeys(complaints))
