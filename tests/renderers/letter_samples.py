"""Every letter there is, of a plain case or of one whose names are as hostile as they come. All data are made up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import product

from agreements.agreement import SigningRoute
from agreements.case import LaunchPlan
from agreements.configuration import Deviation, Setting
from agreements.findings import CAS_SUPERSEDED, PRV_SCAN, PRV_TEXT_DIFFERS, SIG_NO_ANCHORS, WHO_MISSING, WHO_UNEXPECTED
from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.parties import Customer, Signer, SigningBasis, Vendor
from agreements.signers import SigningRight
from agreements.summary import CustomerTask, TaskKey
from agreements.verification import Method
from renderers.letters import (
    Correspondence,
    DeviationLetter,
    DigestLetter,
    ForwardLetter,
    NextStepLetter,
    OverdueLetter,
    QuestionLetter,
    ReceiptLetter,
    RejectionLetter,
    ReminderLetter,
    ReminderNumber,
    SetupReminderLetter,
    SigningLetter,
    SigningTask,
    TerminationNotice,
    Unanswered,
    VerificationRequest,
    render_deviation,
    render_forward,
    render_next_step,
    render_question,
    render_receipt,
    render_rejection,
    render_reminder,
    render_setup_reminder,
    render_signing,
    render_termination_notice,
    render_verification_request,
)
from tests.renderers.samples import KARI, MUCH, OLA, VENDOR, sample, synthetic

CASE = "DA-2026-000042-J"
AGREEMENT = f"{CASE}.1"
KINDS = ("new", "change", "termination")
SHA256 = "3f9a0c71" * 8
CUSTOMER = Customer(org_number=OrgNumber(synthetic("31098765")), name="Blåbær & Sønn AS")
FORWARD = ForwardLetter(
    case_number=CASE,
    agreement_number=AGREEMENT,
    values=sample().values,
    vendor=VENDOR,
    plan=LaunchPlan.OPEN,
    document_sha256=SHA256,
    findings=(),
    right=SigningRight.CONFIRMED,
    approved_by=("avtalemottak",),
    approved_on=date(2026, 11, 23),
    manual=False,
    audit_head="cd" * 32,
)
ABOUT = Correspondence(case_number=CASE, customer=CUSTOMER, vendor=VENDOR)
Render = Callable[[Language], tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What somebody else writes into a letter."""

    customer: str = CUSTOMER.name
    vendor: str = VENDOR.name
    system: str = VENDOR.system_name
    contact: str = VENDOR.contact_name
    first: str = KARI.name
    second: str = OLA.name
    quoted: str = "Fakturaadresse Storgata 1"
    prefix: str = ""

    @classmethod
    def all(cls, name: str) -> "Names":
        """The same everywhere."""
        return cls(customer=name, vendor=name, system=name, contact=name, first=name, second=name, quoted=name)

    def about(self) -> Correspondence:
        vendor: Vendor = replace(VENDOR, name=self.vendor, system_name=self.system, contact_name=self.contact)
        return Correspondence(
            case_number=CASE,
            customer=replace(CUSTOMER, name=self.customer),
            vendor=vendor,
            subject_prefix=self.prefix,
        )

    def signers(self, count: int) -> tuple[Signer, ...]:
        first = Signer(name=self.first, basis=SigningBasis.POWER_OF_ATTORNEY, birth_date=date(1980, 5, 17))
        return (first, replace(OLA, name=self.second))[:count]


def digest(who: Names, *, count: int = 2) -> DigestLetter:
    """The weekly letter to Digipost, which is about many cases and so no letter of `every_letter`."""
    about = who.about()
    forward = Unanswered(agreement_number=AGREEMENT, customer=about.customer, forwarded_on=date(2026, 11, 23))
    return DigestLetter(vendor=about.vendor, forwards=(forward,) * count, week=48, subject_prefix=who.prefix)


def overdue(who: Names, *, more: int = 0) -> OverdueLetter:
    """The letter to the vendor itself, which is about many cases as well."""
    line = f"{CASE} {who.customer}"
    return OverdueLetter(vendor=who.about().vendor, lines=(line, line), more=more, subject_prefix=who.prefix)


def task(route: SigningRoute, *, signers: tuple[Signer, ...] = (KARI,), has_open_fields: bool = False) -> SigningTask:
    return SigningTask(
        agreement_number=AGREEMENT,
        signers=signers,
        route=route,
        deadline=date(2026, 12, 23),
        return_to="avtaler@fjordsystem.example.org",
        has_open_fields=has_open_fields,
    )


def every_letter(names: Names | None = None) -> Iterator[tuple[str, Render]]:
    """Each kind of letter in each of its forms, by a name for it."""
    who = names or Names()
    about = who.about()
    for route in SigningRoute:
        for kind, count in zip(KINDS, (1, 2, 2), strict=True):
            yield from _signing(about, who, route, kind, count)
        yield from _rejections(about, who, route)
        for number in ReminderNumber:
            yield f"reminder {route} {number}", _reminder(about, who, route, number)
    yield from _answers(about, who)
    yield from _to_digipost(about, who)


def _signing(
    about: Correspondence, who: Names, route: SigningRoute, kind: str, count: int
) -> Iterator[tuple[str, Render]]:
    for has_open_fields in (False, True):
        work = task(route, signers=who.signers(count), has_open_fields=has_open_fields)
        letter = SigningLetter(about=about, task=work, kind=kind, copy_attached=route is SigningRoute.SERVICE)
        yield f"signing {route} {kind} {has_open_fields}", partial(render_signing, letter)


