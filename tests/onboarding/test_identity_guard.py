"""Identity numbers never leave unnoticed: held by default, and only a setting or a dated decision lets them go."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agreements.agreement import SigningRoute
from agreements.calendar import norwegian_day
from agreements.decision import Verdict, decide
from agreements.findings import CAS_NATIONAL_ID
from agreements.identity_search import Gap, IdentitySearch, Place, Unread
from agreements.language import Language
from agreements.national_id import is_national_id
from agreements.texts import text
from onboarding.case_view import case_timeline
from onboarding.delivery import release_message
from onboarding.guard import Treatment, identity_findings, identity_holds, signing_profiles, treat
from onboarding.intake_view import receipt_details
from onboarding.message_view import message_answer
from onboarding.review import approve_return
from onboarding.review_view import review_answer, write_review_page
from onboarding.sandbox import Sandbox
from onboarding.settings import Settings, load_settings
from onboarding.settings.model import NationalIdDecision
from onboarding.store.events import list_events
from outbox.holds import NATIONAL_ID, Hold
from outbox.states import State
from signatures.throwaway import LeafOptions
from tests.agreements.ground_examples import an_agreement
from tests.onboarding.installation import KARI, Installation, Template, attached, codes, opened_copy, sign_return
from tests.outbox.certificates import certificate_for
from tests.outbox.test_encrypt import opened_with_openssl, parsed

NUMBER = next(digits for n in range(10**5) if is_national_id(digits := f"318290{n:05}"))
MASKED = "318290*****"
NOW = datetime.now(UTC)
TODAY, YESTERDAY = norwegian_day(NOW), NOW - timedelta(days=1)
Open = Callable[..., Installation]


@pytest.fixture
def opened(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Open]:
    """An installation with other settings of `forward`."""
    with ExitStack() as stack:

        def with_settings(**forward: Any) -> Installation:
            def change(document: dict[str, Any]) -> None:
                document["forward"] |= forward

            return stack.enter_context(opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change))

        yield with_settings


def decision(**changes: Any) -> dict[str, Any]:
    return {
        "profile": "own_tool",  # as what `init` writes has it
        "decision": "allow",
        "by": "ola",
        "date": TODAY.isoformat(),
        "basis": "Vurdering 2026/17",
        "expires": (TODAY + timedelta(days=90)).isoformat(),
    } | changes


def signed_with_a_number(installation: Installation) -> bytes:
    """A return whose signer's certificate carries an identity number that no page shows."""
    options = LeafOptions(subject_serial=NUMBER)
    credential = installation.pki.person(KARI, options=options)
    return sign_return(installation.template.by_one.pdf, credential)


def permissions(installation: Installation) -> list[tuple[str, dict[str, Any]]]:
    case = str(installation.template.by_one.agreement.number.case)
    with installation.workspace.store.read() as connection:
        events = list_events(connection, case)
    return [(event.kind, json.loads(event.data)) for event in events if event.kind.startswith("identity.")]


# --- held -------------------------------------------------------------------------------------------------------------


def test_a_number_in_a_certificate_alone_holds_the_forward_until_a_person_releases_it(
    installation: Installation,
) -> None:
    document = signed_with_a_number(installation)
    judgement = installation.receive(document)
    assert (judgement.decision.verdict, "PID-001" in codes(judgement)) == (Verdict.APPROVED, True)
    [held] = installation.messages()
    assert (held.state, held.reason) == (State.HELD, NATIONAL_ID)
    assert {(hold.where, hold.masked) for hold in held.holds} == {("signature", MASKED), ("certificate", MASKED)}
    installation.run()
    assert installation.mails() == []
    assert permissions(installation) == []
    release_message(installation.workspace, held.id, "avklart med personvernombudet", installation.actor)
    installation.run()
    [mail] = installation.mails()
    assert attached(mail)[0] == document


def test_an_ordinary_return_is_not_held(installation: Installation) -> None:
    judgement = installation.receive(installation.template.honest)
    assert [code for code in codes(judgement) if code.startswith("PID")] == []
    assert len(installation.mails()) == 1


def test_a_number_typed_into_a_free_text_is_found_in_the_summary_that_goes_along(installation: Installation) -> None:
    issue = installation.issue(KARI, values={"invoice.reference": f"Ref {NUMBER}"})
    installation.receive(sign_return(issue.pdf, installation.pki.person(KARI)))
    [held] = installation.messages()
    where = {(hold.where, hold.name) for hold in held.holds}
    assert ("enclosure", f"Konfigurasjonsoversikt-{issue.agreement.number.case}.pdf") in where
    assert {"page", "attachment"} <= {hold.where for hold in held.holds}


