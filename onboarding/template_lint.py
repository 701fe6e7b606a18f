"""`avtale template lint`: a template tried on the most awkward agreements there are, before one is issued by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agreements.agreement import SigningRoute
from agreements.errors import ConfigurationError, NotFoundError
from agreements.language import Language
from onboarding.limited import OVER_LIMIT, run_limited
from onboarding.overrides import read_overrides
from onboarding.rendering import private_fonts
from onboarding.settings.model import STANDARD_TEMPLATE

if TYPE_CHECKING:
    from onboarding.settings import Settings
    from renderers.agreement import AgreementDocument
    from renderers.overrides import Overrides


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template in use: its own files, checked, or what is wrong with them."""

    name: str
    version: str
    vendors: tuple[str, ...]
    """Ids of the vendors whose agreements are made by it."""
    overrides: "Overrides"


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """What is wrong with one sample."""

    language: Language
    route: SigningRoute
    error: ConfigurationError


def list_templates(settings: "Settings") -> tuple[Template, ...]:
    """The standard template, and the vendors' own. Raises ConfigurationError as `read_overrides`."""
    from renderers.overrides import STANDARD
    from renderers.versions import template_version

    used: dict[Overrides, list[str]] = {STANDARD: []}
    for vendor in settings.vendors:
        vendors = used.setdefault(read_overrides(settings, vendor.id), [])
        if vendor.template == STANDARD_TEMPLATE:  # the others' agreements are made on a form
            vendors.append(vendor.id)
    return tuple(
        Template(name=overrides.name, version=template_version(overrides), vendors=tuple(vendors), overrides=overrides)
        for overrides, vendors in used.items()
    )


def find_templates(settings: "Settings", name: str | None) -> tuple[Template, ...]:
    """The template of this name, or all of them. Raises NotFoundError."""
    templates = list_templates(settings)
    found = tuple(template for template in templates if name in (None, template.name, *template.vendors))
    if not found:
        known = ", ".join(template.name for template in templates)
        raise NotFoundError("template_not_found", template=str(name), known=known)
    return found


def lint_template(template: Template) -> tuple[Flaw, ...]:
    """Lay out every sample, and prove that all it must say can be read. A flaw is told once, not for each sample."""
    private_fonts()
    from renderers.lint_samples import lint_documents

    found: dict[tuple[str, str], Flaw] = {}
    for document in lint_documents(template.overrides):
        try:
            errors = run_limited(_hidden, document)
        except ConfigurationError as error:
            errors = (error,)
        for flaw in (Flaw(language=document.language, route=document.route, error=error) for error in errors):
            found.setdefault((flaw.error.code, str(_lasting(flaw.error.params))), flaw)
        if any(error.code == OVER_LIMIT for error in errors):  # the other samples would take as long
            break
    return tuple(found.values())


def _hidden(document: "AgreementDocument") -> tuple[ConfigurationError, ...]:
    """Runs in the child."""
    from intake.reading.legible import measure_legibility
    from renderers.agreement import render_agreement
    from renderers.visibility import find_hidden

    return find_hidden(render_agreement(document), measure_legibility)


def _lasting(params: Mapping[str, object]) -> dict[str, object]:
    """What makes two flaws the same: all but the page they happen to stand on."""
    return {name: value for name, value in params.items() if name != "page"}
