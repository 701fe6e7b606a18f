"""The demo's returns: what customers send back, and what somebody with worse intentions does.

Each makes its own case, so that every outcome is seen alone. Honest returns carry revocation data (level B-LT), as a
signing
service adds it: when a case is judged, unknown revocation is never good enough.
"""

from collections.abc import Callable
from dataclasses import dataclass

from onboarding.demo.cast import CAST
from onboarding.demo.forging import flip_byte, write_over_page
from onboarding.demo.mail_server import Fate
from onboarding.demo.service import rewrite, seal_by_service, sign_in_service
from onboarding.demo.stage import Stage
from onboarding.rendering import private_fonts
from onboarding.steps.agreement import Issue
from onboarding.terms import Terms
from outbox.evidence import Evidence
from outbox.states import State
from signatures.throwaway import Credential, LeafOptions, sign

KARI, OLA, STRANGER = CAST.first, CAST.second, CAST.stranger
FIRST, SECOND = "Signatur1", "Signatur2"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A return, ready to be dropped."""

    data: bytes
    issue: Issue | None
    """The agreement it answers; None for what answers none."""


@dataclass(frozen=True, kw_only=True)
class Return:
    """One thing that arrives. `expected` is the verdict, or `quarantined` for what is no return at all."""

    name: str
    expected: str
    make: Callable[[Stage], Made]
    message: State = State.SENT
    """Where its forward stands at the end, if it is approved."""
    evidence: Evidence | None = None
    """By what it was found out that the forward had left, if nobody knew."""
    suffix: str = ".pdf"
    in_halves: bool = False

    @property
    def file_name(self) -> str:
        """What the file is called in the folder."""
        return f"{self.name}{self.suffix}"


def _signed(stage: Stage, issue: Issue, credential: Credential, field: str = FIRST, pdf: bytes | None = None) -> Made:
    data = sign(pdf or issue.pdf, credential, field=field, level="B-LT", now=stage.workspace.clock())
    return Made(data=data, issue=issue)


def _signed_by_one(stage: Stage) -> Made:
    return _signed(stage, stage.issue(KARI), stage.pki.person(KARI))


def _signed_by_two(stage: Stage) -> Made:
    issue = stage.issue(KARI, OLA, language="nn")
    once = _signed(stage, issue, stage.pki.person(KARI))
    return _signed(stage, issue, stage.pki.person(OLA), SECOND, once.data)


def _sealed(stage: Stage) -> Made:
    issue = stage.issue(KARI, language="en")
    return _signed(stage, issue, stage.pki.seal(_customer(issue), _org_number(issue)))


def _signed_in_service(stage: Stage) -> Made:
    issue = stage.issue(KARI, OLA)
    people = (stage.pki.person(KARI), stage.pki.person(OLA))
    return Made(data=sign_in_service(issue.pdf, people, now=stage.workspace.clock()), issue=issue)


def _evidence_of_another(stage: Stage) -> Made:
    """Honest evidence of another document, put into this one and sealed by the service."""
    issue, other = stage.issue(KARI), stage.issue(KARI)
    data = sign_in_service(issue.pdf, (stage.pki.person(KARI),), of=other.pdf, now=stage.workspace.clock())
    return Made(data=data, issue=issue)


def _written_anew(stage: Stage) -> Made:
    """Opened and saved in another program, then sealed: the pages are as issued, and nothing proves who signed."""
    issue = stage.issue(KARI)
    return Made(data=seal_by_service(rewrite(issue.pdf), stage.pki, now=stage.workspace.clock()), issue=issue)


def _with_national_id(stage: Stage) -> Made:
    """Some issuers put the person's national identity number into the certificate."""
    issue = stage.issue(KARI)
    return _signed(stage, issue, stage.pki.person(KARI, options=LeafOptions(subject_serial=CAST.national_id)))


def _signed_but(fate: Fate) -> Callable[[Stage], Made]:
    """An honest return whose forward meets this fate."""

    def make(stage: Stage) -> Made:
        honest = _signed_by_one(stage)
        assert honest.issue is not None
        stage.decree(honest.issue, fate)
        return honest

    return make


def _unsigned(stage: Stage) -> Made:
    issue = stage.issue(KARI)
    return Made(data=issue.pdf, issue=issue)


def _changed_after_signing(stage: Stage) -> Made:
    honest = _signed_by_one(stage)
    return Made(data=write_over_page(honest.data, "0 kroner i vederlag"), issue=honest.issue)


