"""What the documentation points at exists: pages, headings, files, folders, tests, make targets."""

import re
from pathlib import Path

import pytest

from agreements.findings import all_codes
from tests.docs.reference import HOUSE, PAGES, fenced, name, read, spans

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TEST = re.compile(r"tests/[\w/]+\.py::(\w+)")
_FINDING = re.compile(r"\b(?:SIG|PRV|WHO|CAS|INT)-\d{3}\b")
_TOP = {path.name for path in HOUSE.iterdir()}
_MADE_LATER = {"build", ".venv"}


def anchors(page: Path) -> set[str]:
    """Headings as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_broken(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return False
    target, _, anchor = link.partition("#")
    place = (page.parent / target).resolve() if target else page
    return not place.exists() or bool(anchor and anchor not in anchors(place))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if is_broken(page, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    paths = [
        span.partition("::")[0] for span in spans(page.read_text(encoding="utf-8")) if "/" in span and " " not in span
    ]
    ours = [path for path in paths if path.partition("/")[0] in _TOP - _MADE_LATER and not re.search(r"[{}*…<>]", path)]
    assert [path for path in ours if not (HOUSE / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_test_that_is_named_as_proof_exists(page: Path) -> None:
    for span in spans(page.read_text(encoding="utf-8")):
        if found := _TEST.fullmatch(span):
            source = (HOUSE / span.partition("::")[0]).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {found[1]}\(", source, re.MULTILINE), span


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_finding_that_is_named_exists(page: Path) -> None:
    assert set(_FINDING.findall(page.read_text(encoding="utf-8"))) <= {code.code for code in all_codes()}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z0-9]+):", (HOUSE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z0-9]+)", "\n".join([*spans(text), *fenced(text, "sh")]), re.MULTILINE))
    assert named <= targets


def test_every_guarantee_names_a_test_that_shows_it() -> None:
    rows = re.findall(r"^\| (G\d) \|.*$", read("docs/architecture.md"), re.MULTILINE)
    assert rows == [f"G{number}" for number in range(1, 8)]
    for line in read("docs/architecture.md").splitlines():
        if re.match(r"\| G\d \|", line):
            assert _TEST.search(line), line


def test_every_decision_stands_in_the_list_with_its_three_parts() -> None:
    records = sorted((HOUSE / "docs/adr").glob("0*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text(encoding="utf-8")
        title = text.splitlines()[0].removeprefix(f"# {record.name[:4]} ")
        assert f"| [{record.name[:4]}]({record.name}) | {title} |" in read("docs/adr/README.md")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
