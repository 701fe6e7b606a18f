"""What a PDF must keep to, of PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1), as far as a program of ours can tell.

Each rule carries the number that veraPDF's validation profiles give it (`<standard> <clause>-<test>`; PDFA-3A.xml and
the profiles under PDF_UA/1), and looks for the same. They are a part of those profiles, chosen for what can go wrong in
documents of ours: keeping all of them does not make a file "veraPDF-valid". See docs/pdf-rules.md.
"""

from dataclasses import dataclass
from io import BytesIO

from pikepdf import Pdf

from renderers.pdf_rules import actions, content, files, fonts, forms, graphics, metadata, structure
from renderers.pdf_rules.subject import Rule, Subject

RULES: tuple[Rule, ...] = tuple(
    rule for part in (files, metadata, graphics, fonts, content, structure, forms, actions) for rule in part.RULES
)


@dataclass(frozen=True, kw_only=True)
class Breach:
    """One place where a rule is not kept."""

    rule: Rule
    detail: str
    """Where: an object, a page, a name. For developers, in English."""


def check_pdf(data: bytes) -> tuple[Breach, ...]:
    """Every breach of every rule. Raises pikepdf.PdfError for what is no PDF; meant for documents of our own making."""
    with Pdf.open(BytesIO(data)) as pdf:
        subject = Subject(data, pdf)
        return tuple(Breach(rule=rule, detail=detail) for rule in RULES for detail in rule.check(subject))
