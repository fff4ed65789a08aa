"""The migrations and the tables of db.py agree."""

import pytest

from standalone.testing import TestPostgres


class TestMigrations:
    def test_models_and_migrations_agree(self, database: TestPostgres) -> None:
        checked = database.alembic("records-service", "check")
        assert checked.returncode == 0, checked.stdout + checked.stderr

    @pytest.mark.parametrize("url", ["", "pass-word", "postgresql://db:port/pass-word"])
    def test_a_url_that_is_none_is_named_in_one_line(self, database: TestPostgres, url: str) -> None:
        stopped = database.alembic("records-service", "upgrade", "head", url=url)
        assert stopped.returncode == 2
        (line,) = stopped.stderr.splitlines()
        assert line.startswith("RECORDS_MIGRATION_DATABASE_URL: ")
        assert "pass-word" not in line

    def test_a_url_of_any_usual_form_is_taken(self, database: TestPostgres) -> None:
        url = database.url("records_migrate").replace("postgresql+psycopg2", "postgres")
        assert database.alembic("records-service", "check", url=url).returncode == 0

    def test_they_can_run_again(self, database: TestPostgres) -> None:
        database.migrate("records-service")
