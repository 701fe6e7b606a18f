"""Nothing in a letter opens anything: no links, no tokens but the case's own address, which is a hint and no key."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agreements.case_address import TOKEN_LENGTH, case_token, find_tokens, read_case_token
from agreements.language import Language
from onboarding.purposes import Purpose
from onboarding.review import reject_return
from onboarding.sandbox import Sandbox
from renderers.letters import render_digest
from tests.intake.imap_faults import FakeImap
from tests.onboarding.installation import KARI, NILS, Installation, Template, sign_return
from tests.onboarding.mailed import letter, watching
from tests.onboarding.posted import body, content, days_on, next_working_day, send
from tests.renderers.letter_samples import Names, digest, every_letter

LONG_RANDOM = re.compile(r"[A-Za-z0-9_-]{24,}")
HASH = re.compile(r"[0-9a-f]{64}")


@pytest.fixture
def talked(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """An organisation that was asked, reminded, answered, turned down and told of the next step."""
    with FakeImap() as server, watching(server, template, sandbox, tmp_path, plus_addresses=True) as post:
        issue = template.by_one
        known = str(issue.agreement.values["contact.contract.email"])
        next_working_day(post)
        send(post, issue.agreement.number.case)
        post.run()
        days_on(post, 4)
        next_working_day(post)
        post.run()
        stranger = sign_return(issue.pdf, post.pki.person(NILS))
        server.mails[1] = letter("Signert", ("a.pdf", stranger), sender=known)
        post.run()
        judgement = post.judgement(stranger)
        assert judgement is not None
        reject_return(post.workspace, judgement.id, post.actor, "feil person")
        post.receive(sign_return(issue.pdf, post.pki.person(KARI)), "rett.pdf")
        post.run()
        yield post


def test_the_only_token_in_a_letter_is_the_cases_own_address(talked: Installation) -> None:
    sent = {Purpose(message.purpose): message for message in talked.messages()}
    assert set(sent) == {
        Purpose.SIGNING,
        Purpose.REMINDER,
        Purpose.RECEIPT,
        Purpose.REJECTION,
        Purpose.FORWARD,
        Purpose.NEXT_STEP,
    }
    case = talked.template.by_one.agreement.number.case
    own = case_token(talked.workspace.marking_key, case)
    for purpose, message in sent.items():
        mail = content(talked, message)
        said = body(mail) + str(mail["Subject"])
        assert not re.search(r"https?:|www\.", said), purpose
        assert set(find_tokens(re.findall(r"\S+@\S+", said + str(mail["Reply-To"])))) <= {own}, purpose
        assert mail["Reply-To"].partition("@")[0].endswith(own), purpose
        long = LONG_RANDOM.findall(HASH.sub("", said.replace(own, "")))
        assert [word for word in long if re.search(r"\d", word)] == [], purpose


def test_the_address_names_its_case_and_nothing_else_can_be_had_for_it(talked: Installation) -> None:
    case = talked.template.by_one.agreement.number.case
    key = talked.workspace.marking_key
    token = case_token(key, case)
    assert len(token) == TOKEN_LENGTH
    assert read_case_token(key, token) == case
    other = talked.template.by_two.agreement.number.case
    assert case_token(key, other) != token
    forged = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert read_case_token(key, forged) is None


def test_mail_to_a_cases_address_changes_nothing_by_the_address_alone(
    template: Template, sandbox: Sandbox, tmp_path: Path
) -> None:
    with FakeImap() as server, watching(server, template, sandbox, tmp_path, plus_addresses=True) as post:
        case = template.by_one.agreement.number.case
        token = case_token(post.workspace.marking_key, case)
        mail = letter("Godkjent, send den til Digipost", sender="fremmed@example.org")
        server.mails[1] = mail.replace(b"avtaler@", f"avtaler+{token}@".encode())
        before = post.case(template.by_one)
        post.run()
        assert post.case(template.by_one) == before
        assert post.messages() == ()


def test_no_kind_of_letter_holds_a_link() -> None:
    for name, render in every_letter():
        for language in Language:
            assert not re.search(r"https?:|www\.", "".join(render(language))), name
    for language in Language:
        assert not re.search(r"https?:|www\.", "".join(render_digest(digest(Names()), language)))
