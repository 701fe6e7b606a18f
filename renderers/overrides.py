"""What a vendor may change in the agreement's templates, as a value; the roof reads the files (docs/templates.md).

Parts of the page, one more stylesheet, sentences and a logo. Never the skeleton, the powers of attorney, the list of
terms or the signature boxes: those files can't be replaced, their sentences can't be reworded. Each kind of file has a
closed list of what it may hold (`override_styles`, `override_logos`; `override_markup` for what the parts make), and
that all of it can be read, and nothing else, is proved on the finished pages (`visibility`).
"""

import html
import re
import string
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import yaml

from agreements.characters import NOT_IN_FONTS, UnfitCharacter, find_unfit
from agreements.errors import ConfigurationError
from agreements.language import Language

STANDARD_NAME = "standard"
PARTS = ("front", "opening", "contacts", "information", "privacy", "values")
"""The parts of the agreement that may be replaced: `agreement-<part>.html`."""
STYLESHEET = "agreement.css"
LOGOS = ("logo.svg", "logo.png")
ALLOWED_FILES = (
    *(f"agreement-{part}.html" for part in PARTS),
    STYLESHEET,
    *(f"words.{language.value}.yaml" for language in Language),
    *LOGOS,
)
MAX_FILE_BYTES = 100_000  # our own largest template part is 3 kB and a vector logo some 10 kB; stands in each agreement
OWN_WORDS = "own."
"""Sentences of the vendor's own stand under this key; all others replace one of ours."""
_REPLACED_WORDS = "agreement."
_FIXED_WORDS = (
    "agreement.administrator",
    "agreement.authorisation",
    "agreement.confirm",
    "agreement.control",
    "agreement.document_title",
    "agreement.example",
    "agreement.footer",
    "agreement.for_customer",
    "agreement.information",
    "agreement.joint",
    "agreement.power_",
    "agreement.preview",
    "agreement.purpose",
    "agreement.template",
    "agreement.terms_",
)
"""Sentences (by how their keys begin) that bind somebody, or say what this is and whether it binds: always ours."""
_PLACE = re.compile(r"\{[a-z_]+\}")
_MAX_TOLD = 60  # characters of a file in a message
_NAMELESS = "-"  # controls have none
_REFUSED_TAGS = re.compile(
    r"<\s*(a|base|button|embed|form|iframe|input|link|meta|object|script|select|style|svg|textarea)\b", re.IGNORECASE
)
"""Told early, with the file; what the parts make of themselves is held to `renderers.override_markup`."""


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """A vendor's checked files. Two with the same files are equal, and make the same pages. See `check_overrides`."""

    name: str = STANDARD_NAME
    """The template's name in its version: `standard`, or whose files these are (small letters, digits, hyphens)."""
    files: tuple[tuple[str, bytes], ...] = ()
    """Name and content of each file, by name."""

    @cached_property
    def content(self) -> Mapping[str, bytes]:
        """The files by name."""
        return dict(self.files)

    @cached_property
    def logo(self) -> str | None:
        """The logo's file name."""
        return next((name for name in LOGOS if name in self.content), None)

    def words(self, language: Language) -> Mapping[str, str]:
        """The vendor's sentences of a language by dotted key; the files must have been checked."""
        return _read_words(self.content.get(f"words.{language.value}.yaml", b""))


STANDARD = Overrides()
"""Nothing overridden."""


def check_overrides(overrides: Overrides, ours: Mapping[Language, Mapping[str, str]]) -> None:
    """Raise ConfigurationError `template_faults` with all that is wrong with the files; `ours`: our sentences."""
    faults = tuple(fault for name, content in overrides.files for fault in _faults(name, content, ours))
    if faults:
        raise ConfigurationError("template_faults", template=overrides.name, count=len(faults), faults=faults)


def _faults(name: str, content: bytes, ours: Mapping[Language, Mapping[str, str]]) -> Iterator[ConfigurationError]:
    if name not in ALLOWED_FILES:
        yield ConfigurationError("template_file_unknown", file=name, allowed=", ".join(ALLOWED_FILES))
    elif len(content) > MAX_FILE_BYTES:
        yield ConfigurationError("template_file_too_large", file=name, size=len(content), limit=MAX_FILE_BYTES)
    elif name in LOGOS:
        yield from _logo_faults(name, content)
    elif not _is_text(content):
        yield ConfigurationError("template_file_not_text", file=name)
    elif name == STYLESHEET:
        yield from _style_faults(name, content)
    elif name.endswith(".html"):
        yield from _part_faults(name, content)
    elif name.startswith("words."):
        yield from _word_faults(name, content, ours[Language(name.split(".")[1])])


