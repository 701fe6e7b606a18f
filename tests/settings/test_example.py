"""The example configuration: complete, explained, and what `avtale init` writes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from onboarding.initialise import render_configuration
from onboarding.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def groups_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from groups_in(argument)


def keys_of(group: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in group.model_fields.items():
        key = f"{path}{field.alias or name}"
        yield key
        for inner in groups_in(field.annotation):
            yield from keys_of(inner, f"{key}.")


def written_keys(data: object, path: str = "") -> Iterator[str]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield f"{path}{key}"
            yield from written_keys(value, f"{path}{key}.")
    if isinstance(data, list):
        for value in data:
            yield from written_keys(value, path)


def uncommented(text: str, group: str) -> str:
    """The example as a person makes it: the `# ` gone in front of every line of the block below the list's key.

    The entry of a list within a group is one line: what follows it may be the next key's comment.
    """
    key = group.rpartition(".")[2]
    found = re.search(rf"(?m)^ *{key}:\n((?: *#.*\n)+?)(?=\n|\Z|(?:  #[^\n]*\n)*  \w)", text)
    assert found is not None, f"{group} shows no entry"
    return text[: found.start(1)] + re.sub("(?m)^( *)# ", r"\1", found[1]) + text[found.end() :]


def entries(data: Any, group: str) -> Any:
    """What stands under a dotted key."""
    for name in group.split("."):
        data = data[name] if isinstance(data, dict) else getattr(data, name)
    return data


@pytest.mark.parametrize("key", list(keys_of(Settings)))
def test_every_key_of_the_form_stands_in_the_example(key: str) -> None:
    text = EXAMPLE.read_text()
    if key in set(written_keys(yaml.safe_load(text))):
        return
    group, _, name = key.rpartition(".")  # entries of lists that are empty in the example stand there as a comment
    (entry,) = entries(yaml.safe_load(uncommented(text, group)), group)
    assert name in entry


def test_the_example_loads_as_it_is(tmp_path: Path) -> None:
    copy = tmp_path / "config.yaml"
    copy.write_bytes(EXAMPLE.read_bytes())
    assert load_settings(copy).environment == "demo"
    assert load_settings(EXAMPLE).users[0].id == "kari"


@pytest.mark.parametrize("group", ["authorities", "forward.national_id_decisions", "mailboxes", "terms"])
def test_the_entries_that_the_example_shows_as_comments_load(tmp_path: Path, group: str) -> None:
    (tmp_path / "config.yaml").write_text(uncommented(EXAMPLE.read_text(), group))
    assert len(entries(load_settings(tmp_path / "config.yaml"), group)) == 1


@pytest.mark.parametrize("group", ["authorities", "mailboxes", "terms"])
def test_a_list_whose_entries_are_comments_is_empty_however_it_is_written(tmp_path: Path, group: str) -> None:
    text = EXAMPLE.read_text()
    for written in (f"{group}:", f"{group}: null", f"{group}: []"):
        (tmp_path / "config.yaml").write_text(text.replace(f"\n{group}:\n", f"\n{written}\n"))
        assert getattr(load_settings(tmp_path / "config.yaml"), group) == ()


def test_two_entries_are_two_and_taking_the_hash_alone_away_is_enough(tmp_path: Path) -> None:
    found = re.search(r"(?m)^mailboxes:\n((?:#.*\n)+)", EXAMPLE.read_text())
    assert found is not None
    entry = re.sub("(?m)^#", "", found[1])
    second = entry.replace("id: avtaler", "id: andre").replace("folder: INBOX", "folder: Andre")
    text = EXAMPLE.read_text().replace(found[0], f"mailboxes:\n{entry}{second}")
    (tmp_path / "config.yaml").write_text(text)
    assert [mailbox.id for mailbox in load_settings(tmp_path / "config.yaml").mailboxes] == ["avtaler", "andre"]


def test_the_mailbox_that_the_example_shows_has_the_defaults_that_it_tells(tmp_path: Path) -> None:
    full = yaml.safe_load(uncommented(EXAMPLE.read_text(), "mailboxes"))
    required = {"id", "vendor", "address", "host", "username", "password_file"}
    short = full | {"mailboxes": [{key: full["mailboxes"][0][key] for key in required}]}
    for name, data in {"full": full, "short": short}.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(data))
    assert load_settings(tmp_path / "short.yaml") == load_settings(tmp_path / "full.yaml")


def test_the_example_is_what_init_writes() -> None:
    assert EXAMPLE.read_text() == render_configuration(os_user="kari", user_name="Kari Nordmann")


def test_every_key_of_the_example_that_may_be_left_out_has_the_default_that_it_shows(tmp_path: Path) -> None:
    """Leaving a key out means what the example shows, the demo's own mail server aside."""
    full = yaml.safe_load(EXAMPLE.read_text())
    required = {"environment", "vendors", "smtp", "forward", "users"}
    (tmp_path / "full.yaml").write_text(yaml.safe_dump(full))
    (tmp_path / "short.yaml").write_text(yaml.safe_dump({key: full[key] for key in required}))
    assert load_settings(tmp_path / "short.yaml") == load_settings(tmp_path / "full.yaml")
