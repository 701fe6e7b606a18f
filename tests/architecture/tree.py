"""The project's tree as the architecture tests see it: files, imports, calls."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROOT_PACKAGES = ("agreements", "intake", "signatures", "renderers", "outbox", "onboarding")

_NOT_OURS = {".git", ".venv", "build", "dist", "data"}
_CACHES = {
    "__pycache__",
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
}


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project itself, without what can be made again (see .gitignore)."""
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in _CACHES or entry.name.endswith(".egg-info") or entry.is_symlink():
            continue
        if folder == ROOT and entry.name in _NOT_OURS:
            continue
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.name != ".git":  # a worktree's pointer
            yield entry


def package_files(*packages: str) -> tuple[Path, ...]:
    """Every file under the named root packages (all of them when none is named)."""
    wanted = packages or ROOT_PACKAGES
    return tuple(path for path in project_files() if path.relative_to(ROOT).parts[0] in wanted)


def modules(*packages: str) -> tuple[Path, ...]:
    """Every Python file under the named root packages (all of them when none is named)."""
    return tuple(path for path in package_files(*packages) if path.suffix == ".py")


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported_names(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything a file imports, wherever in the file it stands."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def dotted_names(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every dotted name a file mentions, as written: `datetime.now`, `os.environ`."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute | ast.Name):
            yield node.lineno, ast.unparse(node)


def string_literals(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of every string in a file's code. Docstrings are not code."""
    docstrings = {
        id(node.value)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def where(path: Path, line: int) -> str:
    """A place as an editor understands it."""
    return f"{path.relative_to(ROOT)}:{line}"


@cache
def pyproject() -> dict[str, Any]:
    """The project's own pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
