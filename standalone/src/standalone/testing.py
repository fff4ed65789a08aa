"""A pytest plugin: a real PostgreSQL, once per session, as the services find it in production, and a real HTTP server.

Tests of every service share the PostgreSQL, each in its own schema; a test that stops it makes one of its own with
`open_postgres`.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from fastapi import FastAPI
from psycopg2 import sql

from service_kit.server import build_server
from service_kit.settings import ServiceSettings
from standalone.postgres import SUPERUSER, Postgres

ROOT = Path(__file__).parents[3]
DATABASE = "recordings"
LOGINS = ("users_migrate", "users_service", "records_migrate", "records_service")


class TestPostgres:
    """A running server with the database `recordings` after `db/init.sql`; not migrated."""

    __test__ = False

    def __init__(self, server: Postgres) -> None:
        self.server = server
        self.passwords = {login: secrets.token_hex(16) for login in LOGINS}
        self._run_in("postgres", f"CREATE DATABASE {DATABASE}")
        self.initialise()

    @property
    def admin_url(self) -> str:
        """The superuser's URL of the database, for psycopg2."""
        return self._admin_url_of(DATABASE)

    def url(self, login: str) -> str:
        """The URL of one of `LOGINS`, as the services' settings take it."""
        url = self.server.url(login, self.passwords[login], DATABASE)
        return url.replace("postgresql://", "postgresql+psycopg2://", 1)

    def initialise(self) -> None:
        """Run `db/init.sql` with this server's passwords."""
        settings = [
            sql.SQL("SET init.{} = {}").format(sql.Identifier(f"{login}_password"), sql.Literal(password))
            for login, password in self.passwords.items()
        ]
        self._run_in(DATABASE, *settings, (ROOT / "db" / "init.sql").read_text())

    def alembic(self, service: str, *arguments: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run alembic in the folder of `users-service` or `records-service` as its migrator; the caller judges it.

        `url` goes in place of the migrator's own.
        """
        part = service.removesuffix("-service")
        url = self.url(f"{part}_migrate") if url is None else url
        return subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=ROOT / service,
            env={**os.environ, f"{part.upper()}_MIGRATION_DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )

    def migrate(self, service: str) -> None:
        """Bring the service's schema up to date; raises with alembic's output when that fails."""
        done = self.alembic(service, "upgrade", "head")
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def _admin_url_of(self, database: str) -> str:
        return self.server.url(SUPERUSER, self.server.password, database)

    def _run_in(self, database: str, *statements: str | sql.Composed) -> None:
        with closing(psycopg2.connect(self._admin_url_of(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)


def variables_in_containers(service: str) -> set[str]:
    """Names of the variables that docker-compose.yml hands to a service, those that all services get included."""
    text = (ROOT / "docker-compose.yml").read_text()
    handed = re.search(rf"^  {service}:\n(?:    .*\n)*?    environment:\n((?:      .*\n)*)", text, re.MULTILINE)
    shared = re.search(r"^x-service-environment: .*\n((?:  .*\n)*)", text, re.MULTILINE)
    assert handed
    assert shared
    return set(re.findall(r"^ +([A-Z][A-Z_]+):", handed[1] + shared[1], re.MULTILINE))


def variables_for_operators() -> set[str]:
    """Names of the variables in .env.example."""
    return set(re.findall(r"^([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def open_postgres() -> Iterator[TestPostgres]:
    """A server of one's own in a temporary folder, for tests that stop it."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    folder.chmod(0o755)  # as root the server runs under another account, which must reach its data
    server = Postgres(folder / "data", free_port())
    try:
        server.start()
        yield TestPostgres(server)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serve_in_thread(app: FastAPI) -> Iterator[str]:
    """Serve a service's app as in production, but in a thread; yields its base URL."""
    settings = ServiceSettings.model_validate({"listen_port": free_port(), "drain_seconds": 0})
    server = build_server(app, settings)
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{settings.listen_port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestPostgres]:
    """The session's server; stays up, so a test must not stop it."""
    with open_postgres() as running:
        yield running
