"""From a letter to a message of this installation: frozen, and with our own copy where there is one."""

from dataclasses import replace
from typing import TYPE_CHECKING

from onboarding.workspace import Workspace
from outbox.compose import Letter
from outbox.freezing import freeze
from outbox.messages import NewMessage

if TYPE_CHECKING:  # cryptography is loaded where something is encrypted
    from cryptography.x509 import Certificate


def freeze_letter(
    workspace: Workspace, letter: Letter, *, purpose: str, key: str, encrypt_to: "Certificate | None" = None
) -> NewMessage:
    """Store the letter's bytes; returns the row to enqueue, which the caller completes with what it is about.

    Everything that leaves has a copy to `smtp.copy_to`, whatever it is: one rule, and the copies are the archive of
    what left. What is addressed to that mailbox already needs none. `key`, `encrypt_to` and errors: as
    `outbox.freezing.freeze`.
    """
    copy_to = workspace.settings.smtp.copy_to
    is_there = copy_to is not None and copy_to.casefold() == letter.recipient.casefold()
    frozen = freeze(letter, workspace.blobs, purpose=purpose, key=key, encrypt_to=encrypt_to)
    return replace(frozen, copy_to=None if is_there else copy_to)
