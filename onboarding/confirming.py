"""Step 1, where others are involved: the vendor confirms an enquiry that came by mail, and Digipost is asked."""

from dataclasses import replace

from agreements.canonical import JsonValue
from agreements.case import Case, with_confirmed, with_question_asked
from agreements.characters import tidy
from agreements.errors import UsageError
from agreements.parties import Actor
from agreements.values import Fault, ValueFault, parse_email, refuse_national_id
from onboarding.correspondence.addressing import CONTACTS, find_contact
from onboarding.correspondence.questions import write_question
from onboarding.record import EventKind
from onboarding.steps.enquiry import name_faults, read_case
from onboarding.store.cases import move_case
from onboarding.store.events import NewEvent
from onboarding.workspace import Workspace
from outbox.messages import enqueue

_NAME, _EMAIL = "customer.name", CONTACTS[0]
MAX_QUESTION = 2000
"""Characters of a question to Digipost; ours: longer is a conversation."""


def confirm_case(workspace: Workspace, number: str, *, name: str | None, email: str | None, actor: Actor) -> Case:
    """The vendor knows the customer and its address: now the agreement can be issued and mailed.

    `name` and `email` put right, or give, what the mail said. Raises UsageError `values_refused` for what is lacking or
    wrong, NotFoundError, GateError (confirmed already, on hold, closed), TemporaryError.
    """
    case = read_case(workspace, number)
    now = workspace.clock()
    confirmed = with_confirmed(case, now=now)
    given = _given(name, email)
    values = {**case.values, **given}
    unnamed = values.get(_NAME) == case.org_number.digits  # the mail gave no name (`enquiry_mail`)
    faults = [Fault(field_id=_NAME, code="missing", params={})] if unnamed else []
    faults += [Fault(field_id=_EMAIL, code="missing", params={})] if find_contact(values) is None else []
    if faults:
        raise UsageError("values_refused", count=len(faults), faults=tuple(faults))
    changed = replace(confirmed, values=values, customer_name=str(values[_NAME]))
    event = NewEvent(kind=EventKind.CASE_CONFIRMED, actor=actor, at=now, data={"fields": sorted(given)})
    with workspace.store.begin() as connection:
        return move_case(connection, changed, event=event)


def ask_digipost(workspace: Workspace, number: str, *, question: str, actor: Actor) -> tuple[Case, int]:
    """Send Digipost's desk a question about a case, which then waits for the answer; the case and the message's id.

    `question`: empty for the one that asks Digipost to take part. Raises NotFoundError, GateError (unconfirmed, on
    hold, closed), UsageError (`question_form`), ConfigurationError (the recipient), TemporaryError.
    """
    words = tidy(question, lines=True)
    _require_fit(words)
    case, now = read_case(workspace, number), workspace.clock()
    asking = with_question_asked(case, now=now)
    message = write_question(workspace, case, words)
    with workspace.store.begin() as connection:
        row = enqueue(connection, message, now=now)
        assert row is not None  # the key holds the revision that this makes
        data: dict[str, JsonValue] = {"message": row}
        event = NewEvent(kind=EventKind.DIGIPOST_ASKED, actor=actor, at=now, data=data)
        return move_case(connection, asking, event=event), row


def _given(name: str | None, email: str | None) -> dict[str, JsonValue]:
    given: dict[str, JsonValue] = {}
    faults: list[Fault] = []
    if name is not None:
        faults += [Fault(field_id=_NAME, code=one.code, params=one.params) for one in name_faults(name)]
        given[_NAME] = tidy(name)
    if email is not None:
        try:
            given[_EMAIL] = parse_email(email)
        except ValueFault as error:
            faults.append(Fault(field_id=_EMAIL, code=error.code, params=error.params))
    if faults:
        raise UsageError("values_refused", count=len(faults), faults=tuple(faults))
    return given


def _require_fit(words: str) -> None:
    try:
        refuse_national_id(words)
    except ValueFault as error:
        raise UsageError("question_form", limit=MAX_QUESTION) from error
    if len(words) > MAX_QUESTION:
        raise UsageError("question_form", limit=MAX_QUESTION)
