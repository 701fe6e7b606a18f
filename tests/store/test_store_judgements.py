"""Judgements: one per content, one decision each."""

from dataclasses import replace

import pytest

from agreements.decision import decide
from agreements.errors import GateError
from agreements.fieldmap import Rectangle
from agreements.findings import PRV_SCAN, WHO_MISSING
from agreements.parameters import Method, Parameter, Parameters, Source
from agreements.parties import Actor
from agreements.signature_report import Indication, SignatureReport
from onboarding.store import Store
from onboarding.store.judgements import (
    JudgementStatus,
    NewJudgement,
    Ruling,
    add_approval,
    decide_judgement,
    find_judgement,
    find_judgement_of,
    insert_judgement,
    list_approvals,
    list_judgements,
)
from tests.store.examples import KARI, NOW, add_case

REPORT = SignatureReport(
    sha256="ab" * 32,
    size=51_234,
    indication=Indication.NO_SIGNATURE,
    sub_indication=None,
    signatures=(),
    provenance=None,
    findings=(PRV_SCAN(),),
    trust_id="cd" * 32,
    judged_at=NOW,
    engine="test 1",
)
JUDGEMENT = NewJudgement(
    sha256="ab" * 32,
    case=None,
    version=None,
    decision=decide((PRV_SCAN(), WHO_MISSING(signer="Kari Ås"))),
    report=REPORT,
    status=JudgementStatus.OPEN,
    judged_at=NOW,
)
READ = Parameters(
    values=(
        Parameter(
            field_id="admin.name",
            value="Åse Øye",
            source=Source(
                document="ab" * 32,
                page=2,
                rectangle=Rectangle(x0=70.5, y0=100.0, x1=300.0, y1=112.0),
                field="admin.name",
                method=Method.FORM_FIELD,
                confidence=1.0,
            ),
        ),
    )
)
RULING = Ruling(by=KARI, at=NOW, reason="Sjekket på telefon")


def test_a_judgement_comes_back_as_it_was_stored(store: Store) -> None:
    with store.begin() as connection:
        case = add_case(connection)
        identity = insert_judgement(connection, replace(JUDGEMENT, case=case.number, version=1, parameters=READ))
        assert identity is not None
    with store.read() as connection:
        found = find_judgement(connection, identity)
        assert found is not None
        assert found == find_judgement_of(connection, "ab" * 32)
        assert (found.decision, found.report, found.judged_at) == (JUDGEMENT.decision, REPORT, NOW)
        assert found.parameters == READ
        assert str(found.agreement) == f"{case.number}.1"
        assert (found.decided_at, found.decided_by, found.reason) == (None, None, None)


def test_the_same_content_is_judged_once(store: Store) -> None:
    with store.begin() as connection:
        assert insert_judgement(connection, JUDGEMENT) == 1
        assert insert_judgement(connection, replace(JUDGEMENT, status=JudgementStatus.APPROVED)) is None
        assert [found.status for found in list_judgements(connection)] == [JudgementStatus.OPEN]


def test_a_document_that_could_not_be_opened_has_no_report(store: Store) -> None:
    with store.begin() as connection:
        insert_judgement(connection, replace(JUDGEMENT, report=None))
        found = find_judgement_of(connection, JUDGEMENT.sha256)
    assert found is not None
    assert (found.report, found.agreement, found.parameters) == (None, None, None)


def test_the_first_decision_stands(store: Store) -> None:
    with store.begin() as connection:
        identity = insert_judgement(connection, JUDGEMENT) or 0
        decide_judgement(connection, identity, JudgementStatus.REJECTED, RULING)
    with pytest.raises(GateError) as refused, store.begin() as connection:
        decide_judgement(connection, identity, JudgementStatus.APPROVED, RULING)
    assert refused.value.code == "judgement_not_open"
    with store.read() as connection:
        found = find_judgement(connection, identity)
        assert found is not None
        assert found.status is JudgementStatus.REJECTED
        assert (found.decided_at, found.decided_by, found.reason) == (NOW, KARI, RULING.reason)


def test_a_second_approval_needs_a_second_user(store: Store) -> None:
    other = replace(RULING, by=Actor(user="per", os_user="kari"))
    with store.begin() as connection:
        identity = insert_judgement(connection, JUDGEMENT) or 0
        assert add_approval(connection, identity, RULING) == (RULING,)
        assert add_approval(connection, identity, replace(RULING, reason="igjen")) == (RULING,)
        assert add_approval(connection, identity, other) == (RULING, other)
        assert list_approvals(connection, identity) == (RULING, other)


def test_judgements_are_listed_by_status_and_case(store: Store) -> None:
    with store.begin() as connection:
        case = add_case(connection)
        insert_judgement(connection, JUDGEMENT)
        approved = replace(JUDGEMENT, sha256="ef" * 32, case=case.number, status=JudgementStatus.APPROVED)
        insert_judgement(connection, approved)
    with store.read() as connection:
        assert [found.sha256 for found in list_judgements(connection, status=JudgementStatus.OPEN)] == ["ab" * 32]
        assert [found.sha256 for found in list_judgements(connection, case=case.number)] == ["ef" * 32]
        assert len(list_judgements(connection)) == 2
