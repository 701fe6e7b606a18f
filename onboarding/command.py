"""How a command is declared: its texts come from the message catalogues, its answer is printed as lines or JSON.

`@command("case.new", option(...), argument(...))` over a function `(call, …) -> Answer`. Heavy imports belong inside
the function.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import click

from agreements.errors import UsageError
from agreements.language import Language
from agreements.national_id import find_certain
from agreements.texts import has_text, text
from onboarding.answers import Answer, one_line
from onboarding.call import Call

LANGUAGE_KEY: Final = "avtale.lang"
_RECORDED: Final = frozenset({"reason", "note"})
"""Arguments that stand in the record for ever."""
"""Where the language asked for is remembered, in the `meta` of click's context."""
Handler = Callable[..., Answer | int]
"""Returns an answer to be printed, or an exit code if it has printed for itself."""


_CLICKS_OWN: Final = {"[OPTIONS]": "cli.metavars.options", "COMMAND [ARGS]...": "cli.metavars.command"}
"""What click writes into a usage line by itself."""


class TextOption(click.Option):
    """An option whose help stands in the message catalogues under `cli.options.<name>`."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The help line in the caller's language."""
        self.help = text(f"cli.options.{self.name}", language_of(ctx)) if has_text(f"cli.options.{self.name}") else None
        return super().get_help_record(ctx)


class _Texts(click.Command):
    """Help in three languages, for commands and groups."""

    path: str

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        language = language_of(ctx)
        pieces = [
            text(_CLICKS_OWN[piece], language) if piece in _CLICKS_OWN else piece
            for piece in self.collect_usage_pieces(ctx)
        ]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=text("cli.headings.usage", language) + " ")

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(text(f"cli.{self.path}.help", language_of(ctx)))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx)) is not None]
        with formatter.section(text("cli.headings.options", language_of(ctx))):
            formatter.write_dl(records)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = text("cli.options.help", language_of(ctx))
        return option


class TextCommand(_Texts):
    """One command."""


class TextGroup(_Texts, click.Group):
    """A group whose commands are imported when they are called, and listed without importing them."""

    def __init__(self, path: str, table: dict[str, str], **settings: Any) -> None:
        super().__init__(**settings)
        self.path = path
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the table's order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, `module:attribute`, or make a group of a nested table."""
        target = self.table.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        found: click.Command = getattr(__import__(module, fromlist=[attribute]), attribute)
        return found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, then the commands with the first line of their texts."""
        super().format_options(ctx, formatter)
        language = language_of(ctx)
        prefix = "" if self.path == "root" else f"{self.path}."
        rows = [(name, text(f"cli.{prefix}{name}.help", language).partition("\n")[0]) for name in self.table]
        with formatter.section(text("cli.headings.commands", language)):
            formatter.write_dl(rows)


def language_of(context: click.Context) -> Language:
    """The language asked for by `--lang`, else bokmål."""
    return Language(context.find_root().meta.get(LANGUAGE_KEY, Language.NB.value))


def _remember_language(context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        context.find_root().meta[LANGUAGE_KEY] = value
    return value


def option(*names: str, **settings: Any) -> click.Option:
    """An option; its help comes from the message catalogues."""
    return TextOption(list(names), **settings)


def argument(name: str, **settings: Any) -> click.Argument:
    """A positional argument."""
    return click.Argument([name], **settings)


def language_option(*, hidden: bool = False) -> click.Option:
    """`--lang`, known before anything else so that help and errors follow it."""
    choice = click.Choice([language.value for language in Language])
    return option("--lang", type=choice, is_eager=True, callback=_remember_language, hidden=hidden)


def command(path: str, *params: click.Parameter) -> Callable[[Handler], TextCommand]:
    """Declare the command with this dotted path. `--json`, `--by` and `--lang` are understood by every one."""

    def declare(handler: Handler) -> TextCommand:
        own = {name for param in params for name in (param.name, *param.opts)}
        common = [option("--json", "as_json", is_flag=True), language_option(hidden=True)]
        if "--by" not in own:
            common.append(option("--by", hidden=True))
        declared = TextCommand(
            path.rpartition(".")[2], params=[*params, *common], callback=_runner(handler, "by" in own)
        )
        declared.path = path
        return declared

    return declare


def _runner(handler: Handler, wants_by: bool) -> Callable[..., None]:
    def run(**arguments: Any) -> None:
        context = click.get_current_context()
        call = context.find_object(Call)
        assert call is not None
        call.as_json = bool(arguments.pop("as_json"))
        call.language = language_of(context) if LANGUAGE_KEY in context.find_root().meta else None
        arguments.pop("lang")
        call.by = arguments.get("by") or call.by
        if not wants_by:
            arguments.pop("by", None)
        with call:
            result = handler(call, **_checked_words(arguments))
            print_answer(result, call) if isinstance(result, Answer) else None
        context.exit(result.exit_code if isinstance(result, Answer) else result)

    return run


def _checked_words(arguments: dict[str, Any]) -> dict[str, Any]:
    """What a person writes into the record can never be taken out of it again: never nothing, never a number that tells
    who somebody is. Raises UsageError.
    """
    for name in _RECORDED & arguments.keys():
        if arguments[name] is None:
            continue
        arguments[name] = words = str(arguments[name]).strip()
        if not words:
            raise UsageError("reason_empty", option=name)
        if (masked := find_certain(words)) is not None:
            raise UsageError("reason_national_id", masked=masked)
    return arguments


def print_answer(answer: Answer, call: Call) -> None:
    """Print an answer on stdout: one line of JSON, or the lines for people."""
    if call.as_json:
        click.echo(answer.as_json())
        return
    print_lines(answer.lines)
    errors = (error["message"] + (f" {error['hint']}" if error.get("hint") else "") for error in answer.errors)
    print_lines(errors, to_stderr=True)


def print_lines(lines: Iterable[str], *, to_stderr: bool = False) -> None:
    """Print lines for people, the one place where that is done.

    They hold names from received files and certificates: nothing in them can break a line or steer the terminal.
    """
    for line in lines:
        click.echo(one_line(line), err=to_stderr)


def talk(call: Call, *lines: str) -> None:
    """Say something on stderr while the work goes on; not in JSON mode, where only the result counts."""
    if not call.as_json:
        print_lines(lines, to_stderr=True)
