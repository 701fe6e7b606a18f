"""Facts about the installation: written over, but never its environment."""

import pytest
import sqlalchemy as sa

from onboarding.store import Store
from onboarding.store.meta import list_meta, put_meta


def test_a_value_is_written_over_and_listed_by_prefix(store: Store) -> None:
    with store.begin() as connection:
        put_meta(connection, "source:inn", "ok")
        put_meta(connection, "source:inn", "away")
        put_meta(connection, "source_other", "x")
        assert list_meta(connection, "source:") == {"source:inn": "away"}


def test_the_environment_stays(store: Store) -> None:
    with pytest.raises(sa.exc.DBAPIError), store.begin() as connection:
        put_meta(connection, "environment", "production")
