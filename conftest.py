"""What the tests of several services share."""

import pytest
import structlog

pytest_plugins = ["standalone.testing"]


@pytest.fixture(scope="session", autouse=True)
def logs() -> None:
    """One line each; structlog's own default prints the variables of every frame, for seconds."""
    structlog.configure([structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
