"""Calls the command line in this process, and checks of every answer what `--json` promises."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from onboarding.cli import run_cli

UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_TIME_KEY = re.compile(r"(^|_)(at|time|waiting)$")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a command said."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        [line] = self.out.splitlines()
        loaded: dict[str, Any] = json.loads(line)
        return loaded

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["code"] for error in self.json["errors"]]


@dataclass(frozen=True, kw_only=True)
class CommandLine:
    """`avtale --config …`."""

    config: Path | None
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Reply:
        self.capsys.readouterr()
        place = [] if self.config is None else ["--config", str(self.config)]
        exit_code = run_cli([*place, *map(str, arguments)])
        said = self.capsys.readouterr()
        return Reply(exit_code=exit_code, out=said.out, err=said.err)

    def json(self, *arguments: str | Path, exit_code: int = 0) -> Reply:
        """With `--json`: the answer has the shape that `cli.md` gives, and this exit code."""
        reply = self(*arguments, "--json")
        assert reply.exit_code == exit_code, reply
        assert_answer(reply)
        return reply


def assert_answer(reply: Reply) -> None:
    """One object, nothing on stderr that a program would have to read, times in UTC."""
    answer = reply.json
    assert list(answer) == ["schema", "ok", "data", "errors"]
    assert (answer["schema"], answer["ok"]) == ("avtale/v1", reply.exit_code == 0)
    for error in answer["errors"]:
        assert error.keys() == {"code", "message", "hint"}
        assert error["code"]
        assert error["message"]
    assert bool(answer["errors"]) <= (reply.exit_code != 0)
    for key, value in walk(answer["data"]):
        if _TIME_KEY.search(key) and isinstance(value, str):
            assert UTC_TIME.fullmatch(value), (key, value)


def walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)
