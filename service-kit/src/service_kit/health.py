"""Liveness and readiness for orchestration.

`/livez` touches nothing. `/readyz` asks the service's own dependencies, each within `CHECK_SECONDS`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from fastapi import APIRouter

from service_kit.lifecycle import Lifecycle
from service_kit.problems import NotReady, documented
from service_kit.strict_query import StrictQueryRoute

log = structlog.get_logger()

CHECK_SECONDS = 1.0
PROBING = ["GET", "HEAD"]
"""Methods of a route that monitors ask; some only look at the status."""

Check = Callable[[], Awaitable[None]]
"""Returns when the dependency serves, raises when it does not."""


class Checks:
    """Runs named checks side by side; one that hangs is asked again only after it has ended."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = dict(checks)
        self._running: dict[str, asyncio.Task[None]] = {}

    async def report(self) -> dict[str, str]:
        """`{"database": "ok"}`; other values are "failed" and "timeout"."""
        states = await asyncio.gather(*map(self._state, self._checks))
        return dict(zip(self._checks, states, strict=True))

    async def _state(self, name: str) -> str:
        task = self._running.get(name)
        if task is None or task.done():
            task = self._running[name] = asyncio.ensure_future(self._checks[name]())
        done, _ = await asyncio.wait({task}, timeout=CHECK_SECONDS)
        if not done:
            return "timeout"
        error = task.exception()
        if self._running.get(name) is task:  # of several who asked at once the first takes it away
            del self._running[name]
        if error is not None:
            log.warning("check.failed", check=name, reason=str(error))
        return "failed" if error else "ok"


def health_router(checks: Mapping[str, Check], lifecycle: Lifecycle) -> APIRouter:
    """`/livez` and `/readyz`."""
    router = APIRouter(route_class=StrictQueryRoute, include_in_schema=False)
    asked = Checks(checks)

    @router.api_route("/livez", methods=PROBING)
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @router.api_route("/readyz", methods=PROBING, responses=documented(NotReady))
    async def readyz() -> dict[str, object]:
        if lifecycle.draining:
            raise NotReady("The service is shutting down", checks={"lifecycle": "draining"})
        report = await asked.report()
        missing = [name for name, state in report.items() if state != "ok"]
        if missing:
            raise NotReady(f"Not available: {', '.join(missing)}", checks=report)
        return {"status": "ok", "checks": report}

    return router
