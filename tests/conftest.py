"""What every test runs under."""

import os
from collections.abc import Generator

import hypothesis
import pytest

import outbox.compose

# A gate fails for what a change did, not for what chance or a busy machine brought: the same examples every time, and
# no clock; half of the usual number, so that it stays within its twenty minutes. `make fuzz-long` looks for new ones.
hypothesis.settings.register_profile("gate", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("search" if os.environ.get("AVTALE_SEARCH") else "gate")

# Message-IDs come from a secret of the process, and the jitter of back-off from them.
vars(outbox.compose)["_SECRET"] = b"the tests' own"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that was not run proves nothing: a skip is a failure, unless the marker `may_skip` gives its reason."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and not _may_skip(item):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which counts as failed: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file of tests that skips itself while it is read counts as failed, too."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Skipped, which counts as failed: {report.longrepr}"
    return report


def _may_skip(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("may_skip")
    return marker is not None and bool(marker.kwargs.get("reason") or marker.args)
