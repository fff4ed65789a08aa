"""A database that is busy or away is a 503, never a 500, and no restart is needed when it is back."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing

import httpx
import psycopg2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr

from service_kit import database as kit
from service_kit.app import build_app, new_router
from service_kit.database import Database, install_database_problem_handlers
from standalone.testing import TestPostgres, open_postgres

Serve = Callable[[FastAPI], httpx.Client]


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[TestPostgres]:
    """A server that these tests may stop."""
    with open_postgres() as running:
        yield running


def make_app(url: str, pool_size: int = 2) -> FastAPI:
    """An app that runs what it is asked to in the database."""
    database = Database(SecretStr(url), pool_size=pool_size, application_name="sample")
    router = new_router()

    @router.get("/run")
    async def run(sql: str) -> str:
        return await database.run(lambda connection: str(connection.execute(sa.text(sql)).scalar()))

    @router.get("/run-bare")
    async def run_bare(sql: str) -> None:
        def work(connection: sa.Connection) -> None:
            with closing(connection.connection.cursor()) as cursor:
                cursor.execute(sql)

        await database.run(work)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    app = build_app(
        title="Sample", description="", routers=[router], checks={"database": database.check}, lifespan=lifespan
    )
    install_database_problem_handlers(app)
    return app


def run(client: httpx.Client, sql: str, path: str = "/run") -> httpx.Response:
    return client.get(path, params={"sql": sql})


through_both = pytest.mark.parametrize("path", ["/run", "/run-bare"], ids=["SQLAlchemy", "a bare cursor"])


class TestADatabaseThatGoesAwayAndComesBack:
    def test_the_service_says_so_and_recovers_without_a_restart(self, own_postgres: TestPostgres, serve: Serve) -> None:
        client = serve(make_app(own_postgres.url("users_service")))
        assert client.get("/readyz").status_code == 200
        own_postgres.server.stop()
        down = run(client, "SELECT 1")
        started = time.monotonic()
        unready = client.get("/readyz")

        assert (down.status_code, down.json()["code"]) == (503, "database_unavailable")
        assert down.headers["Retry-After"] == "2"
        assert (unready.status_code, unready.json()["checks"]) == (503, {"database": "failed"})
        assert time.monotonic() - started < 2
        assert client.get("/livez").status_code == 200

        own_postgres.server.start()
        assert client.get("/readyz").status_code == 200
        assert run(client, "SELECT 1").json() == "1"

    def test_connections_that_broke_are_replaced_unnoticed(self, own_postgres: TestPostgres, serve: Serve) -> None:
        client = serve(make_app(own_postgres.url("users_service")))
        assert run(client, "SELECT 1").status_code == 200
        own_postgres.server.stop()
        own_postgres.server.start()

        assert run(client, "SELECT 1").status_code == 200

    def test_one_that_was_never_there_is_503_too(self, serve: Serve) -> None:
        client = serve(make_app("postgresql+psycopg2://nobody:secret@127.0.0.1:1/recordings"))
        answer = run(client, "SELECT 1")

        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert "secret" not in answer.text


class TestABusyDatabase:
    @through_both
    def test_a_statement_that_takes_too_long(self, postgres: TestPostgres, serve: Serve, path: str) -> None:
        client = serve(make_app(postgres.url("users_service")))
        answer = run(client, "SET LOCAL statement_timeout = 50; SELECT pg_sleep(9)", path)

        assert (answer.status_code, answer.json()["code"]) == (503, "database_busy")
        assert answer.headers["Retry-After"] == "1"

    @through_both
    def test_a_lock_that_is_held_too_long(self, postgres: TestPostgres, serve: Serve, path: str) -> None:
        client = serve(make_app(postgres.url("users_service")))
        holder = psycopg2.connect(postgres.admin_url)
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(4711)")
            answer = run(client, "SET LOCAL lock_timeout = 50; SELECT pg_advisory_lock(4711)", path)
        holder.close()

        assert (answer.status_code, answer.json()["code"]) == (503, "database_busy")

    def test_more_requests_than_connections_wait_their_turn(self, postgres: TestPostgres, serve: Serve) -> None:
        client = serve(make_app(postgres.url("users_service")))
        with ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda _: run(client, "SELECT pg_sleep(0.05)"), range(20)))

        assert {answer.status_code for answer in answers} == {200}

    def test_waiting_for_a_connection_has_an_end(
        self, postgres: TestPostgres, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kit, "WAIT_SECONDS", 0.3)
        client = serve(make_app(postgres.url("users_service"), pool_size=1))
        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(run, client, "SELECT pg_sleep(1)")
            time.sleep(0.3)
            second = run(client, "SELECT 1")

            assert (second.status_code, second.json()["code"]) == (503, "database_busy")
            assert first.result().status_code == 200


class TestAFullDatabase:
    @through_both
    @pytest.mark.parametrize("state", ["53000", "53100", "53200", "53300", "53400"])
    def test_it_asks_to_come_back(self, postgres: TestPostgres, serve: Serve, path: str, state: str) -> None:
        client = serve(make_app(postgres.url("users_service")))
        answer = run(client, f"DO $$ BEGIN RAISE 'no room on /var' USING ERRCODE = '{state}'; END $$", path)

        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.json()["detail"] == "The database has run out of resources"
        assert answer.headers["Retry-After"] == "2"
        assert "/var" not in answer.text


class TestAMistake:
    @through_both
    def test_wrong_sql_is_a_500_that_tells_nothing(self, postgres: TestPostgres, serve: Serve, path: str) -> None:
        answer = run(serve(make_app(postgres.url("users_service"))), "SELECT secret FROM nowhere", path)

        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
        assert "nowhere" not in answer.text


class TestATransaction:
    def test_it_is_undone_when_the_work_raises(self, postgres: TestPostgres) -> None:
        def work(connection: sa.Connection) -> None:
            connection.execute(sa.text("SELECT set_config('sample.touched', 'yes', false)"))
            raise LookupError

        async def check() -> str | None:
            database = Database(SecretStr(postgres.url("users_service")), pool_size=1, application_name="sample")
            with pytest.raises(LookupError):
                await database.run(work)
            found = await database.run(
                lambda c: c.execute(sa.text("SELECT current_setting('sample.touched', true)")).scalar()
            )
            database.close()
            return found

        assert asyncio.run(check()) != "yes"

    def test_a_caller_that_is_cancelled_does_not_free_the_connection_too_early(self, postgres: TestPostgres) -> None:
        async def check() -> str:
            database = Database(SecretStr(postgres.url("users_service")), pool_size=1, application_name="sample")
            slow = asyncio.create_task(database.run(lambda c: c.execute(sa.text("SELECT pg_sleep(0.5)")).close()))
            await asyncio.sleep(0.1)
            slow.cancel()
            answer = await database.run(lambda c: str(c.execute(sa.text("SELECT 1")).scalar()))
            database.close()
            return answer

        assert asyncio.run(check()) == "1"
