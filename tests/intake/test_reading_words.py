"""What tesseract's table says, and what a table may hold that is none."""

from hypothesis import given
from hypothesis import strategies as st

from intake.reading.ocr import MAX_CHARACTERS, MAX_ROWS, Recognised, read_words

HEAD = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def word(picture: int, confidence: str, text: str) -> str:
    return f"5\t{picture}\t1\t1\t1\t1\t0\t0\t10\t10\t{confidence}\t{text}\n"


def test_the_words_of_a_picture_are_joined_and_are_as_sure_as_the_least_sure_of_them() -> None:
    table = HEAD + word(1, "96.5", "Blåbær") + word(2, "91", "Ja") + word(1, "43.25", "&") + word(1, "88", "Sønn")
    assert read_words(table.encode()) == {
        1: Recognised(text="Blåbær & Sønn", confidence=0.4325),
        2: Recognised(text="Ja", confidence=0.91),
    }


def test_rows_that_are_no_words_say_nothing() -> None:
    table = HEAD + "4\t1\t1\t1\t1\t0\t0\t0\t10\t10\t-1\t\n" + word(1, "95", " ") + "5\t1\tshort\n" + word(-1, "95", "x")
    assert read_words(table.encode()) == {}


def test_a_confidence_that_is_none_is_no_confidence() -> None:
    for confidence in ("nan", "-1", "high", "", "-inf"):
        assert read_words(word(1, confidence, "Ja").encode())[1].confidence == 0
    assert read_words(word(1, "inf", "Ja").encode())[1].confidence == 1


def test_a_word_with_a_bar_is_not_believed() -> None:
    assert read_words(word(1, "96", "|").encode())[1] == Recognised(text="|", confidence=0)


def test_control_characters_and_marks_that_turn_text_around_are_taken_out() -> None:
    assert read_words(word(1, "90", "a\u202eb\x1b[31m\x00").encode())[1].text == "ab[31m"


def test_a_table_without_end_is_cut() -> None:
    assert len(read_words((word(1, "90", "abcdefghij") * (MAX_ROWS * 2)).encode())[1].text) == MAX_CHARACTERS


@given(st.binary(max_size=400) | st.text(alphabet="5\t\n0189.ax-", max_size=400).map(str.encode))
def test_whatever_the_table_holds_the_confidence_lies_between_none_and_all(table: bytes) -> None:
    for seen in read_words(table).values():
        assert seen.text
        assert 0 <= seen.confidence <= 1