def test_a_return_that_a_person_approves_is_held_for_what_its_judgement_found(installation: Installation) -> None:
    options = LeafOptions(subject_serial=NUMBER)
    stranger = installation.pki.person("Nils Ukjent", options=options)
    judgement = installation.receive(sign_return(installation.template.by_one.pdf, stranger))
    assert judgement.decision.verdict is Verdict.NEEDS_REVIEW
    approve_return(installation.workspace, judgement.id, installation.actor, "fullmakt er vist")
    [held] = installation.messages()
    assert (held.state, held.reason) == (State.HELD, NATIONAL_ID)


def test_what_was_found_and_where_is_told_wherever_a_person_looks(installation: Installation, tmp_path: Path) -> None:
    document = signed_with_a_number(installation)
    judgement = installation.receive(document)
    [held] = installation.messages()
    [receipt] = installation.receipts(document)
    workspace = installation.workspace
    for language in Language:
        for answer in (
            message_answer(workspace, held.id, language),
            review_answer(workspace, judgement.id, language),
            receipt_details(workspace, receipt.id, language),
        ):
            said = "\n".join(answer.lines)
            assert MASKED in said
            assert "avtale outbox release" in said
            assert "forward.national_id: encrypt" in said
            assert "{" not in said
        write_review_page(workspace, judgement.id, tmp_path / "side.html", language)
        assert MASKED in (tmp_path / "side.html").read_text(encoding="utf-8")


