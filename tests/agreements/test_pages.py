"""Visible text, and what of it is missing elsewhere."""

from hypothesis import given
from hypothesis import strategies as st

from agreements.pages import Page, Pages, missing_lines, normal_lines


def pages(*texts: str) -> Pages:
    return Pages(pages=tuple(Page(width=595, height=842, text=text) for text in texts))


LINES = st.lists(st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8), max_size=5)
DOCUMENTS = st.lists(LINES.map("\n".join), min_size=1, max_size=4).map(lambda texts: pages(*texts))


@given(DOCUMENTS)
def test_a_document_lacks_nothing_of_itself(document: Pages) -> None:
    assert missing_lines(document, document) == ()


@given(DOCUMENTS, LINES, LINES)
def test_added_pages_and_lines_make_nothing_missing(document: Pages, front: list[str], footer: list[str]) -> None:
    texts = [f"{page.text}\n" + "\n".join(footer) for page in document.pages]
    assert missing_lines(document, pages("\n".join(front), *texts)) == ()


@given(DOCUMENTS, st.data())
def test_a_line_that_is_taken_away_is_missing(document: Pages, data: st.DataObject) -> None:
    lines = [(number, line) for number, page in enumerate(document.pages, 1) for line in normal_lines(page.text)]
    if not lines:
        return
    number, line = data.draw(st.sampled_from(lines))
    kept = list(normal_lines(document.pages[number - 1].text))
    kept.remove(line)
    texts = [page.text for page in document.pages]
    texts[number - 1] = "\n".join(kept)
    missing = missing_lines(document, pages(*texts))
    assert [text for _, text in missing] == [line]


@given(DOCUMENTS, DOCUMENTS)
def test_what_is_missing_is_told_with_its_page_and_stands_there(issued: Pages, returned: Pages) -> None:
    for number, line in missing_lines(issued, returned):
        assert line in normal_lines(issued.pages[number - 1].text)


def test_a_line_that_stood_twice_must_stand_twice() -> None:
    assert missing_lines(pages("Sum 1\nSum 1"), pages("Sum 1")) == ((1, "Sum 1"),)
    assert missing_lines(pages("Sum 1", "Sum 1"), pages("Sum 1")) == ((2, "Sum 1"),)


def test_a_changed_figure_is_missing() -> None:
    assert missing_lines(pages("Pris", "100 kr"), pages("Pris", "900 kr")) == ((2, "100 kr"),)


def test_spelling_that_nobody_sees_does_not_count() -> None:
    assert normal_lines("  a\u00a0 b\t\u00adc \n\n \u200b\nﬁn") == ("a b c", "fin")


def test_a_scan_has_no_text() -> None:
    assert not pages("", " \u200b\n").has_text
    assert pages("", "Avtale").has_text
    assert pages("a", "b").text == "a\nb"
