"""What a fixture may want to know of its test."""

import pytest

FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Note on a test whether it failed, before its fixtures end."""
    report = yield
    item.stash[FAILED] = report.failed or item.stash.get(FAILED, False)
    return report
