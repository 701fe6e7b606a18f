"""Where an organisation sends what it has signed."""

from agreements.case_address import case_token, plus_address
from agreements.casenumber import CaseNumber
from onboarding.settings import VendorSettings
from onboarding.workspace import Workspace


def return_address(workspace: Workspace, vendor: VendorSettings, case: CaseNumber) -> str:
    """The vendor's own mailbox, else one of all vendors; by the case's own address where mail to it arrives.

    Without a mailbox, the vendor's contact. The same case has the same address for ever: it stands in letters.
    """
    mailboxes = workspace.settings.mailboxes
    own_first = sorted(mailboxes, key=lambda mailbox: mailbox.vendor is None)
    mailbox = next((mailbox for mailbox in own_first if mailbox.vendor in (vendor.id, None)), None)
    if mailbox is None:
        return vendor.contact.email
    own = plus_address(mailbox.address, case_token(workspace.marking_key, case)) if mailbox.plus_addresses else None
    return own or mailbox.address
