"""What became of mail nobody knows about, on real servers: its copy, its report, or its place among what was sent."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agreements.case import AgreementState
from agreements.duties import waiting_for
from agreements.findings import INT_BOUNCE, INT_OWN_COPY
from agreements.turn import Party
from intake.receipts import ReceiptState
from onboarding.alarm_watch import look_for_alarms
from onboarding.delivery import retry_message, settle_message
from onboarding.looking import settler_of
from onboarding.sandbox import Sandbox
from outbox.history import History, HistoryEntry, list_history
from outbox.messages import Message
from outbox.settle_pass import settle_due
from outbox.settling import COPY_WAIT
from outbox.states import State
from tests.contract.lossy_line import Break, LossyLine
from tests.contract.test_relay_contract import CUSTOMER, DIGIPOST, NOBODY, empty, lying_in, relay, server
from tests.crash.post import Post
from tests.intake.imap_servers import USER, Dovecot, closing_client, eventually, free_port
from tests.intake.mail_relay import Postfix
from tests.onboarding.installation import Installation, Template, attached, opened_copy, parsed

__all__ = ["relay", "server"]
pytestmark = pytest.mark.contract


@dataclass(kw_only=True)
class Circle:
    """An installation, the line to its mail server, and its mailbox."""

    installation: Installation
    line: LossyLine
    server: Dovecot

    def forward(self, breaks: Break | None = None) -> Message:
        """Have the customer's return approved and sent, over a line that breaks."""
        self.line.breaks = breaks
        self.installation.drop("avtale.pdf", self.installation.template.honest)
        self.installation.run()
        assert self.line.breaks is None
        return self.message

    @property
    def message(self) -> Message:
        """The forward; other mail leaves, too."""
        [message] = [each for each in self.installation.messages() if each.purpose == "forward"]
        return message

    @property
    def agreement(self) -> AgreementState:
        return self.installation.case(self.installation.template.by_one).agreement_state

    def wait(self, time: timedelta) -> None:
        self.installation.clock.ahead += time

    def settle(self) -> None:
        """One pass, and nothing else: intake does not look."""
        settle_due(settler_of(self.installation.workspace))

    def history(self) -> list[HistoryEntry]:
        with self.installation.workspace.store.read() as connection:
            return list(list_history(connection, self.message.id))


Open = Callable[..., Circle]


@pytest.fixture
def opened(template: Template, sandbox: Sandbox, server: Dovecot, relay: Postfix, tmp_path: Path) -> Iterator[Open]:
    """Opens an installation that watches an empty mailbox and sends over a line that can break."""
    for address in (USER, CUSTOMER, DIGIPOST):
        empty(server, address)
    post = Post.of(server, tmp_path)
    with ExitStack() as stack:

        def open_it(
            *, copy: bool = True, reports: bool = False, to: str = DIGIPOST, unknown: str = "ask", **mailbox: Any
        ) -> Circle:
            line = stack.enter_context(LossyLine(port=relay.port, breaks=None, reports=reports))

            def change(document: dict[str, Any]) -> None:
                document["mailboxes"] = [post.settings(USER) | mailbox]
                document["smtp"] |= {"port": line.here, "from": USER, "copy_to": USER if copy else None}
                document["forward"] |= {"test_to": to, "allow": [*document["forward"]["allow"], to]}
                document["forward"]["when_unknown"] = unknown

            copied = opened_copy(template, tmp_path / "avtale", sandbox=sandbox, change=change)
            return Circle(installation=stack.enter_context(copied), line=line, server=server)

        yield open_it


def holds(server: Dovecot, address: str, message: Message, folder: str = "INBOX") -> bool:
    return any(parsed(mail)["Message-ID"] == message.message_id for mail in lying_in(server, address, folder))


def forwards(server: Dovecot) -> list[bytes]:
    """The signed agreements that lie with Digipost."""
    mails = (attached(parsed(mail)) for mail in lying_in(server, DIGIPOST))
    return [attachments[0] for attachments in mails if attachments]


# --- our own copy -----------------------------------------------------------------------------------------------------


def test_a_forward_whose_reply_was_lost_is_known_to_have_left_when_its_copy_is_received(opened: Open) -> None:
    post = opened()
    message = post.forward(Break.AFTER_TAKEN)
    assert message.reason in {"no_final_reply", None}  # None: the first look was late enough to find the copy
    eventually(lambda: holds(post.server, USER, message) or post.message.state is not State.UNKNOWN)
    post.installation.run()
    assert (post.message.state, post.message.evidence, post.agreement) == (State.SENT, "copy", AgreementState.FORWARDED)
    post.installation.run()
    copy = next(receipt for receipt in post.installation.receipts() if receipt.reason == INT_OWN_COPY())
    assert copy.state is ReceiptState.NOT_AGREEMENT
    assert len(post.installation.judgements()) == 1  # the signed agreement in the copy is none that came back
    assert forwards(post.server) == [post.installation.template.honest]


def test_the_copy_is_looked_for_where_nobody_received_it_and_the_message_never_sent_again(opened: Open) -> None:
    post = opened(unknown="resend")
    message = post.forward(Break.AFTER_TAKEN)
    eventually(lambda: holds(post.server, USER, message) or post.message.state is not State.UNKNOWN)
    post.wait(COPY_WAIT)
    post.settle()
    assert (post.message.state, post.message.evidence, post.agreement) == (State.SENT, "copy", AgreementState.FORWARDED)
    assert forwards(post.server) == [post.installation.template.honest]


