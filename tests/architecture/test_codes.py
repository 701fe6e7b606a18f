"""A finding that no test ever makes is a promise that nobody has seen kept."""

from agreements import findings
from tests.architecture.tree import ROOT


def test_every_finding_code_stands_in_a_test_by_its_code_or_its_name() -> None:
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path.name != "test_codes.py"]
    labels = [ROOT / "tests" / "zoo" / "labels.py"]  # what the zoo's forged returns must be refused for
    said = "\n".join(path.read_text(encoding="utf-8") for path in [*tests, *labels])
    names = {name: made for name, made in vars(findings).items() if isinstance(made, findings.FindingCode)}
    assert [made.code for name, made in names.items() if f'"{made.code}"' not in said and name not in said] == []
