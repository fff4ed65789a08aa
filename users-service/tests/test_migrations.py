"""Migrations, models and rights agree, and the init SQL may run again at any time."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import psycopg2.extensions
import pytest

from standalone.testing import ROOT, TestPostgres, open_postgres
from users_service.db import metadata
from users_service.settings import UsersSettings


def connect(postgres: TestPostgres, login: str) -> psycopg2.extensions.connection:
    return psycopg2.connect(postgres.url(login).replace("+psycopg2", ""))


def attempt(postgres: TestPostgres, login: str, statement: str) -> str:
    """ "ok", or the name of the error."""
    with closing(connect(postgres, login)) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except psycopg2.Error as error:
            return type(error).__name__
    return "ok"


class TestMigrations:
    def test_models_and_migrations_agree(self, postgres: TestPostgres, settings: UsersSettings) -> None:
        checked = postgres.alembic("users-service", "check")

        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "No new upgrade operations detected" in checked.stdout

    @pytest.mark.parametrize("url", ["", "pass-word", "postgresql://db:port/pass-word"])
    def test_a_url_that_is_none_is_named_in_one_line(self, postgres: TestPostgres, url: str) -> None:
        stopped = postgres.alembic("users-service", "upgrade", "head", url=url)

        assert stopped.returncode == 2
        (line,) = stopped.stderr.splitlines()
        assert line.startswith("USERS_MIGRATION_DATABASE_URL: ")
        assert "pass-word" not in line

    def test_constraints_have_the_models_names(
        self, admin: psycopg2.extensions.cursor, settings: UsersSettings
    ) -> None:
        admin.execute(
            "SELECT conname FROM pg_constraint WHERE connamespace = 'users'::regnamespace AND contype <> 'n'"
            " AND conrelid <> 'users.alembic_version'::regclass"
        )
        named = {constraint.name for table in metadata.tables.values() for constraint in table.constraints}

        assert {row[0] for row in admin.fetchall()} == {str(name) for name in named}

    def test_they_go_down_and_up_again_and_two_at_once_queue(self) -> None:
        with open_postgres() as own:
            for arguments in (["upgrade", "head"], ["downgrade", "base"], ["current"]):
                done = own.alembic("users-service", *arguments)
                assert done.returncode == 0, done.stdout + done.stderr
            with ThreadPoolExecutor(3) as threads:
                done_at_once = list(threads.map(lambda _: own.alembic("users-service", "upgrade", "head"), range(3)))

            assert [done.returncode for done in done_at_once] == [0, 0, 0]

    def test_they_can_be_written_out_as_sql(self, postgres: TestPostgres) -> None:
        done = postgres.alembic("users-service", "upgrade", "head", "--sql")

        assert done.returncode == 0, done.stderr
        assert "CREATE TABLE users.account" in done.stdout


class TestRights:
    @pytest.fixture(autouse=True)
    def _migrated(self, settings: UsersSettings) -> None:
        pass

    @pytest.mark.parametrize(
        ("login", "statement"),
        [
            ("users_service", "SELECT * FROM users.account LIMIT 1"),
            ("users_service", "SELECT * FROM account LIMIT 1"),
            ("users_service", "DELETE FROM account WHERE id = gen_random_uuid()"),
            ("users_service", "SELECT * FROM alembic_version"),
            ("users_migrate", "CREATE TABLE users.t (i int)"),
        ],
    )
    def test_what_a_role_needs_it_may(self, postgres: TestPostgres, login: str, statement: str) -> None:
        assert attempt(postgres, login, statement) == "ok"

    @pytest.mark.parametrize(
        ("login", "statement"),
        [
            ("users_service", "CREATE TABLE users.t (i int)"),
            ("users_service", "CREATE TABLE public.t (i int)"),
            ("users_service", "CREATE TEMPORARY TABLE t (i int)"),
            ("users_service", "CREATE SCHEMA s"),
            ("users_service", "DROP TABLE account"),
            ("users_service", "TRUNCATE account"),
            ("users_service", "UPDATE alembic_version SET version_num = ''"),
            ("users_service", "DELETE FROM alembic_version"),
            ("users_service", "SET ROLE users_owner"),
            ("records_service", "SELECT * FROM users.account"),
            ("records_migrate", "SELECT * FROM users.account"),
            ("records_migrate", "CREATE TABLE users.t (i int)"),
        ],
    )
    def test_what_it_does_not_need_it_may_not(self, postgres: TestPostgres, login: str, statement: str) -> None:
        assert attempt(postgres, login, statement) == "InsufficientPrivilege"

    def test_no_other_database_is_open_to_a_service(self, postgres: TestPostgres) -> None:
        for database in ("postgres", "template1"):
            url = postgres.url("users_service").replace("+psycopg2", "").replace("/recordings", f"/{database}")
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                psycopg2.connect(url)


class TestTheInitSql:
    def test_running_it_again_changes_nothing_but_the_passwords(self) -> None:
        with open_postgres() as own:
            own.migrate("users-service")
            own.passwords["users_service"] = "quote'and\\slash"
            own.initialise()
            own.initialise()
            with (
                closing(
                    psycopg2.connect(
                        host="127.0.0.1",
                        port=own.server.port,
                        dbname="recordings",
                        user="users_service",
                        password=own.passwords["users_service"],
                    )
                ) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("SELECT count(*) FROM account")

                assert cursor.fetchone() == (0,)

    def test_without_a_password_it_stops(self, admin: psycopg2.extensions.cursor) -> None:
        script = (ROOT / "db" / "init.sql").read_text()
        with pytest.raises(psycopg2.Error, match=r"init\.users_migrate_password"):
            admin.execute(script)
        admin.execute("SET init.users_migrate_password = ''")
        with pytest.raises(psycopg2.Error, match="users_migrate_password is empty"):
            admin.execute(script)
