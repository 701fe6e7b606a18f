"""The configuration summary as JSON, YAML, CSV, HTML and PDF (docs/configuration.md).

JSON is the canonical structure; YAML has it too, after a block for whoever programs; CSV is one row of a list of cases;
HTML and PDF speak to people. No value can do anything but be shown, whatever its characters.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from agreements.language import Language
from agreements.summary import ConfigurationSummary
from renderers.summary.data import render_json, render_yaml
from renderers.summary.pages import customer_task_lines, render_html, render_pdf
from renderers.summary.row import render_csv

__all__ = ["SummaryFormat", "customer_task_lines", "render_summary"]


class SummaryFormat(StrEnum):
    """`--format` of `config export`; the value is the file's extension too."""

    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    HTML = "html"
    PDF = "pdf"


_RENDERERS: Mapping[SummaryFormat, Callable[[ConfigurationSummary, Language], bytes]] = {
    SummaryFormat.JSON: render_json,
    SummaryFormat.YAML: render_yaml,
    SummaryFormat.CSV: render_csv,
    SummaryFormat.HTML: render_html,
    SummaryFormat.PDF: render_pdf,
}


def render_summary(summary: ConfigurationSummary, language: Language, form: SummaryFormat) -> bytes:
    """The summary in one format, UTF-8 where it is text. Raises ConfigurationError `render_failed` (PDF)."""
    return _RENDERERS[form](summary, language)