def _bytes_changed(stage: Stage) -> Made:
    honest = _signed_by_one(stage)
    return Made(data=flip_byte(honest.data, 12), issue=honest.issue)  # in the comment line after the header


def _overlay_before_signing(stage: Stage) -> Made:
    issue = stage.issue(KARI)
    return _signed(stage, issue, stage.pki.person(KARI), pdf=write_over_page(issue.pdf, "Ansvar: ubegrenset"))


def _terms_replaced(stage: Stage) -> Made:
    private_fonts()
    from dataclasses import replace

    from onboarding.preparing import issued_document
    from renderers.agreement import render_agreement

    issue = stage.issue(KARI)
    document = issued_document(stage.workspace, issue.agreement, Terms())
    forged = render_agreement(replace(document, values={**document.values, "launch.monthly_volume": 1}))
    return _signed(stage, issue, stage.pki.person(KARI), pdf=forged.pdf)


def _wrong_root(stage: Stage) -> Made:
    return _signed(stage, stage.issue(KARI), stage.strangers.person(KARI))


def _stranger(stage: Stage) -> Made:
    return _signed(stage, stage.issue(KARI), stage.pki.person(STRANGER))


def _other_firms_seal(stage: Stage) -> Made:
    other = stage.issue(OLA)
    return _signed(stage, stage.issue(KARI), stage.pki.seal(_customer(other), _org_number(other)))


def _one_of_two(stage: Stage) -> Made:
    return _signed(stage, stage.issue(KARI, OLA), stage.pki.person(KARI))


def _another_customers(stage: Stage) -> Made:
    """One customer's own people sign the agreement that was made for another."""
    stage.issue(OLA)
    return _signed(stage, stage.issue(KARI), stage.pki.person(OLA))


def _voided(stage: Stage) -> Made:
    issue = stage.issue(KARI)
    stage.void(str(issue.agreement.number.case))
    return _signed(stage, issue, stage.pki.person(KARI))


def _superseded(stage: Stage) -> Made:
    issue = stage.issue(KARI)
    stage.issue_again(str(issue.agreement.number.case))
    return _signed(stage, issue, stage.pki.person(KARI))


def _no_pdf(stage: Stage) -> Made:
    return Made(data=b"Hei, her er avtalen. Mvh Kari\n", issue=None)


RETURNS = (
    Return(name="signed_by_one", expected="approved", make=_signed_by_one),
    Return(name="signed_by_two", expected="approved", make=_signed_by_two),
    Return(name="sealed_by_customer", expected="approved", make=_sealed),
    Return(name="arrives_in_two_halves", expected="approved", make=_signed_by_one, in_halves=True),
    Return(name="signed_in_a_service", expected="approved", make=_signed_in_service),
    Return(name="with_national_id", expected="approved", make=_with_national_id, message=State.HELD),
    Return(name="reply_lost", expected="approved", make=_signed_but(Fate.REPLY_LOST), evidence=Evidence.COPY),
    Return(name="bounced", expected="approved", make=_signed_but(Fate.BOUNCED), message=State.FAILED_LATER),
    Return(name="unsigned", expected="rejected", make=_unsigned),
    Return(name="changed_after_signing", expected="rejected", make=_changed_after_signing),
    Return(name="bytes_changed_after_signing", expected="rejected", make=_bytes_changed),
    Return(name="overlay_before_signing", expected="rejected", make=_overlay_before_signing),
    Return(name="terms_replaced_and_signed_anew", expected="rejected", make=_terms_replaced),
    Return(name="voided_version", expected="rejected", make=_voided),
    Return(name="superseded_version", expected="rejected", make=_superseded),
    Return(name="evidence_of_another_document", expected="rejected", make=_evidence_of_another),
    Return(name="written_anew_and_sealed", expected="needs_review", make=_written_anew),
    Return(name="wrong_root", expected="needs_review", make=_wrong_root),
    Return(name="strangers_signature", expected="needs_review", make=_stranger),
    Return(name="other_firms_seal", expected="needs_review", make=_other_firms_seal),
    Return(name="one_of_two_signers", expected="needs_review", make=_one_of_two),
    Return(name="another_customers_agreement", expected="needs_review", make=_another_customers),
    Return(name="no_pdf", expected="quarantined", make=_no_pdf, suffix=".txt"),
)


def _customer(issue: Issue) -> str:
    return str(issue.agreement.values["customer.name"])


def _org_number(issue: Issue) -> str:
    return str(issue.agreement.values["customer.orgnr"])
