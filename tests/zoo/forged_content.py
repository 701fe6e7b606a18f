"""Forged returns: something is not what was issued, or not what was signed."""

import io
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf

from agreements.casenumber import AgreementNumber, CaseNumber
from signatures.document import open_document
from signatures.enumerate import enumerate_signatures
from signatures.prescan import prescan
from signatures.throwaway import sign
from tests.signatures.papers import append, dictionary, fill, make_agreement, name
from tests.zoo import pens
from tests.zoo.honest import archived, both
from tests.zoo.keeper import KARI, NOW, OLA, Builder, Specimen, by_kari, issued, jointly, kari, ola, pki, stranger
from tests.zoo.pens import Pen
from tests.zoo.tricks import TRICKS, Trick, Writer, repainted

CONTENT: dict[str, Builder] = {}
ONLY_AFTER = {"the_form_taken_away"}
"""Without a form before signing there is no field to sign."""


def forged(builder: Builder) -> Builder:
    """Into the cage, under its name."""
    CONTENT[builder.__name__] = builder
    return builder


# --- every trick, before signing, after signing, and between two signers ----------------------------------------------


@cache
def signed() -> bytes:
    return sign(issued(), kari(), field="Signatur1", level="B-LT", now=NOW)


def _before(change: Trick, field: str) -> Builder:
    return lambda: by_kari(sign(append(issued(), change), kari(), field=field, level="B-B", now=NOW))


def _after(change: Trick) -> Builder:
    return lambda: by_kari(append(signed(), change))


def _between(change: Trick) -> Builder:
    def build() -> Specimen:
        once = sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW)
        return jointly(sign(append(once, change), ola(), field="Signatur2", level="B-LT", now=NOW))

    return build


def _breed() -> None:
    for title, change in TRICKS.items():
        renamed = "Signatur9" if title == "the_signature_field_renamed" else "Signatur1"
        if title not in ONLY_AFTER:
            CONTENT[f"{title}__before_signing"] = _before(change, renamed)
        CONTENT[f"{title}__after_signing"] = _after(change)
    for title in ("text_laid_over_the_terms", "an_annotation_over_the_terms", "letters_drawn_by_another_font"):
        CONTENT[f"{title}__between_two_signers"] = _between(TRICKS[title])


_breed()


@forged
def text_laid_over_the_terms__after_the_archive_time_stamp() -> Specimen:
    return by_kari(append(archived(), TRICKS["text_laid_over_the_terms"]))


@forged
def the_page_replaced_and_archived_again() -> Specimen:
    """The attacker has the whole stamped anew by the same authority."""
    return by_kari(pens.stamp_document(append(archived(), TRICKS["page_content_written_anew"]), pki(), NOW))


@forged
def a_change_made_and_taken_back_under_the_second_signature() -> Specimen:
    """What the second signer saw was not what both signed."""
    once = sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW)
    shown = append(once, TRICKS["text_laid_over_the_terms"])
    twice = sign(shown, ola(), field="Signatur2", level="B-LT", now=NOW)

    def take_back(writer: Writer) -> None:
        page = writer.root["/Pages"]["/Kids"][0]
        page["/Contents"] = page["/Contents"].raw_get(0)
        writer.update_container(page)

    return jointly(append(twice, take_back))


# --- looks and values -------------------------------------------------------------------------------------------------


@forged
def the_empty_field_of_the_second_signer_painted_over_the_terms() -> Specimen:
    painted = append(issued(KARI, OLA), repainted(1))
    once = sign(painted, kari(), field="Signatur1", level="B-LT", now=NOW)
    return jointly(sign(once, ola(), field="Signatur2", level="B-LT", now=NOW))


@forged
def the_look_of_a_signature_painted_over_afterwards() -> Specimen:
    return by_kari(append(signed(), repainted(0)))


@forged
def the_look_of_the_first_signature_painted_over_by_the_second_signer() -> Specimen:
    once = sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW)
    return jointly(sign(append(once, repainted(0)), ola(), field="Signatur2", level="B-LT", now=NOW))


@forged
def a_strangers_signature_shown_over_the_whole_page() -> Specimen:
    pen = Pen(stamp="Prisen er 0 kr", box=(0, 0, 595, 842))
    return by_kari(pens.write(signed(), stranger(), pen, field="Ny"))


@forged
def the_signers_own_second_signature_shown_over_the_whole_page() -> Specimen:
    pen = Pen(stamp="Prisen er 0 kr", box=(0, 0, 595, 842))
    return by_kari(pens.write(signed(), kari(), pen, field="Ny"))


@forged
def signed_in_a_field_of_ones_own_instead_of_the_issued_one() -> Specimen:
    pen = Pen(stamp="Prisen er 0 kr", box=(60, 500, 500, 700))
    return by_kari(pens.write(issued(), kari(), pen, field="Ny"))


@forged
def a_value_changed_after_signing() -> Specimen:
    form = make_agreement(value_field=True)
    once = sign(fill(form, "Per Hansen"), kari(), field="Signatur1", level="B-LT", now=NOW)
    return by_kari(fill(once, "Ola Svindel"), issued=form)


