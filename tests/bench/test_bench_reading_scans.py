"""What of a scan is read right, and how sure tesseract is of what it reads wrongly: printed, `make bench-reading`.

`AVTALE_SCANS`: how many documents of each kind of scan (5).
"""

import os
import random
import sys
import time
from dataclasses import dataclass, field

import pytest

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.orgnumber import check_digit
from agreements.parameters import Sighting
from onboarding.inspection import open_sandbox
from onboarding.rendering import private_fonts
from onboarding.sandbox import Sandbox
from renderers.agreement import RenderedAgreement, render_agreement
from tests.onboarding.scans import bare, field_map_of, read
from tests.renderers.samples import MUCH, REQUIRED, address, sample
from tests.zoo.carriers import print_to_image

pytestmark = pytest.mark.bench
EACH = int(os.environ.get("AVTALE_SCANS", "5"))
KINDS = {
    "300 dpi": (300, 0.0, 0.0),
    "300 dpi, 1 degree, noise 8": (300, 1.0, 8.0),
    "300 dpi, 2.5 degrees, noise 16": (300, 2.5, 16.0),
    "200 dpi": (200, 0.0, 0.0),
    "200 dpi, 2.5 degrees, noise 12": (200, 2.5, 12.0),
    "150 dpi, 1 degree, noise 12": (150, 1.0, 12.0),
}
GIVEN = ("Åse", "Bjørn", "Kjærsti", "Øyvind", "Ingrid", "Ole Jørgen", "Liv", "Máret", "Áilu", "Ann-Kristin")
FAMILY = ("Ærlig", "Bø", "Hætta", "Utsi", "Østby", "Dahl-Åsen", "Lien", "Čáppa", "Guđbrandsen", "Viik")
SAMI = frozenset("čđŋšŧžáČĐŊŠŦŽÁ")


@dataclass
class Tally:
    """Of one kind of scan."""

    right: int = 0
    plain_right: int = 0
    sami: int = 0
    wrong: list[tuple[float, str, str]] = field(default_factory=list)
    lost: int = 0
    seconds: float = 0.0
    pages: int = 0


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def _org_number(chance: random.Random) -> str:
    while True:
        start = chance.choice("123") + _digits(chance, 7)
        if (digit := check_digit(start)) is not None:
            return start + digit


def _values(chance: random.Random) -> dict[str, JsonValue]:
    people = [f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}" for _ in range(3)]
    org, domain = _org_number(chance), chance.choice(("lillevik", "storfjord-it", "a1.nordlys", "0il"))
    where = (
        f"{chance.choice(('Kirkegata', 'Øvre Il-veien', 'Storgata'))} {chance.randint(1, 198)} {chance.choice('ABIO')}"
    )
    return (MUCH if chance.random() < 0.3 else REQUIRED) | {
        "customer.orgnr": org,
        "customer.name": f"{chance.choice(FAMILY)} {chance.choice(('Rør', 'Regnskap', 'IT 1'))} AS",
        "customer.business_address": address(where, f"{chance.randint(150, 9990):04}", "Oslo"),
        "contact.contract.name": people[0],
        "contact.contract.email": f"post{_digits(chance, 2)}@{domain}.example.org",
        "contact.business.name": people[1],
        "contact.business.email": f"l1.o0_{_digits(chance, 1)}@{domain}.example.org",
        "admin.name": people[2],
        "admin.email": f"admin.{_digits(chance, 3)}@{domain}.example.org",
        "invoice.endpoint": f"0192:{org}",
        "launch.monthly_volume": chance.randint(10, 999_999),
    }


def _count(tally: Tally, issued: RenderedAgreement, sightings: tuple[Sighting, ...], lost: tuple[int, ...]) -> None:
    places = [value for value in sorted(issued.values, key=lambda value: value.page) if value.page not in lost]
    seen = [sighting for sighting in sightings if sighting.field is None]
    tally.lost += len(issued.values) - len(places)
    for value, sighting in zip(places, seen, strict=True):
        of_sami = bool(SAMI & set(value.text))
        tally.sami += of_sami
        if bare(value.text).casefold() == bare(sighting.text).casefold():  # as `agreements.reconciling` compares
            tally.right += 1
            tally.plain_right += not of_sami
        else:
            tally.wrong.append((sighting.confidence, value.text, sighting.text))


def _one(sandbox: Sandbox, kind: str, seed: int, tally: Tally) -> None:
    chance = random.Random(seed)
    issued = render_agreement(sample(_values(chance), language=chance.choice(list(Language))))
    document = print_to_image(issued.pdf, *KINDS[kind], seed=seed)
    start = time.perf_counter()
    seen = read(sandbox, document, issued.pdf, field_map_of(issued))
    tally.seconds += time.perf_counter() - start
    tally.pages += issued.pages
    assert seen.problem is None
    _count(tally, issued, seen.reading.sightings, seen.reading.lost_pages)


def _say(line: str) -> None:
    print(line, file=sys.__stdout__, flush=True)


def test_scans_are_read() -> None:
    _say(
        "\nscan; values; right %; right % without Sami letters; wrong by confidence >= .90, .80, .60, .0; lost; s/page"
    )
    private_fonts()
    everything: list[tuple[float, str, str]] = []
    with open_sandbox() as sandbox:
        for number, kind in enumerate(KINDS):
            tally = Tally()
            for turn in range(EACH):
                _one(sandbox, kind, 100 * number + turn, tally)
            total = tally.right + len(tally.wrong) + tally.lost
            bands = [sum(low <= wrong[0] < high for wrong in tally.wrong) for low, high in _BANDS]
            _say(
                f"{kind}; {total}; {100 * tally.right / total:.1f}; "
                f"{100 * tally.plain_right / (total - tally.sami):.1f}; {bands}; {tally.lost}; "
                f"{tally.seconds / tally.pages:.1f}"
            )
            everything += tally.wrong
    for confidence, value, text in sorted(everything, reverse=True)[:40]:
        mark = " (Sami letters)" if SAMI & set(value) else ""
        _say(f"  {confidence:.2f} {value!r} as {text!r}{mark}")


_BANDS = ((0.9, 1.01), (0.8, 0.9), (0.6, 0.8), (0.0, 0.6))