def test_the_number_stands_in_no_log_row_page_or_file_but_the_document_and_the_message(
    installation: Installation, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    document = signed_with_a_number(installation)
    judgement = installation.receive(document, "avtale.pdf")
    [held] = installation.messages()
    write_review_page(installation.workspace, judgement.id, tmp_path / "side.html", Language.NB)
    originals = {judgement.sha256, held.sha256}
    for path in [*installation.folder.rglob("*"), tmp_path / "side.html"]:
        if path.is_file() and path.name not in originals and path.read_bytes() != document:
            assert NUMBER.encode() not in path.read_bytes(), path
    lines = [repr(vars(record)) for record in caplog.records if not record.name.startswith(("mail.", "asyncio"))]
    assert NUMBER not in "\n".join(lines)


def test_what_could_not_be_looked_through_holds_as_well() -> None:
    search = IdentitySearch(gaps=(Gap(place=Place.ATTACHMENT, name="bevis.7z", why=Unread.UNKNOWN_KIND),))
    assert [finding.code for finding in identity_findings(search)] == ["PID-002"]
    assert identity_holds(decide(identity_findings(search))) == (
        Hold(kind="not_searched", where="attachment", name="bevis.7z"),
    )


def test_a_child_that_told_nothing_of_numbers_holds_as_well() -> None:
    [hold] = identity_holds(decide(identity_findings(None)))
    assert (hold.kind, hold.where) == ("not_searched", "document")


def test_a_judgement_from_before_places_were_told_still_holds() -> None:
    assert identity_holds(decide([CAS_NATIONAL_ID()])) == (Hold(kind=NATIONAL_ID),)


# --- let go -----------------------------------------------------------------------------------------------------------


def test_the_setting_allow_lets_it_go_plain_and_says_so_in_record_and_log(
    opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    installation = opened(national_id="allow")
    document = signed_with_a_number(installation)
    installation.receive(document)
    [mail] = installation.mails()
    assert attached(mail)[0] == document
    [(kind, data)] = permissions(installation)
    assert (kind, data["setting"], data["treatment"]) == ("identity.permitted", "forward.national_id", "allow")
    [record] = [record for record in caplog.records if record.msg == "identity numbers may leave"]
    assert vars(record)["setting"] == "forward.national_id"


def test_the_setting_encrypt_lets_it_go_so_that_only_the_recipient_can_read_it(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "digipost.pem").write_bytes(certificate_for(since=YESTERDAY))
    installation = opened(national_id="encrypt", encrypt_to=str(tmp_path / "digipost.pem"))
    document = signed_with_a_number(installation)
    installation.receive(document)
    [raw] = installation.mailbox.received
    mail = parsed(raw)
    assert mail.get_content_type() == "application/pkcs7-mime"
    assert NUMBER not in mail["Subject"]
    assert attached(parsed(opened_with_openssl(raw, tmp_path)))[0] == document
    assert [data["treatment"] for _, data in permissions(installation)] == ["encrypt"]
    shown = message_answer(installation.workspace, installation.forwards()[0].id, Language.NB)
    assert isinstance(shown.data, dict)
    assert (shown.data["encrypted"], text("talk.message_encrypted", Language.NB) in shown.lines) == (True, True)


def test_a_document_without_numbers_is_not_encrypted(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "digipost.pem").write_bytes(certificate_for(since=YESTERDAY))
    installation = opened(national_id="encrypt", encrypt_to=str(tmp_path / "digipost.pem"))
    installation.receive(installation.template.honest)
    [mail] = installation.mails()
    assert mail.get_content_type() == "multipart/mixed"


@pytest.mark.parametrize("pem", [None, "expired"])
def test_what_can_not_be_encrypted_is_held_and_never_sent_plain(opened: Open, tmp_path: Path, pem: str | None) -> None:
    path = tmp_path / "digipost.pem"
    if pem is not None:
        path.write_bytes(certificate_for(until=YESTERDAY))
    installation = opened(national_id="encrypt", encrypt_to=str(path))
    installation.receive(signed_with_a_number(installation))
    installation.run()
    [held] = installation.messages()
    assert (held.state, held.reason, installation.mails()) == (State.HELD, "not_encrypted", [])
    assert NATIONAL_ID in {hold.kind for hold in held.holds}
    for language in Language:
        assert "avtale doctor" in "\n".join(message_answer(installation.workspace, held.id, language).lines)


# --- decisions --------------------------------------------------------------------------------------------------------


def test_a_decision_for_the_way_of_signing_lets_it_go_and_stands_in_the_cases_record(opened: Open) -> None:
    installation = opened(national_id_decisions=[decision()])
    installation.receive(signed_with_a_number(installation))
    assert len(installation.mails()) == 1
    [(kind, data)] = permissions(installation)
    assert kind == "identity.permitted"
    assert (data["profile"], data["by"], data["decided_on"], data["reason"]) == (
        "own_tool",
        "ola",
        TODAY.isoformat(),
        "Vurdering 2026/17",
    )
    number = str(installation.template.by_one.agreement.number.case)
    timeline = "\n".join(case_timeline(installation.workspace, number, Language.NB).lines)
    assert "Vurdering 2026/17" in timeline


@pytest.fixture(scope="module")
def loaded(template: Template) -> Settings:
    return load_settings(template.folder / "config.yaml")


FOUND = (Hold(kind=NATIONAL_ID, where="page", name="1", masked=MASKED),)


def held(settings: Settings, *decisions: dict[str, Any], rule: str = "hold", days: int = 0, **agreement: Any) -> bool:
    """Whether a message with a number in it is held, some days from now."""
    parsed = tuple(NationalIdDecision.model_validate(one) for one in decisions)
    forward = settings.forward.model_copy(update={"national_id": rule, "national_id_decisions": parsed})
    ruled = settings.model_copy(update={"forward": forward})
    issued = an_agreement(**{"route": SigningRoute.OWN_TOOL} | agreement)
    return treat(ruled, issued, FOUND, now=NOW + timedelta(days=days)).holds == FOUND


@pytest.mark.parametrize(
    "changes",
    [
        {"profile": "service"},
        {"profile": "ukjent"},
        {"by": "sluttet"},
        {"date": (TODAY + timedelta(days=2)).isoformat()},
        {"date": "2025-01-01", "expires": (TODAY - timedelta(days=2)).isoformat()},
    ],
)
def test_a_decision_that_is_not_about_this_or_does_not_count_now_holds(
    loaded: Settings, changes: dict[str, Any]
) -> None:
    assert not held(loaded, decision())
    assert held(loaded, decision(**changes))


def test_an_expired_decision_is_not_made_good_by_a_general_permission(loaded: Settings) -> None:
    gone = decision(date="2025-01-01", expires="2025-12-31")
    assert held(loaded, gone, rule="allow")
    assert not held(loaded, gone, rule="allow", route=SigningRoute.PAPER)


def test_a_decision_counts_on_its_last_day_and_not_on_the_next(loaded: Settings) -> None:
    assert not held(loaded, decision(expires=TODAY.isoformat()))
    assert held(loaded, decision(expires=TODAY.isoformat()), days=1)


def test_nothing_found_is_never_held_and_gives_no_permission(loaded: Settings) -> None:
    assert treat(loaded, an_agreement(), (), now=NOW) == Treatment()


def test_a_way_of_signing_is_the_services_profile_before_the_agreements_route() -> None:
    routes = [signing_profiles(an_agreement(route=route), None) for route in SigningRoute]
    assert routes == [("service",), ("own_tool",), ("paper",)]
    assert signing_profiles(an_agreement(route=SigningRoute.SERVICE), "posten") == ("posten", "service")
