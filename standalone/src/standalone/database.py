"""Prepares the database that the services find: the database itself, roles and schemas, migrations."""

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import closing
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


def migrate(folder: Path, variable: str, url: str, log: Path, stopping: Stopping) -> None:
    """Run `alembic upgrade head` in a service's folder; raises StartFailure with the last line that it wrote."""
    with log.open("ab") as output:
        process = start_process(
            [sys.executable, "-m", "alembic", "upgrade", "head"],
            on_parent_death=signal.SIGKILL,
            output=output.fileno(),
            environment={**os.environ, variable: url},
            directory=folder,
        )
    while process.poll() is None:
        if stopping.wait(0.02):
            stop_process(process, signal.SIGTERM, MIGRATION_STOP_SECONDS)
    if process.returncode != 0 and not stopping.asked:
        raise StartFailure(f"The migrations of {folder.name} failed: {telling_line(log)}")
