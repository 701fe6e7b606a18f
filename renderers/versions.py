"""The template version: a hash over everything that decides how an agreement looks. An issued one stays tied to it."""

from collections.abc import Iterator
from functools import cache, lru_cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

from agreements.language import Language
from agreements.texts import flat_texts
from renderers.overrides import STANDARD, Overrides
from renderers.templates import flat_words

if TYPE_CHECKING:
    from hashlib import _Hash

_LIBRARIES = ("jinja2", "pikepdf", "weasyprint", "zxing-cpp")
_TEXTS = ("agreement.", "values.", "dates.")  # our sentences, and the shared texts that an agreement prints
_ENDINGS = (".py", ".html", ".css", ".ttf", ".conf", ".icc")
_NOT_IN_AGREEMENTS = (
    *("document", "form", "letters", "lint", "pdf_rules", "plan", "printing", "record", "review", "screen", "summary"),
    *("verification", "visibility"),
)
"""How the names of files begin that only other documents are made of. What is not named here counts."""


@lru_cache(maxsize=64)
def template_version(overrides: Overrides = STANDARD) -> str:
    """`standard 0123456789ab`: the template's name, and 12 hex digits. A vendor's own files count like ours."""
    digest = sha256(_our_hash())
    for name, content in overrides.files:
        _add(digest, name, content)
    return f"{overrides.name} {digest.hexdigest()[:12]}"


@cache
def _our_hash() -> bytes:
    digest = sha256()
    for package in _LIBRARIES:
        _add(digest, f"version {package}", version(package).encode())
    _add(digest, "catalogue", files("agreements").joinpath("catalogue.yaml").read_bytes())
    for language in Language:
        said = [*flat_texts(language).items(), *flat_words(language).items()]
        kept = sorted(item for item in said if item[0].startswith(_TEXTS))
        _add(digest, f"texts {language.value}", repr(kept).encode())
    for name, content in sorted(_our_files(files("renderers"), "")):
        _add(digest, name, content)
    return digest.digest()


def _our_files(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        if item.name.startswith(_NOT_IN_AGREEMENTS):
            continue
        if item.is_dir():
            yield from _our_files(item, f"{path}{item.name}/")
        elif item.name.endswith(_ENDINGS):
            yield f"{path}{item.name}", item.read_bytes()


def _add(digest: "_Hash", name: str, content: bytes) -> None:
    digest.update(f"{name} {len(content)}\n".encode() + content)