def _logo_faults(name: str, content: bytes) -> Iterator[ConfigurationError]:
    from renderers.override_logos import is_fit_png, is_fit_svg

    if not (is_fit_png if name.endswith(".png") else is_fit_svg)(content):
        yield ConfigurationError("template_logo_unfit", file=name)


def _style_faults(name: str, content: bytes) -> Iterator[ConfigurationError]:
    from renderers.override_styles import FAMILIES, FOREIGN_FONT, UNFIT_NUMBER, refused_styles

    for refusal in refused_styles(content.decode("utf-8")):
        detail = {UNFIT_NUMBER: refusal.allowed, FOREIGN_FONT: ", ".join(FAMILIES)}.get(refusal.code)
        allowed = {} if detail is None else {"allowed": detail}
        what = refusal.what[:_MAX_TOLD]
        yield ConfigurationError(refusal.code, file=name, line=refusal.line, what=what, **allowed)


def _part_faults(name: str, content: bytes) -> Iterator[ConfigurationError]:
    source = content.decode("utf-8")
    tags = sorted({match[1].lower() for match in _REFUSED_TAGS.finditer(source)})
    yield from (ConfigurationError("template_tag_refused", file=name, tag=tag) for tag in tags)
    for line, written in enumerate(source.replace("\r\n", "\n").replace("\t", " ").split("\n"), start=1):
        if unfit := find_unfit(html.unescape(written), lines=True):
            yield ConfigurationError("template_part_character", file=name, line=line, **_character(unfit))


def _character(unfit: UnfitCharacter) -> dict[str, str]:
    """The character that can't be printed: itself if it can be seen, else its name in Unicode."""
    seen = unfit.code == NOT_IN_FONTS
    shown = unfit.character if seen else unicodedata.name(unfit.character, _NAMELESS)
    return {"character": shown, "code_point": f"U+{ord(unfit.character):04X}"}


def _word_faults(name: str, content: bytes, ours: Mapping[str, str]) -> Iterator[ConfigurationError]:
    try:
        said = _read_words(content)
    except (yaml.YAMLError, ValueError, RecursionError):
        yield ConfigurationError("template_words_unreadable", file=name)
        return
    for key, sentence in said.items():
        if unfit := find_unfit(sentence, lines=True):
            yield ConfigurationError("template_word_character", file=name, key=key, **_character(unfit))
        elif _places(sentence) is None:
            yield ConfigurationError("template_word_places", file=name, key=key, places=_spelled(ours.get(key, "")))
        elif key.startswith(OWN_WORDS):
            continue
        elif key.startswith(_FIXED_WORDS):
            yield ConfigurationError("template_word_fixed", file=name, key=key)
        elif key not in ours or not key.startswith(_REPLACED_WORDS):
            yield ConfigurationError("template_word_unknown", file=name, key=key)
        elif _places(sentence) != _places(ours[key]):
            yield ConfigurationError("template_word_places", file=name, key=key, places=_spelled(ours[key]))


def _read_words(content: bytes) -> Mapping[str, str]:
    """Sentences by dotted key. Raises yaml.YAMLError, ValueError if it is anything but texts in nested groups.

    No references (`&`, `*`): a few lines of them stand for thousands of millions of sentences.
    """
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(content, yaml.SafeLoader)):
        raise ValueError("a reference")
    loaded = yaml.safe_load(content) or {}
    return dict(_flat("", loaded))


def _flat(prefix: str, node: object) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), value)
    elif isinstance(node, str) and prefix:
        yield prefix, node
    else:
        raise ValueError("not a sentence")


def _places(sentence: str) -> frozenset[str] | None:
    """The names of the places; None if one is more than a name (it could reach into the program) or left open."""
    if set(_PLACE.sub("", sentence)) & set("{}"):
        return None
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name)


def _spelled(sentence: str) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(_places(sentence) or ())) or "-"


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
