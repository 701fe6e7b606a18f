"""A terms file that does something, hides something or is filled in is refused, with every reason told."""

from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from agreements.errors import ConfigurationError
from agreements.language import Language
from onboarding.answers import error_entries
from onboarding.settings import Settings
from onboarding.terms import read_terms
from tests.onboarding.test_odd_files import blank_pdf, bomb

Change = Callable[[Pdf], None]


def terms(change: Change) -> bytes:
    with pikepdf.open(BytesIO(blank_pdf())) as pdf:
        change(pdf)
        out = BytesIO()
        pdf.save(out)
        return out.getvalue()


def in_root(**entries: Any) -> Change:
    def put(pdf: Pdf) -> None:
        for key, value in entries.items():
            setattr(pdf.Root, key, value)

    return put


def annotation(kind: str, **entries: Any) -> Change:
    def add(pdf: Pdf) -> None:
        item = Dictionary(Type=Name.Annot, Subtype=Name(f"/{kind}"), Rect=Array([0, 0, 9, 9]), **entries)
        pdf.pages[0].obj.Annots = Array([pdf.make_indirect(item)])

    return add


def attachment(pdf: Pdf) -> None:
    pdf.attachments["x.txt"] = b"x"


def settings(tmp_path: Path, *content: bytes) -> Settings:
    listed = []
    for number, data in enumerate(content):
        (tmp_path / f"{number}.pdf").write_bytes(data)
        listed.append(SimpleNamespace(name="Vilkår", date=date(2026, 1, 1), file=tmp_path / f"{number}.pdf"))
    return cast("Settings", SimpleNamespace(terms=tuple(listed)))


def refused(tmp_path: Path, data: bytes) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as error:
        read_terms(settings(tmp_path, data))
    return error.value


WICKED: dict[str, tuple[Change, str]] = {
    "a script when opened": (in_root(OpenAction=Dictionary(S=Name.JavaScript, JS=String("x"))), "terms_scripts"),
    "a program started": (annotation("Link", A=Dictionary(S=Name.Launch, F=String("x"))), "terms_actions"),
    "a page on the web when opened": (
        in_root(OpenAction=Dictionary(S=Name.URI, URI=String("https://example.org"))),
        "terms_actions",
    ),
    "a link that is a script": (
        annotation("Link", A=Dictionary(S=Name.URI, URI=String("javascript:x"))),
        "terms_actions",
    ),
    "layers": (in_root(OCProperties=Dictionary()), "terms_layers"),
    "an embedded file": (attachment, "terms_attachments"),
    "XFA": (in_root(AcroForm=Dictionary(Fields=Array([]), XFA=String("x"))), "terms_xfa"),
    "a field": (in_root(AcroForm=Dictionary(Fields=Array([Dictionary(FT=Name.Tx, T=String("x"))]))), "terms_fields"),
    "a note": (annotation("Text", Contents=String("x")), "terms_annotations"),
    "a page of another document": (
        lambda pdf: setattr(
            pdf.Root, "Names", Dictionary(X=pdf.make_stream(b"x", Subtype=Name.Form, Ref=Dictionary()))
        ),
        "terms_outside_content",
    ),
}


@pytest.mark.parametrize("name", WICKED)
def test_terms_are_refused_for_what_they_may_not_hold_in_words(name: str, tmp_path: Path) -> None:
    change, code = WICKED[name]
    error = refused(tmp_path, terms(change))
    faults = error.params["faults"]
    assert isinstance(faults, tuple)
    assert (error.code, [fault.code for fault in faults]) == ("terms_refused", [code])
    for language in Language:
        told = error_entries(error, language)
        assert len(told) == 2
        assert not any("{" in entry["message"] + entry["hint"] for entry in told)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    damaged = blank_pdf().replace(b"startxref", b"startxxef")
    error = refused(tmp_path, damaged)
    assert error.code in {"terms_refused", "terms_not_pdf"}


def test_a_file_that_opens_without_end_is_stopped(tmp_path: Path) -> None:
    assert refused(tmp_path, bomb()).code in {"terms_over_limit", "terms_not_pdf"}


def test_plain_terms_with_links_and_a_place_to_begin_at_are_taken(tmp_path: Path) -> None:
    link = annotation("Link", A=Dictionary(S=Name.URI, URI=String("https://example.org")))

    def both(pdf: Pdf) -> None:
        link(pdf)
        pdf.Root.OpenAction = Array([pdf.pages[0].obj, Name.Fit])

    content = terms(both), blank_pdf()
    assert read_terms(settings(tmp_path, *content)).content == content


def test_without_terms_nothing_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.terms.Sandbox", None)
    assert read_terms(settings(tmp_path)).files == ()
