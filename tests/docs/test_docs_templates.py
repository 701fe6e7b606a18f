"""The designer's page names every file, sentence and class there is, and none that is not."""

import re

from agreements.language import Language
from renderers.lint_samples import SAMPLES
from renderers.overrides import ALLOWED_FILES, MAX_FILE_BYTES, Overrides, check_overrides
from renderers.templates import flat_words, read_template
from tests.docs.reference import read, spans

OURS = {language: flat_words(language) for language in Language}


def page() -> str:
    return read("docs/templates.md")


def may_be_replaced(key: str) -> bool:
    """Whether a file that says the same sentence again is accepted."""
    from agreements.errors import ConfigurationError

    group, _, name = key.partition(".")
    parts = name.split(".")
    nested = "".join(f"{'  ' * depth}{part}:\n" for depth, part in enumerate([group, *parts[:-1]]))
    line = f"{'  ' * len(parts)}{parts[-1]}: '{OURS[Language.NB][key]}'\n"
    words = Overrides(name="x", files=(("words.nb.yaml", (nested + line).encode()),))
    try:
        check_overrides(words, OURS)
    except ConfigurationError:
        return False
    return True


def test_every_file_that_may_be_put_in_is_named() -> None:
    named = {
        span for span in spans(page()) if re.fullmatch(r"(agreement|words|logo)[-.\w]*\.(html|css|yaml|svg|png)", span)
    }
    assert named == set(ALLOWED_FILES)
    assert f"{MAX_FILE_BYTES:,} bytes" in page()


def test_every_sentence_that_may_be_replaced_is_listed_with_its_places_and_no_other() -> None:
    rows = re.findall(r"^\| `(agreement\.(?!css)[\w.]+)` \| ([^|]*) \|", page(), re.MULTILINE)
    listed = {key: set(re.findall(r"\{(\w+)\}", places)) for key, places in rows}
    free = {key for key in OURS[Language.NB] if key.startswith("agreement.") and may_be_replaced(key)}
    assert listed.keys() == free
    assert listed == {key: set(re.findall(r"\{(\w+)\}", OURS[Language.NB][key])) for key in free}


def test_every_class_that_is_named_is_in_the_stylesheets() -> None:
    styles = read_template("page.css") + read_template("agreement.css")
    named = {span for span in spans(page()) if re.fullmatch(r"\.[a-z-]+", span)}
    assert len(named) > 15
    assert [name for name in named if not re.search(rf"\{name}\b", styles)] == []


def test_the_number_of_samples_is_true() -> None:
    assert SAMPLES == 9
    assert "makes nine agreements" in page()


def test_what_the_page_quotes_of_our_parts_is_true() -> None:
    assert read_template("agreement-values.html").strip() in page()
    for line in read_template("agreement-opening.html").splitlines()[:2]:
        assert line in page()
