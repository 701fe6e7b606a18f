"""Everything around a document that points at a case: the mail it came in, the names it bore, the organisation it
names. What the document itself says comes first, and is found in `pipeline`.
"""

from collections.abc import Iterable, Iterator

from agreements.case_address import read_case_token
from agreements.casenumber import AgreementNumber, CaseNumber, parse_agreement_number, parse_case_number
from agreements.errors import UsageError
from agreements.marking import read_qr_payload
from agreements.orgnumber import OrgNumber
from intake.ledger import find_receipt
from intake.matching import Clue, Evidence, clues_of_addresses, clues_of_answer, clues_of_names, clues_of_organisations
from intake.openings import Opening, find_opening
from intake.reading.scans import SeenMark
from intake.receipts import Receipt
from intake.unpacking import MailReading, Unpacking
from onboarding.store.cases import find_case, open_cases_of
from onboarding.workspace import Workspace
from outbox.messages import Connection, Message, find_by_message_id


def find_delivery(connection: Connection, receipt: Receipt) -> tuple[Receipt, Opening] | None:
    """The delivery a document was taken out of, with what it said; None for one that came by itself."""
    parent = None if receipt.parent is None else find_receipt(connection, receipt.parent)
    opening = None if parent is None or parent.sha256 is None else find_opening(connection, parent.sha256)
    return None if parent is None or opening is None else (parent, opening)


def clues_around(workspace: Workspace, receipt: Receipt, organisations: Iterable[OrgNumber]) -> tuple[Clue, ...]:
    """The clues of a document's delivery that name cases there are. `organisations`: those its visible text names."""
    with workspace.store.read() as connection:
        clues = [*clues_of_names([receipt.display_name])]
        delivery = find_delivery(connection, receipt)
        if delivery is not None:
            parent, opening = delivery
            clues += _of_delivery(workspace, connection, parent, opening.mail)
        numbers = tuple(dict.fromkeys(organisations))
        cases = {number: open_cases_of(connection, number) for number in numbers}
        clues += clues_of_organisations(numbers, cases)
        return tuple(clue for clue in clues if find_case(connection, clue.case) is not None)


def clues_of_marks(workspace: Workspace, marks: Iterable[SeenMark]) -> Iterator[Clue]:
    """The agreements whose code is printed on the pages, under this installation's own key; others are nobody's."""
    for seen in marks:
        mark = read_qr_payload(workspace.marking_key, seen.payload)
        if mark is not None:
            yield Clue(evidence=Evidence.QR_CODE, case=mark.number.case, version=mark.number.version)


def clues_of_delivery(workspace: Workspace, receipt: Receipt, unpacking: Unpacking) -> tuple[Clue, ...]:
    """The clues of a delivery in which there is no document: where a person should look."""
    with workspace.store.read() as connection:
        clues = tuple(_of_delivery(workspace, connection, receipt, unpacking.mail))
        return tuple(clue for clue in clues if find_case(connection, clue.case) is not None)


def vendors_of(workspace: Workspace, clues: Iterable[Clue]) -> dict[CaseNumber, str]:
    """The vendor of each case that the clues name."""
    with workspace.store.read() as connection:
        found = (find_case(connection, number) for number in {clue.case for clue in clues})
        return {case.number: case.vendor_id for case in found if case is not None}


def _of_delivery(
    workspace: Workspace, connection: Connection, delivery: Receipt, mail: MailReading | None
) -> Iterator[Clue]:
    names = [delivery.display_name]
    if mail is not None:
        names.append(mail.subject)
        yield from clues_of_addresses(mail.recipients, lambda token: read_case_token(workspace.marking_key, token))
        ids = (*mail.in_reply_to, *mail.references)
        messages = ((identity, find_by_message_id(connection, identity)) for identity in dict.fromkeys(ids))
        sent = {identity: about for identity, message in messages if message and (about := _about(message))}
        yield from clues_of_answer(mail.in_reply_to, mail.references, sent)
    yield from clues_of_names(names)


def _about(message: Message) -> AgreementNumber | CaseNumber | None:
    """What a message of ours was about."""
    try:
        if message.agreement is not None:
            return parse_agreement_number(message.agreement)
        return None if message.case_number is None else parse_case_number(message.case_number)
    except UsageError:
        return None
