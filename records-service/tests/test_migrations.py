"""The migrations and the tables of db.py agree."""

from standalone.testing import TestPostgres


class TestMigrations:
    def test_models_and_migrations_agree(self, database: TestPostgres) -> None:
        checked = database.alembic("records-service", "check")
        assert checked.returncode == 0, checked.stdout + checked.stderr

    def test_they_can_run_again(self, database: TestPostgres) -> None:
        database.migrate("records-service")
