"""Stored returns judged again: the same verdicts by the same rules, and what differs is told."""

from datetime import timedelta

from agreements.decision import Verdict
from agreements.language import Language
from onboarding.replaying import replay, replay_answer
from onboarding.steps.agreement import issue_agreement, void_agreement_in_force
from tests.onboarding.installation import KARI, Installation, sign_return


def test_by_the_same_rules_every_return_has_the_same_verdict(installation: Installation) -> None:
    template = installation.template
    assert installation.receive(template.honest).decision.verdict is Verdict.APPROVED
    forged = template.honest + b"\n% added\n"
    installation.receive(forged, "endret.pdf")
    before = installation.kinds()
    replayed = list(replay(installation.workspace, since=None))
    assert len(replayed) == 2
    assert [one.differs for one in replayed] == [False, False], replayed
    assert (replayed[0].gained, replayed[0].lost) == ((), ())
    assert installation.kinds() == before, "nothing is written"
    answer = replay_answer(replayed, Language.NB)
    assert (answer.data, answer.exit_code) == ([], 0)


def test_what_is_not_trusted_any_more_comes_to_another_verdict(installation: Installation) -> None:
    installation.receive(installation.template.honest)
    for anchor in installation.workspace.settings.trust.anchors.glob("*"):
        anchor.unlink()
    (replayed,) = replay(installation.workspace, since=None)
    assert replayed.differs
    assert replayed.now is not None
    assert replayed.now.verdict is not Verdict.APPROVED
    assert replayed.gained
    answer = replay_answer([replayed], Language.EN)
    assert isinstance(answer.data, list)
    assert len(answer.data) == 1
    assert "1 returns were checked again, and 1" in answer.lines[-1]


def test_a_version_that_was_replaced_when_its_return_came_is_still_so(installation: Installation) -> None:
    old = installation.issue(KARI)
    again = issue_agreement(installation.workspace, str(old.agreement.number.case), installation.actor)
    late = installation.receive(sign_return(old.pdf, installation.pki.person(KARI)), "gammel.pdf")
    assert late.decision.verdict is Verdict.REJECTED
    void_agreement_in_force(
        installation.workspace, again.agreement.number.case, "feil", installation.actor
    )  # later: it changes nothing of what was judged before
    (replayed,) = replay(installation.workspace, since=None)
    assert not replayed.differs, replayed


def test_only_returns_since_a_day_are_judged_again(installation: Installation) -> None:
    installation.receive(installation.template.honest)
    today = installation.clock().date()
    assert len(list(replay(installation.workspace, since=today))) == 1
    later = today.replace(year=today.year + 1)
    assert list(replay(installation.workspace, since=later)) == []


def test_one_that_is_gone_is_told_and_keeps_no_other_from_being_judged(installation: Installation) -> None:
    judgement = installation.receive(installation.template.honest)
    installation.workspace.blobs.erase(judgement.sha256, stored_before=installation.clock() + timedelta(days=1))
    (replayed,) = replay(installation.workspace, since=None)
    assert replayed.error is not None
    assert replay_answer([replayed], Language.NB).exit_code == replayed.error.exit_code == 4
