"""A real nginx on the real template, with small apps that play the services at its HTTP border."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_process import GatewayProcess, find_nginx
from played_services import PlayedRecords, PlayedService, played_users


@pytest.fixture(scope="session")
def nginx_binary() -> Path:
    """The program that the standalone system runs."""
    return find_nginx()


@pytest.fixture(scope="session")
def users() -> Iterator[PlayedService]:
    """Plays users-service, and the transcoder's readyz."""
    with PlayedService(played_users()) as service:
        yield service


@pytest.fixture(scope="session")
def _records_for_all() -> Iterator[PlayedRecords]:
    with PlayedRecords() as service:
        yield service


@pytest.fixture
def records(_records_for_all: PlayedRecords) -> PlayedRecords:
    """Plays records-service; each test finds it without recordings and without memory of requests."""
    _records_for_all.reset()
    return _records_for_all


@pytest.fixture(scope="session")
def _gateway_for_all(
    nginx_binary: Path,
    users: PlayedService,
    _records_for_all: PlayedRecords,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("gateway")
    variables = {"USERS_UPSTREAM": users.address, "RECORDS_UPSTREAM": _records_for_all.address}
    with GatewayProcess(nginx_binary, folder, {**variables, "TRANSCODER_UPSTREAM": users.address}) as gateway:
        yield gateway


@pytest.fixture
def gateway(_gateway_for_all: GatewayProcess, records: PlayedRecords) -> GatewayProcess:
    """A gateway whose services all answer."""
    return _gateway_for_all