@forged
def a_value_changed_between_two_signers() -> Specimen:
    form = make_agreement(value_field=True)
    once = sign(fill(form, "Per Hansen"), kari(), field="Signatur1", level="B-LT", now=NOW)
    twice = sign(fill(once, "Ola Svindel"), ola(), field="Signatur2", level="B-LT", now=NOW)
    return jointly(twice, issued=form)


@forged
def a_value_filled_only_after_signing() -> Specimen:
    form = make_agreement(value_field=True)
    return by_kari(fill(sign(form, kari(), field="Signatur1", level="B-LT", now=NOW), "Ola Svindel"), issued=form)


# --- signatures taken away, moved, copied -----------------------------------------------------------------------------


def _field(writer: Writer, index: int) -> Any:
    return writer.root["/AcroForm"]["/Fields"][index]


@forged
def a_signature_removed_and_another_put_in_its_place() -> Specimen:
    def remove(writer: Writer) -> None:
        field = _field(writer, 0)
        del field["/V"]
        writer.update_container(field)

    first = sign(issued(), stranger(), field="Signatur1", level="B-LT", now=NOW)
    return by_kari(sign(append(first, remove), kari(), field="Signatur1", level="B-LT", now=NOW))


@forged
def a_signature_copied_into_the_field_of_the_other_signer() -> Specimen:
    def copy(writer: Writer) -> None:
        field = _field(writer, 1)
        field["/V"] = _field(writer, 0).raw_get("/V")
        writer.update_container(field)

    return jointly(append(sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW), copy))


@forged
def a_strangers_signature_hidden_from_the_form() -> Specimen:
    """The second signer's field is taken out of the list of fields, signature and all."""

    def hide(writer: Writer) -> None:
        form = writer.root["/AcroForm"]
        form["/Fields"] = type(form["/Fields"])([form["/Fields"].raw_get(0)])
        writer.update_container(form)

    once = sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW)
    twice = sign(once, stranger(), field="Signatur2", level="B-LT", now=NOW)
    return by_kari(append(twice, hide), issued=issued(KARI, OLA))


@forged
def the_signatures_dictionary_rewritten_with_another_reason() -> Specimen:
    def reword(writer: Writer) -> None:
        value = _field(writer, 0)["/V"]
        value["/Reason"] = name("/Enig")
        value["/Name"] = name("/Ola")
        writer.update_container(value)

    return by_kari(append(signed(), reword))


@forged
def two_jointly__the_second_signature_cut_off() -> Specimen:
    return jointly(_without_the_last_signature(both()))


def _without_the_last_signature(whole: bytes) -> bytes:
    document = open_document(whole)
    second = enumerate_signatures(document, prescan(whole)).signatures[-1]
    end = document.reader.xrefs.get_xref_container_info(second.revision - 1).end_location
    return whole[: whole.index(b"%%EOF", end) + 6]


# --- other documents --------------------------------------------------------------------------------------------------


@forged
def unsigned() -> Specimen:
    return by_kari(issued())


@forged
def other_terms_signed_anew() -> Specimen:
    other = make_agreement(("Avtale om bruk av Digipost DA-2026-000042-J.1", "Prisen er 0 kr"))
    return by_kari(sign(other, kari(), field="Signatur1", level="B-LT", now=NOW))


def _saved_anew(pdf: bytes, change: Callable[[pikepdf.Pdf], None] | None = None) -> bytes:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        if change is not None:
            change(document)
        document.save(output)
    return output.getvalue()


@forged
def the_same_terms_saved_anew_before_signing() -> Specimen:
    return by_kari(sign(_saved_anew(issued()), kari(), field="Signatur1", level="B-LT", now=NOW))


@forged
def saved_anew_with_a_script() -> Specimen:
    def script(document: pikepdf.Pdf) -> None:
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="x")

    return by_kari(sign(_saved_anew(issued(), script), kari(), field="Signatur1", level="B-LT", now=NOW))


@forged
def a_picture_of_the_paper() -> Specimen:
    def scan(document: pikepdf.Pdf) -> None:
        for page in document.pages:
            page.obj.Contents = document.make_stream(b"q 0.9 g 50 50 500 700 re f Q")

    return by_kari(sign(_saved_anew(make_agreement(), scan), kari(), field="Signatur1", level="B-LT", now=NOW))


@forged
def the_number_of_another_case_written_in_a_field() -> Specimen:
    form = make_agreement(value_field=True)
    filled = fill(form, str(AgreementNumber(CaseNumber(2026, 43), 1)))
    return by_kari(sign(filled, kari(), field="Signatur1", level="B-LT", now=NOW), issued=form)


@forged
def certified_with_no_changes_allowed_and_then_changed() -> Specimen:
    certified = pens.write(issued(), kari(), Pen(certify=True))

    def change(writer: Writer) -> None:
        writer.root["/ViewerPreferences"] = dictionary({name("/HideMenubar"): name("/x")})
        writer.update_root()  # type: ignore[no-untyped-call]

    return by_kari(append(certified, change))
