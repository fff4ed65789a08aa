"""Prepares the database that the services find: the database itself, roles and schemas, migrations."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from standalone.log_files import telling_line
from standalone.postgres import SUPERUSER, Postgres
from standalone.process import StartFailure, start_process, stop_process
from standalone.supervisor import Stopping

DATABASE = "recordings"
LOGINS = ("users_service", "users_migrate", "records_service", "records_migrate")
MIGRATION_STOP_SECONDS = 5.0


def create_database(postgres: Postgres, init_sql: Path, passwords: Mapping[str, str]) -> None:
    """Make the database if there is none and run db/init.sql in it, which brings roles and passwords up to date."""
    with closing(psycopg2.connect(postgres.admin_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    with closing(psycopg2.connect(postgres.url(SUPERUSER, postgres.password, DATABASE))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for login, password in passwords.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (f"init.{login}_password", password))
            cursor.execute(init_sql.read_text())


def service_url(postgres: Postgres, login: str, password: str) -> str:
    """The URL under which a service or its migrations connect, as SQLAlchemy takes it."""
    return postgres.url(login, password, DATABASE).replace("postgresql://", "postgresql+psycopg2://", 1)


@dataclass(frozen=True)
class Migration:
    """What brings one service's schema up to date: `alembic` in its folder, with the migrator's URL in a variable."""

    folder: Path
    variable: str
    url: str
    log: Path


def migrate(migrations: Sequence[Migration], stopping: Stopping) -> None:
    """Run `alembic upgrade head` for all at a time; raises StartFailure with the last line of one that failed."""
    processes = [_start(migration) for migration in migrations]
    while any(process.poll() is None for process in processes):
        if stopping.wait(0.02):
            for process in processes:
                stop_process(process, signal.SIGTERM, MIGRATION_STOP_SECONDS)
    for migration, process in zip(migrations, processes, strict=True):
        if process.returncode != 0 and not stopping.asked:
            raise StartFailure(f"The migrations of {migration.folder.name} failed: {telling_line(migration.log)}")


def _start(migration: Migration) -> subprocess.Popen[bytes]:
    with migration.log.open("ab") as output:
        return start_process(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            on_parent_death=signal.SIGKILL,
            output=output.fileno(),
            environment={**os.environ, migration.variable: migration.url},
            directory=migration.folder,
        )
