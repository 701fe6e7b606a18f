"""What is wrong with a command line, in the caller's language: click itself speaks English only.

By the class of click's exception; the names of parameters, commands and allowed values stay as they are typed.
"""

from typing import Any

import click

from agreements.language import Language
from agreements.texts import text

_TYPES: tuple[tuple[type[click.ParamType[Any]], str], ...] = (
    (click.types.IntRange, "not_in_range"),
    (click.types.IntParamType, "not_a_number"),
    (click.DateTime, "not_a_date"),
)


def usage_message(error: click.UsageError, language: Language) -> str:
    """What click found wrong. The help, where a group was called without a command."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            return error.format_message()
        case click.exceptions.NoSuchCommand():
            return _guessing("no_command", error.command_name, error.possibilities, language)
        case click.NoSuchOption():
            return _guessing("no_option", error.option_name, error.possibilities, language)
        case click.MissingParameter():
            kind = "missing_argument" if isinstance(error.param, click.Argument) else "missing_option"
            return text(f"usage.{kind}", language, name=_name(error)) + _allowed(error.param, language)
        case click.BadParameter():
            return _bad_value(error, language)
        case click.BadOptionUsage():
            return text(f"usage.{_option_fault(error)}", language, name=error.option_name)
        case click.BadArgumentUsage():
            return text("usage.bad_argument", language)
        case _:
            return _other(error, language)


def _guessing(key: str, name: str, possibilities: list[str] | None, language: Language) -> str:
    guess = text("usage.did_you_mean", language, names=", ".join(possibilities)) if possibilities else ""
    return f"{text(f'usage.{key}', language, name=name)} {guess}".rstrip()


def _bad_value(error: click.BadParameter, language: Language) -> str:
    kind = error.param.type if error.param is not None else None
    params: dict[str, object] = {}
    if isinstance(kind, click.Choice):
        return text("usage.bad_value", language, name=_name(error)) + _allowed(error.param, language)
    if isinstance(kind, click.Path):
        key = "not_a_file" if kind.file_okay else "not_a_folder"
    else:
        key = next((key for known, key in _TYPES if isinstance(kind, known)), "bad_value")
    if isinstance(kind, click.types.IntRange):
        params = {"least": kind.min, "most": kind.max}
    return text(f"usage.{key}", language, name=_name(error), **params)


def _allowed(param: click.Parameter | None, language: Language) -> str:
    if param is None or not isinstance(param.type, click.Choice):
        return ""
    return " " + text("usage.allowed", language, values=", ".join(map(str, param.type.choices)))


def _name(error: click.BadParameter) -> str:
    """As it is typed: `--step`, or `CASE` for an argument."""
    if error.param is None:
        return str(error.param_hint or "")
    if isinstance(error.param, click.Argument) and error.ctx is not None:
        return error.param.make_metavar(error.ctx)
    return max(error.param.opts, key=len)


def _option_fault(error: click.BadOptionUsage) -> str:
    """One class serves both, and click's parser leaves the context out; its words tell which it was."""
    return "option_without_value" if "does not take" in error.message else "option_needs_value"


def _other(error: click.UsageError, language: Language) -> str:
    """Two faults have no class of their own: a group without its command, and arguments left over."""
    if isinstance(error.ctx.command if error.ctx else None, click.Group):
        return text("usage.missing_command", language)
    return text("usage.unexpected", language, arguments=_left_over(error.message))


def _left_over(message: str) -> str:
    """What click put in brackets."""
    return message.partition("(")[2].rpartition(")")[0] or message
