"""The pages that a tool writes say what the program says."""

import pytest

from agreements.findings import all_codes
from agreements.language import Language
from agreements.texts import flat_texts
from tests.docs.reference import named, read
from tools.write_reference import pages, walk_commands


@pytest.mark.parametrize(
    "page",
    [
        "commands.md",
        "findings.md",
        "errors.md",
        "schemas/agreement-v1.schema.json",
        "schemas/config-v1.schema.json",
    ],
)
def test_a_page_made_by_the_tool_is_what_the_tool_would_write_now(page: str) -> None:
    assert read(f"docs/{page}") == pages()[page], "run `make docs` and commit what it writes"


def test_every_finding_code_is_documented() -> None:
    assert named(read("docs/findings.md"), "code") == [code.code for code in all_codes()]


def test_every_error_and_every_gate_is_documented() -> None:
    page, texts = read("docs/errors.md"), flat_texts(Language.EN)
    for heading, section in (("code", "errors"), ("gate", "gates"), ("reason", "outbox_reasons")):
        assert set(named(page, heading)) == {key.split(".")[1] for key in texts if key.startswith(f"{section}.")}


def test_every_command_and_every_option_is_documented() -> None:
    page = read("docs/commands.md")
    for name, command, context in walk_commands():
        _, found, rest = page.partition(f"\n## {name}\n")
        section = rest.partition("\n## ")[0]
        assert found, name
        for option in command.get_params(context):
            if option.param_type_name == "option" and not getattr(option, "hidden", False):
                assert any(opt in section for opt in option.opts), f"{name} {option.opts}"
