"""The gateway under test: the one at GATEWAY_URL, else a standalone system that is started for the session."""

import os
from collections.abc import Iterator

import pytest

from acceptance.api import Account, Api, Stored
from acceptance.running_system import RunningSystem, open_system
from acceptance.waves import music, wav

GATEWAY_URL = os.environ.get("GATEWAY_URL", "").rstrip("/")

MARKERS = {
    "standalone": "needs the processes or the database of a standalone system",
    "containers": "needs the containers, started by docker compose from this folder",
    "browser": "needs Chromium and its driver",
    "players": "needs the commands lame, mpg123, mp3val and ffprobe",
}


def pytest_configure(config: pytest.Config) -> None:
    """Without `-m`, leave out what this run has no parts for; CI names each group."""
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    if not config.option.markexpr:
        config.option.markexpr = "not containers and not browser and not players" + (
            " and not standalone" if GATEWAY_URL else ""
        )


@pytest.fixture(scope="session")
def system() -> Iterator[RunningSystem]:
    """A standalone system, whatever GATEWAY_URL says."""
    with open_system() as running:
        yield running


@pytest.fixture(scope="session")
def gateway(request: pytest.FixtureRequest) -> str:
    """The base URL of the gateway, without a slash at the end."""
    if GATEWAY_URL:
        return GATEWAY_URL
    started: RunningSystem = request.getfixturevalue("system")
    return started.base_url


@pytest.fixture(scope="session")
def api(gateway: str) -> Iterator[Api]:
    """The public API."""
    with Api(gateway) as client:
        yield client


@pytest.fixture
def account(api: Api) -> Account:
    """A user of the test's own."""
    return api.new_account()


@pytest.fixture(scope="session")
def clip() -> bytes:
    """Two seconds of mono sound as a WAV."""
    return wav(music(2, sample_rate_hz=16000, channels=1), 16000)


@pytest.fixture
def stored(api: Api, account: Account, clip: bytes) -> Stored:
    """A record of the test's own."""
    return api.store(account, clip)
