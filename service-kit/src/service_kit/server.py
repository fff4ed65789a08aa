"""Runs a service's app in this process until SIGTERM or SIGINT."""

import asyncio
import signal
import socket
import time
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from service_kit.http_protocol import ProblemProtocol
from service_kit.lifecycle import Lifecycle
from service_kit.settings import ServiceSettings

log = structlog.get_logger()

# Longer than the gateway keeps idle connections (30 s): the side that sends requests must be the one that closes.
KEEP_ALIVE_SECONDS = 75
POLL_SECONDS = 0.05


class DrainingServer(uvicorn.Server):
    """Leaves in two steps of `drain_seconds` each, so that proxies look elsewhere.

    From the first signal on it is not ready any more, but serves. Then it refuses new connections, serving on those
    that it has: a proxy that still knows its address is sent elsewhere at once, while at an address that is gone it
    would wait for its connect timeout. Docker's DNS tells of an address until the very end.
    """

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle, drain_seconds: float) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle
        self._drain_seconds = drain_seconds
        self._drained_at: float | None = None
        self._hurried = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """A second signal ends the drain; a further SIGINT ends requests in flight too."""
        if self._drained_at is None:
            self._lifecycle.draining = True
            self._drained_at = time.monotonic() + self._drain_seconds
        elif self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        else:
            self.should_exit = True
            self._hurried = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Called once, when the server is to exit."""
        for listener in self.servers:
            listener.close()
        refused_until = time.monotonic() + self._drain_seconds
        while not self._hurried and time.monotonic() < refused_until:  # noqa: ASYNC110 (set in a signal handler)
            await asyncio.sleep(POLL_SECONDS)
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second by the server's main loop."""
        if self._drained_at is not None and time.monotonic() >= self._drained_at:
            self.should_exit = True
        return await super().on_tick(counter)


def build_server(app: FastAPI, settings: ServiceSettings) -> DrainingServer:
    """The server as it runs in production; not started."""
    config = uvicorn.Config(
        app,
        host=settings.listen_host,
        port=settings.listen_port,
        loop="uvloop",  # the plain asyncio loop takes 44 ms per keep-alive request where uvloop takes 0.1
        http=ProblemProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_timeout_seconds,
    )
    return DrainingServer(config, app.state.lifecycle, settings.drain_seconds)


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Serve until told to stop; returns when requests in flight have ended or `shutdown_timeout_seconds` is over."""
    server = build_server(app, settings)
    log.info("service.starting", host=settings.listen_host, port=settings.listen_port)
    server.run()
    log.info("service.stopped")
    if not server.started:
        raise SystemExit(1)
