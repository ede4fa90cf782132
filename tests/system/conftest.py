"""Whole installations of real processes. Slow by nature; everything is ended and removed after each module."""

from collections.abc import Iterator

import pytest

from tests.conftest import ASSETS
from tests.support.installation import Installation

MODELS = ASSETS / "weights"


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """Redis and a data folder; the module starts the processes it needs. Uses the real model where the assets are."""
    environment = {"MODEL_DIR": str(MODELS)} if MODELS.is_dir() else {}
    created = Installation(CAMERA_FILE_ROOTS=str(ASSETS / "video"), **environment)
    try:
        created.manage("migrate", "--verbosity", "0")
        yield created
    finally:
        created.close()


@pytest.fixture(autouse=True)
def _print_logs(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the processes wrote, where a test failed."""
    yield
    report = getattr(request.node, "report", None)
    if report is not None and report.failed and "installation" in request.fixturenames:
        print(request.getfixturevalue("installation").logs())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    outcome = yield
    if call.when == "call":
        item.report = outcome.get_result()
