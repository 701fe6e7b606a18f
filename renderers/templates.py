"""The templates and their words: HTML and CSS in `templates/`, sentences in `templates/words.{nb,nn,en}.yaml`.

A designer changes the look there without reading code. An unknown name or word fails the rendering.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, select_autoescape

from agreements.language import Language

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Words = Callable[..., str]
"""`words("agreement.footer", number=…)`: a sentence of one language with its places filled."""


def read_template(name: str) -> str:
    """The text of one file under `templates/`."""
    return files("renderers").joinpath("templates", name).read_text(encoding="utf-8")


def words(language: Language) -> Words:
    """The sentences of one language. Calling it with an unknown key, or without a place's value, raises KeyError."""
    return partial(_say, _sentences(language))


def flat_words(language: Language) -> Mapping[str, str]:
    """Every sentence of a language by its dotted key."""
    return _sentences(language)


def fill(template: str, language: Language, **view: object) -> str:
    """The template with a view's values. HTML is escaped; mail text (`.txt`) is not. Undefined names raise."""
    return _environment().get_template(template).render(words=words(language), language=language.value, **view)


def _say(sentences: Mapping[str, str], key: str, **params: object) -> str:
    return sentences[key].format_map(params)


@cache
def _sentences(language: Language) -> Mapping[str, str]:
    loaded = yaml.load(read_template(f"words.{language.value}.yaml"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return dict(_flatten("", loaded))


def _flatten(prefix: str, node: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in node.items():
        name = f"{prefix}{key}"
        pairs += _flatten(f"{name}.", value) if isinstance(value, Mapping) else [(name, value)]
    return pairs


class _PackageTemplates(BaseLoader):
    """Templates from this package, and from nowhere else."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        try:
            return read_template(template), None, lambda: True
        except FileNotFoundError as error:
            raise TemplateNotFound(template) from error


@cache
def _environment() -> Environment:
    return Environment(
        loader=_PackageTemplates(),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
