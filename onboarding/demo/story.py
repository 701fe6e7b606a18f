"""One case of the demo goes on: the launch is decided (step 3), the set-up done (step 4), and its story told."""

from dataclasses import dataclass

from agreements.calendar import norwegian_day
from agreements.case import Case, LaunchPlan, Step
from agreements.language import Language
from agreements.turn import Party
from agreements.worklist import WorkItem
from onboarding.case_view import case_timeline
from onboarding.configuring import DONE, set_configuration
from onboarding.demo.cast import CAST
from onboarding.demo.stage import Stage
from onboarding.steps.configuration import read_configuration, read_work, summary_of
from onboarding.steps.enquiry import read_case
from onboarding.steps.plan import decide_plan, parse_decision

_SENDER_ID = "7654321"
_BY = {Party.VENDOR: CAST.second, Party.DIGIPOST: CAST.stranger, Party.CUSTOMER: CAST.first}


@dataclass(frozen=True, kw_only=True)
class Story:
    """How far the case came."""

    case: Case
    open_items: tuple[str, ...]
    """What is left on the work list: certificates, which the demo has none of."""
    lines: tuple[str, ...]

    @property
    def as_expected(self) -> bool:
        """It is in set-up, and nobody but the vendor has anything open."""
        ours = all(name.startswith("setup.certificate") for name in self.open_items)
        return self.case.step is Step.SETUP and ours


def carry_on(stage: Stage, number: str, language: Language) -> Story:
    """Steps 3 and 4 of a case whose agreement Digipost has. Raises what the steps raise."""
    workspace, actor = stage.workspace, stage.actor
    today = norwegian_day(workspace.clock())
    decision = parse_decision(LaunchPlan.DIRECT, _BY, on=today, starts_on=None, recruitment=(), note="")
    decide_plan(workspace, number, decision, None, actor)
    tasks = [item.name for item in _work(stage, number) if item.name.startswith("task.") and item.open]
    typed = {"setup.sender_id": _SENDER_ID, **dict.fromkeys(tasks, DONE)}
    set_configuration(workspace, number, typed, reason="demo", actor=actor)
    return Story(
        case=read_case(workspace, number),
        open_items=tuple(item.name for item in _work(stage, number) if item.open),
        lines=tuple(case_timeline(workspace, number, language).lines),
    )


def _work(stage: Stage, number: str) -> tuple[WorkItem, ...]:
    configuration = read_configuration(stage.workspace, number)
    return read_work(stage.workspace, configuration, summary_of(stage.workspace, configuration))
