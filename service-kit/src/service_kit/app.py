"""Builds a FastAPI app with everything that the services have in common."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

from fastapi import APIRouter, FastAPI

from service_kit.early_answer import EarlyAnswer
from service_kit.health import Check, health_router
from service_kit.json_body import StrictRoute
from service_kit.lifecycle import Lifecycle
from service_kit.openapi import install_openapi
from service_kit.problems import install_problem_handlers
from service_kit.request_scope import RequestScope

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def new_router() -> APIRouter:
    """A router whose routes refuse unknown and repeated query arguments, and JSON bodies that are large or not JSON."""
    return APIRouter(route_class=StrictRoute)


def build_app(
    *, title: str, description: str, routers: list[APIRouter], checks: Mapping[str, Check], lifespan: Lifespan
) -> FastAPI:
    """An app with problem details, request ids, health and an OpenAPI document at `/openapi.json`."""
    app = FastAPI(
        title=title,
        description=description,
        version="1.0.0",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        # Left on, it looks for a recipient at each request.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    lifecycle = Lifecycle()
    app.state.lifecycle = lifecycle
    app.state.common_problems = []
    install_openapi(app)
    served = [*routers, health_router(checks, lifecycle)]
    for router in served:
        app.include_router(router)
    install_problem_handlers(app, [route for router in served for route in router.routes])
    app.add_middleware(EarlyAnswer)
    app.add_middleware(RequestScope, lifecycle=lifecycle)
    return app
