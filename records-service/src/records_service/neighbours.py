"""`/internal/health`: whether everything that an upload needs is there. The gateway shows it as `/health`."""

from collections.abc import Mapping

from fastapi import APIRouter

from service_kit.health import PROBING, Check, Checks
from service_kit.problems import NotReady, documented
from service_kit.strict_query import StrictQueryRoute


def neighbours_router(checks: Mapping[str, Check]) -> APIRouter:
    """One route that runs `checks` side by side. Readiness is another matter: without a neighbour, links still play."""
    router = APIRouter(route_class=StrictQueryRoute, include_in_schema=False)
    asked = Checks(checks)

    @router.api_route("/internal/health", methods=PROBING, responses=documented(NotReady))
    async def health() -> dict[str, object]:
        report = await asked.report()
        missing = [name for name, state in report.items() if state != "ok"]
        if missing:
            raise NotReady(f"Not available: {', '.join(missing)}", checks=report)
        return {"status": "ok", "checks": report}

    return router
