"""The templates and their words: HTML and CSS in `templates/`, sentences in `templates/words.{nb,nn,en}.yaml`.

A designer changes the look there without reading code. An unknown name or word fails the rendering. A vendor's own
files (`renderers.overrides`) take the place of ours, and are run in Jinja's sandbox.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound, TemplateSyntaxError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agreements.errors import ConfigurationError
from agreements.language import Language
from renderers.overrides import STANDARD, Overrides

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PARTS_OF_OURS = re.compile(r"agreement(-[a-z]+)?\.html")
Words = Callable[..., str]
"""`words("agreement.footer", number=…)`: a sentence of one language with its places filled."""


def read_template(name: str) -> str:
    """The text of one file under `templates/`."""
    return files("renderers").joinpath("templates", name).read_text(encoding="utf-8")


def words(language: Language, overrides: Overrides = STANDARD) -> Words:
    """The sentences of one language. Calling it with an unknown key, or without a place's value, raises KeyError."""
    return partial(_say, _sentences(language, overrides))


def flat_words(language: Language) -> Mapping[str, str]:
    """Every sentence of ours by its dotted key."""
    return _our_sentences(language)


def fill(template: str, language: Language, overrides: Overrides = STANDARD, **view: object) -> str:
    """The template with a view's values. HTML is escaped; mail text (`.txt`) is not. Undefined names raise.

    Raises ConfigurationError `template_broken`, with file and line, where a vendor's own files are at fault.
    """
    say = words(language, overrides)
    try:
        return _environment(overrides).get_template(template).render(words=say, language=language.value, **view)
    except Exception as error:  # a vendor's template may do anything; with our own alone it is a fault of ours
        if not overrides.files:
            raise
        file, line = _where(error, overrides)
        reason = f"{type(error).__name__}: {error}"[:300]
        raise ConfigurationError("template_broken", file=file, line=line, reason=reason) from error


def _where(error: Exception, overrides: Overrides) -> tuple[str, int]:
    """The vendor's file that was at work, and the line; the whole template where none was."""
    if isinstance(error, TemplateSyntaxError):
        return error.name or "", error.lineno
    found, step = (overrides.name, 0), error.__traceback__
    while step is not None:
        if (name := step.tb_frame.f_code.co_filename) in overrides.content:
            found = (name, step.tb_lineno)
        step = step.tb_next
    return found


def _say(sentences: Mapping[str, str], key: str, **params: object) -> str:
    return sentences[key].format_map(params)


@lru_cache(maxsize=64)  # the vendors of one installation, in three languages
def _sentences(language: Language, overrides: Overrides) -> Mapping[str, str]:
    return {**_our_sentences(language), **overrides.words(language)}


@cache
def _our_sentences(language: Language) -> Mapping[str, str]:
    loaded = yaml.load(read_template(f"words.{language.value}.yaml"), Loader=_LOADER)  # noqa: S506 - a safe loader
    return dict(_flatten("", loaded))


def _flatten(prefix: str, node: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in node.items():
        name = f"{prefix}{key}"
        pairs += _flatten(f"{name}.", value) if isinstance(value, Mapping) else [(name, value)]
    return pairs


class _Templates(BaseLoader):
    """A vendor's checked files, then this package's templates, and nothing else.

    With files of a vendor at work, ours are the agreement's alone, by their plain names: a part may include them.
    """

    def __init__(self, overrides: Overrides) -> None:
        self._own = overrides.content

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        if template in self._own:
            return self._own[template].decode("utf-8"), template, lambda: True
        if self._own and not _PARTS_OF_OURS.fullmatch(template):
            raise TemplateNotFound(template)
        try:
            return read_template(template), None, lambda: True
        except FileNotFoundError as error:
            raise TemplateNotFound(template) from error


@lru_cache(maxsize=16)  # a set of compiled templates for each vendor with files of its own
def _environment(overrides: Overrides) -> Environment:
    kind = ImmutableSandboxedEnvironment if overrides.files else Environment
    return kind(
        loader=_Templates(overrides),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
