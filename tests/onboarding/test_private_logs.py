"""Logs are for operators and may be copied anywhere: nothing of a customer stands in them, at any level."""

import logging

import pytest

from onboarding.steps.agreement import issue_agreement
from onboarding.workspace import open_workspace
from tests.onboarding.installation import Installation, sign_return

CUSTOMER, SIGNER, EMAIL = "Sentinelkunde AS", "Sentinelle Underskriver", "sentinel.post@example.org"
OURS = ("agreements", "intake", "onboarding", "outbox", "renderers", "signatures")
NOT_OURS = ("mail.", "asyncio")  # the test's own mail server


def everything_logged(caplog: pytest.LogCaptureFixture) -> str:
    """Messages, fields and tracebacks of every logger."""
    formatter = logging.Formatter()
    lines = []
    for record in caplog.records:
        if not record.name.startswith(NOT_OURS):
            lines.append(formatter.format(record))
            lines.append(repr(vars(record)))
    return "\n".join(lines)


def test_no_log_line_names_customer_signer_address_or_subject_at_any_level(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)  # before the database is opened: SQLAlchemy looks at the level once
    with open_workspace(installation.workspace.settings, installation.clock) as workspace:
        installation.workspace = workspace
        follow_a_case(installation)
    said = everything_logged(caplog)
    assert "document judged" in said
    assert "message not sent" in said
    for sentinel in ("Sentinel", "sentinel", "Underskriver", "digipost@localhost", "Signert avtale"):
        assert sentinel not in said, next(line for line in said.splitlines() if sentinel in line)[:2000]


def follow_a_case(installation: Installation) -> None:
    """From enquiry to a mail server that repeats what it should not."""
    values = {"contact.contract.email": EMAIL, "contact.contract.name": SIGNER}
    case = installation.enquire(SIGNER, values=values, customer=CUSTOMER)
    issue = issue_agreement(installation.workspace, str(case.number), installation.actor)
    honest = sign_return(issue.pdf, installation.pki.person(SIGNER))
    installation.drop(f"{CUSTOMER}.pdf", honest)
    installation.drop(f"{SIGNER}.pdf", issue.pdf)
    installation.drop(f"{EMAIL}.pdf", honest[:-1000])
    installation.mailbox.answers["RCPT"] = f"451 4.2.0 {EMAIL} {CUSTOMER} busy"
    installation.run()
    [message] = installation.messages()
    assert EMAIL in (message.reply or "")


def test_our_own_log_messages_are_constant_sentences(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    installation.receive(installation.template.honest)
    ours = [record for record in caplog.records if record.name.split(".")[0] in OURS]
    assert ours
    assert [record.msg for record in ours if record.args] == []
