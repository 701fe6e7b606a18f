"""From a filled template to the PDF of a document that nobody signs: summary, launch plan, verification record."""

from datetime import date


def print_pdf(html: str, *stylesheets: str, made_on: date | None = None) -> bytes:
    """The tagged, archivable PDF. `made_on` dates it. Raises ConfigurationError as `lay_out` and `finish` do."""
    from renderers.finishing import finish
    from renderers.layout import lay_out

    return finish(lay_out(html, *stylesheets), issued_on=made_on).pdf
