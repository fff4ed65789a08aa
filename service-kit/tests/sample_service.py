"""A service built with the kit, run by tests as a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request

from service_kit.app import build_app, new_router
from service_kit.bearer import BearerToken
from service_kit.logs import configure_logs
from service_kit.problems import Unauthorized
from service_kit.server import serve
from service_kit.settings import ServiceSettings, load_settings

router = new_router()


@router.get("/slow")
async def slow(seconds: float) -> str:
    """Answers after a while."""
    await asyncio.sleep(seconds)
    return "done"


@router.get("/broken")
async def broken(q: str = "") -> None:
    """Fails in a way that nobody foresaw."""
    raise RuntimeError("boom")


@router.post("/mine")
async def mine(token: BearerToken, body: dict[str, str]) -> int:
    """Takes a token and a body."""
    return len(body)


@router.post("/refused")
async def refused() -> None:
    """Answers without reading a byte of the body."""
    raise Unauthorized


@router.post("/refused-later")
async def refused_later(request: Request) -> None:
    """Answers after the first block of the body."""
    async for _ in request.stream():
        raise Unauthorized


@router.post("/counted")
async def counted(request: Request) -> int:
    """Reads the whole body."""
    count = 0
    async for block in request.stream():
        count += len(block)
    return count


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Nothing to open or close."""
    yield


if __name__ == "__main__":
    settings = load_settings(ServiceSettings)
    configure_logs("sample", settings)
    app = build_app(title="Sample", description="A sample.", routers=[router], checks={}, lifespan=lifespan)
    serve(app, settings)
