"""Values that mean harm, past every check: no rendering of the summary does anything with them but show them.

None of them can be agreed or set (`agreements.values`). Lone surrogates are not among them: what holds one has no
canonical JSON, so no summary is made of it.
"""

import csv
import json
import re
import shlex
import subprocess
from contextlib import closing
from functools import cache
from html import unescape
from io import StringIO
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
import yaml

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.summary import ConfigurationSummary, as_json
from renderers.summary import SummaryFormat, render_summary
from renderers.summary.environment import environment_lines
from tests.renderers.samples import MUCH, address
from tests.renderers.summary_samples import CERTIFICATE, SETTINGS, set_up_summary

HOSTILE = {
    "line breaks": "first\nsecond: 1\r\nthird",
    "line breaks of Unicode": "first\u2028second\u2029third\x85fourth",
    "formula": '=HYPERLINK("http://example.org";"click")',
    "formula with signs": "+47-1@SUM(A1)",
    "formula after spaces": "  =1+1",
    "full-width formula": "\uff1d1+1",
    "separators": 'a;b"c,d\te',
    "YAML tag": "!!python/object/apply:os.system ['id']",
    "YAML anchor": "&a *a",
    "YAML mapping": "key: value # no comment",
    "YAML document": "---\n...\n- item",
    "YAML truth": "no",
    "YAML number": "0o17",
    "YAML exponent": "1e3",
    "shell variable": "${HOME} $HOME $(id) `id`",
    "shell quotes": "'; touch hacked; echo '\\\"",
    "shell comment": "# not a comment \\",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover='alert(1)' x=\"",
    "template": "{{ 7*7 }}{% raw %}{0}{title}",
    "bidi": "abc\u202ecba\u2066x\u2069",
    "zero width": "a\u200bb\u200dc\ufeffd\u00ade",
    "invisible letters": "a\u3164b\u115fc\ufe0fd\U000e0041e",
    "look-alike": "Bl\u0430b\u00e6r",
    "right to left": "\u05d0\u05d1\u0627",
    "NUL": "a\x00b\x1b[31mc\x7f",
    "combining": "x" + "\u0301" * 50,
    "very long": "A" * 20_000,
    "very long words": "lang tekst " * 180 + "slutt",
}
EACH = pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u115f\u3164\ufe0f\udc80]"
)


@cache
def hostile(value: str) -> ConfigurationSummary:
    """The value wherever a text may stand: in what was signed, set, told as a reason, and of whoever set it."""
    values: dict[str, JsonValue] = MUCH | {
        "customer.name": value,
        "admin.name": value,
        "print.return_name": value,
        "print.return_address": address(value, value, value),
        "invoice.reference": value,
        "service.document_types": [value],
        "launch.first_send_date": value,
        "dpi.databehandler_orgnr": value,
    }
    settings: dict[str, JsonValue] = SETTINGS | {
        "setup.certificate": {**CERTIFICATE, "subject": value},
        "setup.logo": {"name": value, "sha256": value},
        "setup.sender_organization": value,
        "vendor.system_name": value,
        "contact.technical.name": value,
    }
    return set_up_summary(values, settings=settings, reason=value, by=value)


@EACH
def test_json_gives_the_value_back_and_hides_nothing(value: str) -> None:
    data = render_summary(hostile(value), Language.NB, SummaryFormat.JSON)
    assert json.loads(data) == as_json(hostile(value))
    assert not UNSEEN.search(data.decode())


@EACH
def test_yaml_gives_the_value_back_as_text_and_hides_nothing(value: str) -> None:
    made = hostile(value)
    data = render_summary(made, Language.NB, SummaryFormat.YAML).decode()
    assert not UNSEEN.search(data)
    assert not any(line.startswith(("---", "...", "!", "&", "*")) for line in data.splitlines())
    loaded = yaml.safe_load(data)
    assert loaded["api"]["print-details"]["return-address"]["name"] == value
    assert loaded["environment"].splitlines() == environment_lines(made, Language.NB)
    assert {name: part for name, part in loaded.items() if name not in {"api", "environment"}} == as_json(made)