def test_a_forward_that_never_left_is_sent_again_byte_for_byte_after_the_wait_and_not_before(opened: Open) -> None:
    post = opened(unknown="resend")
    message = post.forward(Break.BEFORE_TAKEN)
    assert (message.state, message.reason) == (State.UNKNOWN, "no_final_reply")
    post.wait(COPY_WAIT - timedelta(minutes=1))
    post.installation.run()
    assert (post.message.state, post.message.attempts) == (State.UNKNOWN, 1)
    post.wait(timedelta(minutes=1))
    post.installation.run()
    assert (post.message.attempts, post.message.sha256) == (2, message.sha256)
    eventually(lambda: len(forwards(post.server)) == 1)
    assert holds(post.server, DIGIPOST, message)
    assert post.agreement is AgreementState.FORWARDED


def test_a_person_who_is_to_be_asked_sees_where_it_was_looked_for(opened: Open) -> None:
    post = opened(unknown="ask", sent_folder="Sent Items")
    post.forward(Break.BEFORE_TAKEN)
    post.wait(COPY_WAIT)
    post.settle()
    assert post.message.state is State.UNKNOWN
    last = post.history()[-1]
    assert (last.kind, last.reason) == (History.LOOKED, "mailbox_folder_missing")
    assert last.reply == "avtaler: not_found; avtaler/Sent Items: mailbox_folder_missing"


def test_what_can_not_be_looked_for_is_never_sent_again_and_somebody_is_told(opened: Open) -> None:
    post = opened(unknown="resend", port=free_port())
    post.forward(Break.BEFORE_TAKEN)
    post.wait(COPY_WAIT)
    for _ in range(3):
        post.settle()
        post.wait(timedelta(hours=1))
    assert (post.message.state, post.message.attempts) == (State.UNKNOWN, 1)
    alarms = {alarm.code.value: alarm.problem for alarm in look_for_alarms(post.installation.workspace, stuck=())}
    assert alarms["evidence_unreachable"] == "mailbox_unreachable"


# --- the folder of sent mail ------------------------------------------------------------------------------------------


def test_a_forward_that_lies_in_the_folder_of_sent_mail_has_left(opened: Open) -> None:
    post = opened(copy=False, unknown="resend", sent_folder="Sent Items")
    message = post.forward(Break.AFTER_TAKEN)
    with closing_client(post.server.client()) as client:
        if not client.folder_exists("Sent Items"):
            client.create_folder("Sent Items")
        client.append("Sent Items", post.installation.workspace.blobs.read(message.sha256))
    post.wait(COPY_WAIT)
    post.settle()
    assert (post.message.state, post.message.evidence) == (State.SENT, "sent_folder")
    assert post.agreement is AgreementState.FORWARDED


# --- reports ----------------------------------------------------------------------------------------------------------


def reported(post: Circle) -> bool:
    """Whether a report on the forward lies in the inbox."""
    mails = [mail for mail in lying_in(post.server, USER) if parsed(mail).get_content_type() == "multipart/report"]
    return any(post.message.envelope_id.encode() in mail for mail in mails)


def test_a_report_that_it_arrived_makes_the_message_delivered(opened: Open) -> None:
    post = opened(reports=True)
    assert post.forward().state is State.SENT
    eventually(lambda: reported(post))
    post.installation.run()
    assert post.message.state is State.DELIVERED
    assert post.agreement is AgreementState.FORWARDED
    assert "message.delivered" in post.installation.kinds(post.installation.template.by_one)
    told = [one for one in post.installation.receipts() if one.reason == INT_BOUNCE()]
    assert {receipt.state for receipt in told} == {ReceiptState.NOT_AGREEMENT}


def test_a_report_settles_what_nobody_knew(opened: Open) -> None:
    post = opened(copy=False, reports=True)
    assert post.forward(Break.AFTER_TAKEN).state is State.UNKNOWN
    eventually(lambda: reported(post))
    post.installation.run()
    assert (post.message.state, post.message.evidence) == (State.DELIVERED, "report")
    assert post.agreement is AgreementState.FORWARDED


def test_a_forward_that_bounces_takes_the_case_back_until_it_is_sent_again(opened: Open) -> None:
    post = opened(to=NOBODY, reports=True)
    assert post.forward().state is State.SENT
    case = post.installation.template.by_one
    assert waiting_for(post.installation.case(case)) is Party.DIGIPOST
    eventually(lambda: reported(post))
    post.installation.run()
    message = post.message
    assert (message.state, post.agreement) == (State.FAILED_LATER, AgreementState.APPROVED)
    assert message.reply is not None
    assert message.reply.startswith("5.1.1 ")
    assert waiting_for(post.installation.case(case)) is Party.VENDOR
    assert post.installation.kinds(case)[-1] == "message.failed_later"
    alarms = [(alarm.code.value, alarm.part) for alarm in look_for_alarms(post.installation.workspace, stuck=())]
    assert ("mail_failed_later", f"message {message.id}") in alarms
    retry_message(post.installation.workspace, message.id, post.installation.actor)
    post.installation.run()
    assert (post.message.state, post.agreement) == (State.SENT, AgreementState.FORWARDED)
    eventually(lambda: reported(post))
    post.installation.run()  # and it bounces again
    assert (post.message.state, post.agreement) == (State.FAILED_LATER, AgreementState.APPROVED)
    settle_message(post.installation.workspace, message.id, sent=True, actor=post.installation.actor)
    assert (post.message.state, post.agreement) == (State.SENT, AgreementState.FORWARDED)
    parts = [alarm.part for alarm in look_for_alarms(post.installation.workspace, stuck=())]
    assert f"message {message.id}" not in parts
