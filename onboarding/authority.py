"""Whose right to sign is confirmed: by the powers of attorney that the operator has stored (`authorities:`)."""

from datetime import date

from agreements.orgnumber import OrgNumber
from agreements.signers import name_key
from onboarding.settings import Settings


def confirmed_signers(settings: Settings, org_number: OrgNumber, on: date) -> frozenset[str]:
    """The name keys of those with a stored power for this organisation that had not expired on that day."""
    return frozenset(
        name_key(authority.name)
        for authority in settings.authorities
        if authority.org_number == org_number and (authority.expires is None or authority.expires >= on)
    )
