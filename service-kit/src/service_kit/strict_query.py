"""Refuses query arguments that a route does not declare, and any given twice.

A cache and a framework that pick different ones of two `id=` arguments can serve one client's recording to another.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query
from fastapi.routing import APIRoute

from service_kit.problems import QueryArgumentRepeated, QueryArgumentUnknown


class StrictQueryRoute(APIRoute):
    """Use as `APIRouter(route_class=StrictQueryRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()
        known = {f.alias for f in get_flat_params(self.dependant) if isinstance(f.field_info, Query)}

        async def handle_strictly(request: Request) -> Response:
            seen: set[str] = set()
            for name, _ in parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True):
                if name not in known:
                    raise QueryArgumentUnknown(f"Known here: {', '.join(sorted(known)) or 'none'}")
                if name in seen:
                    raise QueryArgumentRepeated(f"{name} was given more than once")
                seen.add(name)
            return await handle(request)

        return handle_strictly
