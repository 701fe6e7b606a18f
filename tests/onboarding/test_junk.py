"""Junk that carries a case number: kept, shown to a person where it must be, and never taken for the answer that
reminders and deadlines wait for.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

from agreements.case import AgreementState
from agreements.duties import waiting_for
from agreements.turn import Party
from intake.ledger import find_document
from intake.matching import Evidence
from onboarding.sandbox import Sandbox
from onboarding.store.judgements import JudgementStatus
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import Installation, Template, sha256_of
from tests.onboarding.mailed import letter, watching
from tests.onboarding.test_odd_files import blank_pdf
from tests.onboarding.test_odd_returns import written_anew


@pytest.fixture
def server() -> Iterator[FakeImap]:
    with FakeImap() as running:
        yield running


@pytest.fixture
def post(server: FakeImap, template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with watching(server, template, sandbox, tmp_path) as installation:
        yield installation


def a_page_that_says(text: str) -> bytes:
    """A PDF of one page, with a line of text and nothing else."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
    page.obj.Contents = pikepdf.Stream(pdf, f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode("ascii"))
    output = io.BytesIO()
    pdf.save(output)
    return output.getvalue()


def still_waits(post: Installation) -> bool:
    """Whether the customer still has the ball, untouched since the agreement was issued."""
    case = post.case(post.template.by_one)
    issued = post.template.by_one.agreement.issued_at
    unmoved = case.agreement_state is AgreementState.ISSUED and case.updated_at == issued
    return unmoved and waiting_for(case) is Party.CUSTOMER


def test_a_strange_document_that_names_the_case_waits_for_a_person_and_the_customer_keeps_the_ball(
    post: Installation,
) -> None:
    question = a_page_that_says(f"Vi lurer paa noe om {post.template.by_one.agreement.number}")
    judgement = post.receive(question)
    assert (judgement.case, judgement.status) == (
        post.template.by_one.agreement.number.case,
        JudgementStatus.OPEN,
    )
    with post.workspace.store.read() as connection:
        document = find_document(connection, sha256_of(question))
    assert document is not None
    assert document.outcome is not None
    assert document.outcome.clues[0].evidence is Evidence.NUMBER_IN_TEXT
    assert still_waits(post)


def test_mail_that_names_the_case_in_its_subject_or_in_a_file_name_changes_nothing(
    post: Installation, server: FakeImap
) -> None:
    number = post.template.by_one.agreement.number.case
    server.mails |= {
        1: letter(f"Sv: Avtale [{number}]", Auto_Submitted="auto-replied"),
        2: letter(f"Sv: Avtale [{number}]"),
        3: letter("Skannet", (f"{number}.pdf", blank_pdf())),
        4: letter(f"Tilbud {number}", ("virus.bin", b"MZ" + bytes(100))),
    }
    post.run()
    assert len(post.judgements()) == 1
    assert still_waits(post)


def test_the_agreement_itself_gives_the_ball_to_the_vendor_even_when_it_was_saved_anew(post: Installation) -> None:
    assert still_waits(post)
    post.receive(written_anew(post.template.by_one.pdf))
    case = post.case(post.template.by_one)
    assert (case.agreement_state, waiting_for(case)) == (AgreementState.RETURNED, Party.VENDOR)
