"""Liveness touches nothing; readiness asks each dependency, within a second, and ends with SIGTERM."""

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from service_kit.health import Checks

MakeApp = Callable[..., FastAPI]
Serve = Callable[[FastAPI], httpx.Client]


async def passes() -> None:
    pass


async def fails() -> None:
    raise ConnectionError("refused by 10.0.0.7")


async def hangs() -> None:
    await asyncio.sleep(3600)


class TestReadiness:
    def test_it_is_200_when_every_dependency_serves(self, make_app: MakeApp, serve: Serve) -> None:
        answer = serve(make_app(checks={"database": passes, "users": passes})).get("/readyz")

        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "checks": {"database": "ok", "users": "ok"}}

    def test_it_is_503_and_names_what_is_missing_but_not_why(self, make_app: MakeApp, serve: Serve) -> None:
        answer = serve(make_app(checks={"database": passes, "users": fails})).get("/readyz")

        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.json()["code"] == "not_ready"
        assert answer.json()["checks"] == {"database": "ok", "users": "failed"}
        assert "10.0.0.7" not in answer.text

    def test_checks_that_hang_cost_one_second_together_every_time(self, make_app: MakeApp, serve: Serve) -> None:
        client = serve(make_app(checks={"a": hangs, "b": hangs, "c": passes}))

        for _ in range(2):
            started = time.monotonic()
            answer = client.get("/readyz")
            assert 0.9 < time.monotonic() - started < 1.5
            assert answer.json()["checks"] == {"a": "timeout", "b": "timeout", "c": "ok"}

    def test_a_check_that_hangs_is_not_started_again_and_again(self) -> None:
        started = 0

        async def count_and_hang() -> None:
            nonlocal started
            started += 1
            await hangs()

        async def ask_twice() -> None:
            checks = Checks({"database": count_and_hang})
            assert await checks.report() == await checks.report() == {"database": "timeout"}

        asyncio.run(ask_twice())
        assert started == 1

    def test_two_askers_at_once_both_get_the_answer(self) -> None:
        async def slow() -> None:
            await asyncio.sleep(0.1)

        async def ask() -> None:
            checks = Checks({"slow": slow, "broken": fails})
            reports = await asyncio.gather(*(checks.report() for _ in range(10)))
            assert reports == [{"slow": "ok", "broken": "failed"}] * 10

        asyncio.run(ask())

    def test_a_check_that_gets_well_is_ok_again(self, make_app: MakeApp, serve: Serve) -> None:
        broken = True

        async def sometimes() -> None:
            if broken:
                raise ConnectionError

        client = serve(make_app(checks={"database": sometimes}))
        assert client.get("/readyz").status_code == 503
        broken = False
        assert client.get("/readyz").status_code == 200

    def test_while_draining_it_is_503_and_connections_close(self, make_app: MakeApp, serve: Serve) -> None:
        app = make_app(checks={"database": passes})
        client = serve(app)
        assert "Connection" not in client.get("/readyz").headers
        app.state.lifecycle.draining = True
        answer = client.get("/readyz")

        assert answer.status_code == 503
        assert answer.json()["checks"] == {"lifecycle": "draining"}
        assert answer.headers["Connection"] == "close"
        assert client.get("/livez").status_code == 200


class TestHead:
    @pytest.mark.parametrize("path", ["/livez", "/readyz"])
    @pytest.mark.parametrize("check", [passes, fails])
    def test_it_is_get_without_a_body(
        self, make_app: MakeApp, serve: Serve, path: str, check: Callable[[], None]
    ) -> None:
        client = serve(make_app(checks={"database": check}))
        got, probed = client.get(path), client.head(path)

        assert probed.status_code == got.status_code
        assert probed.headers["Content-Type"] == got.headers["Content-Type"]
        assert probed.content == b""


class TestLiveness:
    @pytest.mark.parametrize("check", [fails, hangs])
    def test_it_asks_no_dependency(self, make_app: MakeApp, serve: Serve, check: Callable[[], None]) -> None:
        client = serve(make_app(checks={"database": check}))
        started = time.monotonic()

        assert client.get("/livez").json() == {"status": "ok"}
        assert time.monotonic() - started < 0.5