def _reminder(about: Correspondence, who: Names, route: SigningRoute, number: ReminderNumber) -> Render:
    work = task(route, signers=who.signers(2))
    letter = ReminderLetter(about=about, task=work, sent_on=date(2026, 11, 23), number=number)
    return partial(render_reminder, letter)


def _rejections(about: Correspondence, who: Names, route: SigningRoute) -> Iterator[tuple[str, Render]]:
    findings = (
        WHO_UNEXPECTED(signer=who.quoted),
        WHO_MISSING(signer=who.second),
        PRV_TEXT_DIFFERS(count=2, page=3, line=who.quoted),
        CAS_SUPERSEDED(agreement=AGREEMENT, in_force=f"{CASE}.2"),
    )
    for count in (0, 1, len(findings)):
        for work in (None, task(route, signers=who.signers(2))):
            letter = RejectionLetter(
                about=about,
                received_on=date(2026, 11, 23),
                findings=findings[:count],
                comment=who.quoted if count else "",
                task=work,
            )
            name = f"rejection {route} {count} {work is not None}"
            yield name, partial(render_rejection, letter)


def _answers(about: Correspondence, who: Names) -> Iterator[tuple[str, Render]]:
    for needs_person, again, approved_before in product((False, True), repeat=3):
        receipt = ReceiptLetter(
            about=about,
            received_at=datetime(2026, 11, 23, 13, 3, tzinfo=UTC),
            sha256=SHA256,
            needs_person=needs_person,
            again=again,
            approved_before=approved_before,
        )
        yield f"receipt {needs_person} {again} {approved_before}", partial(render_receipt, receipt)
    tasks = tuple(
        CustomerTask(key=key, params=dict.fromkeys(("admin", "vendor", "endpoint"), who.first)) for key in TaskKey
    )
    yield "setup reminder", partial(render_setup_reminder, SetupReminderLetter(about=about, tasks=tasks))
    for kind in KINDS:
        for plan in LaunchPlan:
            step = NextStepLetter(
                about=about,
                agreement_number=AGREEMENT,
                approved_on=date(2026, 11, 23),
                kind=kind,
                plan=plan,
                tasks=tasks,
                deviations=_deviations(who) if plan is LaunchPlan.OPEN else (),
            )
            yield f"next step {kind} {plan}", partial(render_next_step, step)


def _deviations(who: Names) -> tuple[Deviation, ...]:
    """What somebody set, with whatever they wrote as the value and the reason."""
    at = datetime(2026, 11, 24, 8, tzinfo=UTC)
    broker = Setting(field_id="vendor.broker_id", value=8_541_209, by="kari", at=at, reason=who.contact)
    system = Setting(field_id="vendor.system_name", value=who.vendor, by="kari", at=at, reason="Nytt navn")
    return (
        Deviation(field_id="vendor.system_name", signed=who.customer, setting=system),
        Deviation(field_id="vendor.broker_id", signed=8_541_208, setting=broker),
    )


def _to_digipost(about: Correspondence, who: Names) -> Iterator[tuple[str, Render]]:
    for sender_id, number in ((None, None), (1_234_567, AGREEMENT)):
        request = VerificationRequest(
            about=about,
            agreement_number=number,
            sender_id=sender_id,
            methods=tuple(Method),
            agreed=sender_id is not None,
            configuration_sha256=SHA256,
        )
        notice = TerminationNotice(
            about=about, agreement_number=number, sender_id=sender_id, last_day=date(2027, 1, 31)
        )
        yield f"verification {sender_id}", partial(render_verification_request, request)
        yield f"termination {sender_id}", partial(render_termination_notice, notice)
        asked = QuestionLetter(about=about, agreement_number=number, question=who.quoted if number else "")
        yield f"question {number}", partial(render_question, asked)
    for deviations in ((), _deviations(who)):
        letter = DeviationLetter(about=about, agreement_number=AGREEMENT, deviations=deviations)
        yield f"deviation {len(deviations)}", partial(render_deviation, letter)
    forward = replace(
        FORWARD,
        values={**FORWARD.values, "customer.name": who.customer},
        vendor=about.vendor,
        findings=(WHO_UNEXPECTED(signer=who.first),),
        right=SigningRight.UNSETTLED,
        approved_by=(who.contact, who.vendor),
        manual=True,
        subject_prefix=about.subject_prefix,
    )
    yield "forward", partial(render_forward, forward)
    by_itself = replace(forward, manual=False, findings=(), right=SigningRight.CONFIRMED)
    yield "forward by itself", partial(render_forward, by_itself)
    for plan, right in zip(
        LaunchPlan, (SigningRight.SEALED, SigningRight.DECLARED, SigningRight.UNSETTLED), strict=True
    ):
        yield f"forward {plan}", partial(render_forward, replace(forward, plan=plan, right=right))
    scan = (PRV_SCAN(), SIG_NO_ANCHORS())
    for kind in KINDS:
        values = {**forward.values, "agreement.kind": kind}
        yield f"forward of {kind}", partial(render_forward, replace(forward, values=values, findings=scan))
    yield "forward of a scan", partial(render_forward, replace(forward, findings=scan[:1], values=sample(MUCH).values))
