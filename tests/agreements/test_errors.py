"""The error tree: an exit code for every kind, a code and parameters for every error."""

import pytest

from agreements import errors
from agreements.orgnumber import OrgNumberError

# The table of cli.md.
EXIT_CODES = {
    errors.AvtaleError: 1,
    errors.UsageError: 2,
    errors.ConfigurationError: 3,
    errors.NotFoundError: 4,
    errors.GateError: 7,
    errors.TemporaryError: 8,
    errors.IntegrityError: 9,
    OrgNumberError: 2,
}


@pytest.mark.parametrize(("kind", "exit_code"), list(EXIT_CODES.items()))
def test_every_kind_of_error_has_the_exit_code_of_the_contract(kind: type[errors.AvtaleError], exit_code: int) -> None:
    error = kind("some_code", case="DA-2026-000042-J", count=2)
    assert error.exit_code == exit_code
    assert (error.code, dict(error.params)) == ("some_code", {"case": "DA-2026-000042-J", "count": 2})
    assert str(error) == "some_code (case=DA-2026-000042-J, count=2)"
    assert isinstance(error, errors.AvtaleError)


def test_no_error_is_left_out_of_the_table() -> None:
    tree = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.AvtaleError)}
    assert tree <= EXIT_CODES.keys()


def test_an_error_without_parameters_is_its_code() -> None:
    assert str(errors.UsageError("some_code")) == "some_code"


def test_a_gate_lists_what_is_not_met() -> None:
    assert errors.GateError("case_step_refused", unmet=("case_held",)).unmet == ("case_held",)
    assert errors.GateError("case_step_refused").unmet == ()
