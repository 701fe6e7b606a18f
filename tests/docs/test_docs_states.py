"""Every state, exit code and setting that exists is documented, and nothing that does not."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agreements import errors
from agreements.case import AgreementState, LaunchPlan, Step
from agreements.signature_report import Shape
from intake.receipts import ReceiptState
from onboarding.settings import Settings
from onboarding.store.judgements import JudgementStatus
from outbox.states import State
from tests.docs.reference import named, read, spans, table_rows

OPERATIONS, ARCHITECTURE = read("docs/operations.md"), read("docs/architecture.md")


@pytest.mark.parametrize(
    ("text", "heading", "states"),
    [
        (OPERATIONS, "receipt", ReceiptState),
        (OPERATIONS, "judgement", JudgementStatus),
        (OPERATIONS, "message", State),
        (ARCHITECTURE, "state", AgreementState),
    ],
)
def test_every_state_has_its_row(text: str, heading: str, states: type[StrEnum]) -> None:
    assert named(text, heading) == [state.value for state in states]


def test_every_step_plan_and_return_shape_is_told() -> None:
    assert {*Step, *LaunchPlan} <= {span for row in table_rows(ARCHITECTURE, "step") for span in spans(" ".join(row))}
    assert set(named(ARCHITECTURE, "shape")) == {shape.value for shape in Shape}


def test_every_exit_code_is_told_in_both_places() -> None:
    raised = {
        str(kind.exit_code) for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")
    }
    documented = named(OPERATIONS, "code")
    assert raised | {"0", "5", "6", "130"} == set(documented)
    assert named(read("docs/errors.md"), "exit code") == documented


# --- settings ---------------------------------------------------------------------------------------------------------


def keys(group: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in group.model_fields.items():
        key = f"{path}{field.alias or name}"
        inner = list(groups_in(field.annotation))
        if field.is_required() or not (inner and isinstance(field.default, BaseModel)):
            yield key, field
        for each in inner:
            yield from keys(each, f"{key}.")


def groups_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from groups_in(argument)


def plain(value: object) -> object:
    """A default as YAML would give it."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Path | StrEnum):
        return str(value)
    return value


def settings_rows() -> dict[str, list[str]]:
    return {row[0].strip("`"): row for row in table_rows(OPERATIONS, "key")}


def test_every_setting_is_documented_and_none_that_does_not_exist() -> None:
    assert sorted(settings_rows()) == sorted(key for key, _ in keys(Settings))


def test_every_default_is_the_one_that_holds() -> None:
    for key, field in keys(Settings):
        said = settings_rows()[key][1]
        if field.is_required():
            assert said == "required", key
        else:
            assert yaml.safe_load(said.strip("`")) == plain(field.default), key
