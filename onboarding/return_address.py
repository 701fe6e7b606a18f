"""Where an organisation sends what it has signed."""

from agreements.case_address import case_token, plus_address
from agreements.casenumber import CaseNumber
from onboarding.settings import VendorSettings
from onboarding.workspace import Workspace


def return_address(workspace: Workspace, vendor: VendorSettings, case: CaseNumber) -> str:
    """The vendor's own mailbox, else one of all vendors; by the case's own address where mail to it arrives.

    Without a mailbox, the vendor's contact. The same case has the same address for ever: it stands in letters.
    """
    return reply_address(workspace, vendor, case)


def reply_address(workspace: Workspace, vendor: VendorSettings, case: CaseNumber | None) -> str:
    """As `return_address`; for a letter about several cases (None) the mailbox by its own name."""
    mailboxes = workspace.settings.mailboxes
    own_first = sorted(mailboxes, key=lambda mailbox: mailbox.vendor is None)
    mailbox = next((mailbox for mailbox in own_first if mailbox.vendor in (vendor.id, None)), None)
    if mailbox is None:
        return vendor.contact.email
    if case is None or not mailbox.plus_addresses:
        return mailbox.address
    return plus_address(mailbox.address, case_token(workspace.marking_key, case)) or mailbox.address
