"""What all crash tests share: an installation to copy, and a real mailbox server with a mailbox for every round."""

from collections.abc import Iterator

import pytest

from tests.crash.post import Post
from tests.intake.imap_servers import Dovecot, dovecot
from tests.onboarding.installation import Template, make_template

MAX_STEPS = 200
"""More than any way has."""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template") / "avtale")


@pytest.fixture(scope="session")
def server() -> Iterator[Dovecot]:
    names = [f"{way}-{step}" for way in ("mail", "copy") for step in range(MAX_STEPS)]
    with dovecot(*(f"{name}@example.org" for name in names)) as running:
        yield running


@pytest.fixture(scope="session")
def post(server: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> Post:
    return Post.of(server, tmp_path_factory.mktemp("post"))
