"""The real service on a real PostgreSQL, once per session; tests make users of their own."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import psycopg2
import psycopg2.extensions
import pytest

from standalone.testing import TestPostgres, serve_in_thread
from users_service.main import create_app
from users_service.settings import UsersSettings


@pytest.fixture(scope="session")
def settings(postgres: TestPostgres) -> UsersSettings:
    postgres.migrate("users-service")
    return UsersSettings.model_validate({"users_database_url": postgres.url("users_service")})


@pytest.fixture(scope="session")
def base_url(settings: UsersSettings) -> Iterator[str]:
    with serve_in_thread(create_app(settings)) as url:
        yield url


@pytest.fixture(scope="session")
def client(base_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base_url, timeout=30) as client:
        yield client


@pytest.fixture
def admin(postgres: TestPostgres) -> Iterator[psycopg2.extensions.cursor]:
    """A superuser's cursor in the services' database, every statement its own transaction."""
    connection = psycopg2.connect(postgres.admin_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


@pytest.fixture
def user(client: httpx.Client) -> dict[str, str]:
    """A user just made, token included."""
    made: dict[str, str] = client.post("/user", json={"name": "Ada"}).json()
    return made


@pytest.fixture
def key() -> dict[str, str]:
    """Headers with a fresh Idempotency-Key."""
    return {"Idempotency-Key": str(uuid4())}
