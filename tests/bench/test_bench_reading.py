"""How many values come back through what rewrites a document, and how long reading takes: `make bench-reading`.

Counted over random agreements in three languages, every second one with values that were filled in. What was read must
be what was issued, whatever it went through: that is asserted. How much is lost is printed, and with `AVTALE_SETS` set
it is written into `docs/reading.md`.
"""

import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest

from agreements.agreement import SigningRoute
from agreements.fieldmap import FieldMap, pdf_field_name
from agreements.pages import solid
from agreements.parameters import Reading
from agreements.printed import TICK
from intake.reading.opened import open_both
from intake.reading.values import read_values
from onboarding.press import press
from onboarding.rendering import load_layout
from renderers.agreement import AgreementDocument
from tests.zoo.carriers import CARRIERS
from tests.zoo.filling import Answers, filled_by_pypdf, filled_in_browser
from tests.zoo.parameter_sets import CATALOGUE, random_agreement, reads_back

pytestmark = pytest.mark.bench
WRITES = "AVTALE_SETS" in os.environ
SETS = int(os.environ.get("AVTALE_SETS", "10"))
WORKERS = 2
SAME = "signed as it is (shape A)"
PAGE = Path(__file__).parents[2] / "docs" / "reading.md"
TABLE = re.compile(r"(<!-- begin: make bench-reading -->\n).*(<!-- end -->)", re.DOTALL)
HEAD = (
    "| way back | printed values | exact | other | pages lost | filled in | seen on the page | in the field | ms |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One agreement's values after one way back."""

    way: str
    printed: int
    exact: int
    other: int
    lost: int
    filled: int
    on_page: int
    in_field: int
    untrue: int
    """Of the filled-in ones, those that show another text than was filled in."""
    milliseconds: float


def test_values_after_every_way_back() -> None:
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        counted = [one for each in pool.map(_go, range(SETS)) for one in each]
    rows = [_row([one for one in counted if one.way == way]) for way in (SAME, *CARRIERS)]
    said = "\n".join([*HEAD, *rows])
    print(f"\n{SETS} agreements\n{said}", file=sys.__stdout__, flush=True)
    assert sum(one.other + one.untrue for one in counted) == 0
    if WRITES:
        _write(said)


def _go(number: int) -> list[Counted]:
    """One random agreement there and back, by every way."""
    load_layout()
    route = SigningRoute.OWN_TOOL if number % 2 else SigningRoute.SERVICE
    document = random_agreement(number, route=route)
    issued = press(document)
    answers = _answers(document) if number % 2 else {}
    in_tool = filled_by_pypdf(issued.pdf, answers) if answers else issued.pdf
    in_browser = filled_in_browser(issued.pdf, answers) if answers else issued.pdf
    ways: dict[str, Callable[[], bytes]] = {SAME: lambda: in_tool}
    ways |= {way: lambda carry=carry: carry(in_browser) for way, carry in CARRIERS.items()}  # type: ignore[misc]
    found = []
    for way, carry in ways.items():
        returned = carry()
        before = time.process_time()
        with open_both(issued.pdf, returned) as both:
            reading = read_values(both, field_map=issued.field_map, same_pages=way == SAME)
        spent = (time.process_time() - before) * 1000
        found.append(_count(way, reading, document, issued.field_map, answers, spent))
    return found


def _answers(document: AgreementDocument) -> Answers:
    label = CATALOGUE.value_label("invoice.method", "email", document.language)
    return {
        "contact-contract-phone": "+47 22 03 00 45",
        "contact-business-name": "Åse Ærlig-Østby",
        "contact-business-email": "aase@example.org",
        "invoice-method": label,
        "launch-first_send_date": "1.2.2027",
        "launch-peaks": "Lønn den 12. i hver måned",
        "dpa-accepted": True,
    }


def _count(  # noqa: PLR0917 - all that one count is about
    way: str, reading: Reading, document: AgreementDocument, field_map: FieldMap, answers: Answers, spent: float
) -> Counted:
    opened = {item.field_id for item in field_map.fields}
    texts = [(one, document.values.get(one.field_id)) for one in reading.sightings if one.field_id not in opened]
    exact = sum(
        value is None or reads_back(value, CATALOGUE.field(one.field_id), one.text, document.language)
        for one, value in texts
    )
    filled = [(one, answers.get(pdf_field_name(one.field_id))) for one in reading.sightings if one.field_id in opened]
    shown = [solid(one.text) == solid(TICK if answer is True else str(answer)) for one, answer in filled]
    return Counted(
        way=way,
        printed=len(field_map.values),
        exact=exact,
        other=len(texts) - exact,
        lost=len(reading.lost_pages),
        filled=len(answers),
        on_page=sum(shown),
        in_field=sum(one.field_value in {answer, "email"} for one, answer in filled),
        untrue=sum(one.text != "" and not right for (one, _), right in zip(filled, shown, strict=True)),
        milliseconds=spent,
    )


def _row(counted: Iterable[Counted]) -> str:
    counted = list(counted)
    numbers = [
        sum(getattr(one, name) for one in counted)
        for name in ("printed", "exact", "other", "lost", "filled", "on_page", "in_field")
    ]
    cells = " | ".join(f"{number:,}" for number in numbers)
    return f"| {counted[0].way} | {cells} | {statistics.median(one.milliseconds for one in counted):.0f} |"


def _write(said: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert TABLE.search(text) is not None
    table = f"Of {SETS} agreements:\n\n{said}\n"
    PAGE.write_text(TABLE.sub(lambda found: f"{found[1]}{table}{found[2]}", text), encoding="utf-8")
