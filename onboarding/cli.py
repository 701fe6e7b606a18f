"""`avtale`: the command line as a table of contents. Each command parses, calls and prints; the work is elsewhere.

Commands are imported when they are called, so that `avtale --help` answers at once. Exit codes and JSON are those of
`cli.md`.
"""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import click

from agreements.errors import AvtaleError, TemporaryError
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import SCHEMA, error_entries, error_lines
from onboarding.call import Call
from onboarding.command import LANGUAGE_KEY, TextGroup, language_of, language_option, option, print_lines
from onboarding.files import NO_SPACE
from onboarding.logs import set_up_logs
from onboarding.rendering import collect_garbage_seldom
from onboarding.usage import usage_message

_COMMANDS = {
    "init": "onboarding.commands.setup:init",
    "doctor": "onboarding.commands.setup:doctor",
    "demo": "onboarding.commands.demo:demo",
    "case": "onboarding.commands.case:group",
    "import": "onboarding.commands.importing:import_",
    "agreement": "onboarding.commands.agreement:group",
    "template": "onboarding.commands.template:group",
    "validate": "onboarding.commands.validate:validate",
    "run": "onboarding.commands.run:run",
    "intake": "onboarding.commands.intake:group",
    "review": "onboarding.commands.review:group",
    "outbox": "onboarding.commands.outbox:group",
    "forward": "onboarding.commands.forward:group",
    "plan": "onboarding.commands.plan:group",
    "config": "onboarding.commands.configuration:group",
    "verify": "onboarding.commands.verify:group",
    "launch": "onboarding.commands.launch:group",
    "authority": "onboarding.commands.authority:authority",
    "trust": "onboarding.commands.trust:group",
    "replay": "onboarding.commands.upkeep:replay",
    "retention": "onboarding.commands.upkeep:retention",
    "audit": "onboarding.commands.audit:group",
    "status": "onboarding.commands.status:status",
    "codes": "onboarding.commands.codes:codes",
}


def _root(config: Path | None, lang: str | None, by: str | None) -> None:
    click.get_current_context().obj = Call(clock=lambda: datetime.now(UTC), config=config, by=by)


root = TextGroup(
    "root",
    _COMMANDS,
    name="avtale",
    callback=_root,
    params=[
        option("--config", type=click.Path(path_type=Path, dir_okay=False)),
        language_option(),
        option("--by"),
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=lambda c, _o, v: _version(c, v)
        ),
    ],
)


def main() -> None:
    """The entry point: runs a command and exits with its code. No exception leaves it."""
    set_up_logs(logging.WARNING)
    collect_garbage_seldom()
    sys.exit(run_cli(sys.argv[1:]))


def run_cli(arguments: list[str]) -> int:
    """Run one command line and return its exit code.

    Prints the result on stdout, errors on stderr (or as JSON on stdout).
    """
    as_json = "--json" in arguments
    context: click.Context | None = None
    try:
        with root.make_context("avtale", list(arguments)) as context:
            root.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.UsageError as error:
        language = _language_asked_for(error.ctx or context, arguments)
        message, hint = usage_message(error, language), text("cli.see_help", language)
        return _fail(2, [{"code": "usage", "message": message, "hint": hint}], as_json)
    except AvtaleError as error:
        language = _language(context)
        if as_json:
            return _fail(error.exit_code, error_entries(error, language), as_json)
        print_lines(error_lines(error, language), to_stderr=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_SPACE:  # of a full disk all else tells by AvtaleError
            return _unprinted(_language(context))
        logging.getLogger(__name__).debug("internal error", exc_info=True)
        language = _language(context)
        entry = {
            "code": "internal",
            "message": text("errors.internal.message", language, error=type(error).__name__),
            "hint": text("errors.internal.hint", language),
        }
        return _fail(1, [entry], as_json)
    return 0


def _fail(exit_code: int, errors: list[dict[str, str]], as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "ok": False, "data": None, "errors": errors}, ensure_ascii=False))
    else:
        for error in errors:
            print_lines([*error["message"].splitlines(), *error["hint"].splitlines()], to_stderr=True)
    return exit_code


def _unprinted(language: Language) -> int:
    """The result could not be written out, nor can anything else be: said on stderr alone."""
    problem = TemporaryError("disk_full", place="stdout")
    print_lines(error_lines(problem, language), to_stderr=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer would raise at the end
    return problem.exit_code


def _language(context: click.Context | None) -> Language:
    call = context.find_object(Call) if context else None
    return call.lang if call else Language.NB


def _language_asked_for(context: click.Context | None, arguments: list[str]) -> Language:
    """The language of a call that click could not read to its end: it may not have come to `--lang` yet."""
    if context is not None and LANGUAGE_KEY in context.find_root().meta:
        return language_of(context)
    known = {language.value: language for language in Language}
    values = [second for first, second in pairwise(arguments) if first == "--lang"]
    values += [argument.removeprefix("--lang=") for argument in arguments if argument.startswith("--lang=")]
    return next((known[value] for value in values if value in known), Language.NB)


def _version(context: click.Context, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"avtale {version('avtalemottak')}")
        context.exit()


if __name__ == "__main__":
    main()