@EACH
def test_a_shell_reads_each_line_as_one_variable_and_runs_nothing(value: str, tmp_path: Any) -> None:
    lines = environment_lines(hostile(value), Language.NB)
    assert not any("\n" in line or UNSEEN.search(line) for line in lines)
    (tmp_path / ".env").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    asked = (
        "set -eu; . ./.env; printf '%s\\0' \"$DIGIPOST_PRINT_RETURN_NAME\" "
        '"$DIGIPOST_PRINT_RETURN_ADDRESS_CITY" "$DIGIPOST_CERTIFICATE_SUBJECT" "$DIGIPOST_SENDER_ID"'
    )
    done = subprocess.run(["/bin/sh", "-c", asked], cwd=tmp_path, capture_output=True, check=True, timeout=20)
    *read, sender_id = done.stdout.decode().rstrip("\0").split("\0")
    assert sender_id == "1234567"
    assert done.stderr == b""
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
    [shown] = set(read)
    assert shown == value or re.search(r"\[U\+[0-9A-F]{4,6}\]", shown)
    assert all(len(shlex.split(line, comments=True)) <= 1 for line in lines)


@EACH
def test_the_csv_stays_one_row_without_a_formula(value: str) -> None:
    data = render_summary(hostile(value), Language.NB, SummaryFormat.CSV).decode("utf-8-sig")
    assert not UNSEEN.search(data.replace("\r\n", "\n"))
    header, cells = csv.reader(StringIO(data, newline=""), delimiter=";")
    assert len(header) == len(cells)
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in cells)
    shown = cells[header.index("invoice.reference")].removeprefix("'")
    assert value in (shown, f"'{shown}") or "[U+" in shown


@EACH
def test_the_page_in_a_browser_has_no_markup_of_the_values(value: str) -> None:
    data = render_summary(hostile(value), Language.NB, SummaryFormat.HTML).decode()
    assert not UNSEEN.search(data)
    tags = {tag.lower() for tag in re.findall(r"<([a-z!][a-z0-9]*)", data, re.IGNORECASE)}
    assert tags == TAGS
    assert not re.search(r"<[^>]*\son\w+\s*=", data)
    lines = value.split("\n")
    assert all(line.strip() in unescape(data) or "[U+" in data for line in lines)


TAGS = {
    tag.lower()
    for tag in re.findall(
        r"<([a-z!][a-z0-9]*)",
        render_summary(hostile("Blåbær & Sønn AS"), Language.NB, SummaryFormat.HTML).decode(),
        re.IGNORECASE,
    )
}
ON_PAPER = ("line breaks", "markup", "template", "bidi", "zero width", "look-alike", "NUL", "very long words")


@pytest.mark.parametrize("name", ON_PAPER)
def test_the_pdf_is_made_and_shows_what_the_value_is(name: str) -> None:
    pdf = render_summary(hostile(HOSTILE[name]), Language.NB, SummaryFormat.PDF)
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        text = "".join(page.get_textpage().get_text_bounded() for page in document)
    bare = re.sub(r"\s", "", text)
    assert re.sub(r"\s", "", SHOWN.get(name, HOSTILE[name])) in bare
    assert "1234567" in bare


SHOWN = {
    "line breaks": "first\nsecond: 1[U+000D]\nthird",
    "bidi": "abc[U+202E]cba[U+2066]x[U+2069]",
    "zero width": "a[U+200B]b[U+200D]c[U+FEFF]d[U+00AD]e",
    "look-alike": "Bl[U+0430]b\u00e6r",
    "NUL": "a[U+0000]b[U+001B][31mc[U+007F]",
    "very long words": "lang tekst " * 30,
}
