"""The configured mailboxes as sources of deliveries."""

from intake.sources.mailbox import Account, MailboxSource, Password, Tokens
from onboarding.settings import MailboxSettings, read_secret
from onboarding.tokens import access_tokens, given


def mailbox_source(mailbox: MailboxSettings) -> MailboxSource:
    """The source of one mailbox; connects when it is first asked. Raises as `mailbox_account`."""
    account = mailbox_account(mailbox)
    return MailboxSource(source_id=mailbox.id, account=account, vendor_id=mailbox.vendor, move=mailbox.move)


def mailbox_account(mailbox: MailboxSettings) -> Account:
    """Server, folder and log-in of one mailbox; nothing is connected to.

    Raises ConfigurationError: `secret_unreadable`, `service_account_unreadable`, `extra_missing`.
    """
    return Account(
        host=mailbox.host,
        port=mailbox.port,
        tls=mailbox.tls,
        username=mailbox.username,
        credentials=_credentials(mailbox),
        folder=mailbox.folder,
    )


def _credentials(mailbox: MailboxSettings) -> Password | Tokens:
    if mailbox.auth == "password":
        return Password(value=read_secret(given(mailbox.password_file)))
    return access_tokens(mailbox, mailbox.username)
