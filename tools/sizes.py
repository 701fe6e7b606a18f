"""Prints how large the project's files and functions are. A report, not a gate: sizes are a question of taste.

What good programs of this kind show: files of about 150 lines, rarely above 400; functions of at most 12 lines in
the middle, rarely above 40; at most five parameters.
"""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agreements", "intake", "signatures", "renderers", "outbox", "onboarding")
LONG_FILE, LONG_FUNCTION, MANY_PARAMETERS = 400, 40, 5


def main() -> int:
    """Print the report. Always 0."""
    files = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _modules()}
    functions = [(path, node) for path in files for node in _functions(path)]
    if not functions:
        return 0
    lengths = [_length(node) for _, node in functions]
    _say(f"{len(files)} files, median {statistics.median(files.values()):.0f} lines, longest {max(files.values())}")
    _say(f"{len(functions)} functions, median {statistics.median(lengths):.0f} lines, longest {max(lengths)}")
    for path, lines in files.items():
        if lines > LONG_FILE:
            _say(f"  {path.relative_to(ROOT)}: {lines} lines")
    for path, node in functions:
        for remark in _remarks(node):
            _say(f"  {path.relative_to(ROOT)}:{node.lineno} {node.name}: {remark}")
    return 0


def _modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _remarks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    if _length(node) > LONG_FUNCTION:
        yield f"{_length(node)} lines"
    parameters = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs) if a.arg != "self"]
    if len(parameters) > MANY_PARAMETERS:
        yield f"{len(parameters)} parameters"


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
