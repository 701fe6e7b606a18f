"""Looking for mail of ours in a mailbox: what is there is found wherever it was moved, and nothing is touched."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from imapclient import DELETED, RECENT
from imapclient.exceptions import IMAPClientError

from agreements.mail import OWN_HEADER, mark_of
from intake.sources.mailbox import Problem, Search, Sought, search_mail
from tests.intake.imap_faults import Answer, FakeImap, close, freeze, no, say
from tests.intake.imap_servers import MailServer, closing_client, dovecot, pymap

ID, OTHER = "<0f3a@example.org>", "<77b2@example.org>"


def sought(message_id: str) -> Sought:
    return Sought(message_id=message_id, mark=mark_of(message_id))


def own_mail(message_id: str, *, mark: str = "") -> bytes:
    """A copy of ours; `message_id` as a relay may have left it."""
    head = f"From: avtaler@example.org\r\nMessage-ID: {message_id}\r\n{OWN_HEADER}: {mark or mark_of(message_id)}\r\n"
    return f"{head}Subject: Avtale\r\n\r\nHei\r\n".encode()


@pytest.fixture(scope="module", params=[dovecot, pymap], ids=["dovecot", "pymap"])
def running(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    with request.param() as server:
        yield server


@pytest.fixture
def server(running: MailServer) -> MailServer:
    """A real server with an empty mailbox."""
    with closing_client(running.client()) as client:
        for _, _, name in client.list_folders():
            with suppress(IMAPClientError):  # INBOX itself, and parents that are no folders
                client.delete_folder(name)
        client.select_folder("INBOX")
        if found := client.search():
            client.delete_messages(found)
            client.expunge()
    return running


def put(server: MailServer, folder: str, *mails: bytes) -> None:
    with closing_client(server.client()) as client:
        if not client.folder_exists(folder):
            client.create_folder(folder)
        for mail in mails:
            client.append(folder, mail)


@pytest.mark.contract
def test_a_mail_is_found_in_the_inbox_and_others_are_not(server: MailServer) -> None:
    put(server, "INBOX", own_mail(ID))
    search = search_mail(server.account(), [sought(ID), sought(OTHER)], moved=True)
    assert search == Search(found=frozenset({ID}))


@pytest.mark.contract
@pytest.mark.parametrize("folder", ["Inntak/Mottatt", "Inntak/Karantene", "Inntak/Ikke-avtale", "Junk"])
def test_a_mail_that_was_moved_when_it_was_done_with_is_found(server: MailServer, folder: str) -> None:
    put(server, folder, own_mail(ID))
    assert search_mail(server.account(), [sought(ID)], moved=True) == Search(found=frozenset({ID}))
    assert search_mail(server.account(), [sought(ID)], moved=False) == Search()


@pytest.mark.contract
def test_a_mail_whose_message_id_a_relay_replaced_is_known_by_our_header(server: MailServer) -> None:
    put(server, "INBOX", own_mail("<relay@example.com>", mark=mark_of(ID)))
    assert search_mail(server.account(), [sought(ID)], moved=True) == Search(found=frozenset({ID}))


@pytest.mark.contract
def test_another_folder_is_searched_by_its_name_and_a_missing_one_is_a_problem(server: MailServer) -> None:
    put(server, "Sent Items", own_mail(ID))
    assert search_mail(server.account(folder="Sent Items"), [sought(ID)], moved=False) == Search(found=frozenset({ID}))
    missing = search_mail(server.account(folder="Sendt"), [sought(ID)], moved=False)
    assert missing == Search(problem=Problem.FOLDER_MISSING)


@pytest.mark.contract
def test_a_mail_marked_as_deleted_has_come_all_the_same_and_nothing_is_touched(server: MailServer) -> None:
    put(server, "INBOX", own_mail(ID))
    with closing_client(server.client()) as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search())
    assert search_mail(server.account(), [sought(ID)], moved=True) == Search(found=frozenset({ID}))
    with closing_client(server.client()) as client:
        client.select_folder("INBOX", readonly=True)
        [flags] = client.get_flags(client.search()).values()
    assert set(flags) - {RECENT} == {DELETED}


@pytest.mark.parametrize(
    ("command", "answer", "problem"),
    [
        ("greeting", close, Problem.CONNECTION_LOST),
        ("greeting", freeze, Problem.UNREACHABLE),
        ("AUTHENTICATE", no(b"[AUTHENTICATIONFAILED] no"), Problem.AUTH_FAILED),
        ("EXAMINE", no(b"[NONEXISTENT] no such"), Problem.FOLDER_MISSING),
        ("UID SEARCH", close, Problem.CONNECTION_LOST),
        ("UID SEARCH", freeze, Problem.CONNECTION_LOST),
        ("UID SEARCH", no(b"[UNAVAILABLE] later"), Problem.BUSY),
        ("UID SEARCH", say(b"TAG BAD what?"), Problem.PROTOCOL),
        ("NAMESPACE", close, Problem.CONNECTION_LOST),
        ("LIST", close, Problem.CONNECTION_LOST),
    ],
)
def test_what_keeps_us_from_looking_everywhere_is_told_and_never_taken_for_an_absence(
    command: str, answer: Answer, problem: Problem
) -> None:
    with FakeImap(script={"UID SEARCH": say(b"* SEARCH", b"TAG OK done"), command: answer}) as fake:
        assert search_mail(fake.account(), [sought(ID)], moved=True).problem is problem


def test_what_was_found_before_the_connection_broke_counts() -> None:
    with FakeImap(script={"UID SEARCH": say(b"* SEARCH 4", b"TAG OK done"), "NAMESPACE": close}) as fake:
        search = search_mail(fake.account(), [sought(ID)], moved=True)
    assert search == Search(found=frozenset({ID}), problem=Problem.CONNECTION_LOST)


def test_the_connection_is_closed_and_the_folder_was_opened_for_reading_only() -> None:
    with FakeImap(script={"UID SEARCH": say(b"* SEARCH", b"TAG OK done")}) as fake:
        search_mail(fake.account(), [sought(ID)], moved=True)
        names = [name for name, _ in fake.commands]
    assert (fake.connections, names[-1]) == (1, "LOGOUT")
    assert "SELECT" not in names


def test_nobody_is_waited_for_where_nobody_listens() -> None:
    with FakeImap() as fake:
        account = fake.account()
    assert search_mail(account, [sought(ID)], moved=True) == Search(problem=Problem.UNREACHABLE)
