"""PostgreSQL through SQLAlchemy and psycopg2, off the event loop.

psycopg2 blocks, so work runs in threads, as many as the pool has connections. Waiting for one has a deadline.
"""

import asyncio
import select
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import psycopg2
import sqlalchemy as sa
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import SecretStr
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from service_kit.problems import DatabaseBusy, DatabaseUnavailable, Problem, problem_response

log = structlog.get_logger()

Result = TypeVar("Result")

WAIT_SECONDS = 5.0
# A ping before every use (`pool_pre_ping`) costs a fifth of a short request.
PING_AFTER_IDLE_SECONDS = 0.1
CONNECT_SECONDS = 3
LOCK_TIMEOUT_STATE = "55P03"
# Serialization failure, deadlock, a lock or a statement that took longer than the role's timeout: worth another try.
BUSY_STATES = frozenset({"40001", "40P01", LOCK_TIMEOUT_STATE, "57014"})
# Insufficient resources: no room on the disk, no memory, no connections left.
EXHAUSTED_CLASS = "53"


class Database:
    """An engine with a pool of `pool_size` connections and as many threads.

    Timeouts of statements are the role's (`ALTER ROLE ... SET statement_timeout`); sockets have TCP keep-alives, so
    that a peer that vanished is noticed.
    """

    def __init__(self, url: SecretStr, *, pool_size: int, application_name: str) -> None:
        self.engine = sa.create_engine(
            url.get_secret_value(),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=WAIT_SECONDS,
            pool_recycle=1800,
            hide_parameters=True,  # names and hashes would reach the log with a statement's error
            connect_args={
                "application_name": application_name,
                "connect_timeout": CONNECT_SECONDS,
                "keepalives_idle": 30,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 15000,
            },
        )
        _ping_idle_connections(self.engine)
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._slots = asyncio.Semaphore(pool_size)
        self._threads = ThreadPoolExecutor(pool_size, thread_name_prefix="database")

    async def run(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Run `work` in a thread, in one transaction that is committed when it returns.

        Raises DatabaseBusy when no connection comes free within `WAIT_SECONDS`. A caller that is cancelled leaves
        the work to finish; its thread and connection are counted as taken until it has.
        """
        return await self._in_thread(self.engine, work)

    async def read(self, work: Callable[[sa.Connection], Result]) -> Result:
        """The same for work that changes nothing: each statement stands alone, one round trip instead of three.

        At PostgreSQL's READ COMMITTED two statements of a transaction see no more of one state than this.
        """
        return await self._in_thread(self._autocommit, work)

    async def _in_thread(self, engine: sa.Engine, work: Callable[[sa.Connection], Result]) -> Result:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise DatabaseBusy from None
        loop = asyncio.get_running_loop()
        running = self._threads.submit(_run, engine, work)

        def free(_ended: Future[Result]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._slots.release)

        running.add_done_callback(free)
        return await asyncio.wrap_future(running)

    async def check(self) -> None:
        """Raises unless the database answers."""
        await self.read(lambda connection: connection.execute(sa.text("SELECT 1")).close())

    def close(self) -> None:
        """Wait for running work and close all connections."""
        self._threads.shutdown()
        self.engine.dispose()


def _run(engine: sa.Engine, work: Callable[[sa.Connection], Result]) -> Result:
    with engine.begin() as connection:
        return work(connection)


def is_lock_timeout(error: DBAPIError) -> bool:
    """Whether another transaction held a lock for longer than the role's lock_timeout."""
    return getattr(error.orig, "pgcode", None) == LOCK_TIMEOUT_STATE


def _ping_idle_connections(engine: sa.Engine) -> None:
    """Before a connection is used that has been idle or has something to say, see that it works, else replace it.

    All others that are as old are replaced with it. A server that stopped has closed its side, which makes the socket
    readable at once, however short the pause; one that vanished with its machine leaves nothing to read.
    """

    @sa.event.listens_for(engine, "checkin")
    def note_time(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def ping(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None:
            return
        if time.monotonic() - idle_since < PING_AFTER_IDLE_SECONDS and not _is_readable(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg2.Error as error:
            raise sa.exc.InvalidatePoolError(str(error)) from error


def _is_readable(connection: DBAPIConnection) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def database_problem(error: DBAPIError | psycopg2.Error) -> Problem:
    """The problem that a driver's error means to a client, through SQLAlchemy or from a bare cursor."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "pgcode", None) or ""
    if state in BUSY_STATES:
        return DatabaseBusy(log_detail=str(cause))
    if state.startswith(EXHAUSTED_CLASS):
        return DatabaseUnavailable("The database has run out of resources", log_detail=str(cause))
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if lost or isinstance(cause, psycopg2.OperationalError | psycopg2.InterfaceError):
        return DatabaseUnavailable(log_detail=str(cause))
    return Problem(log_detail=str(cause))


def install_database_problem_handlers(app: FastAPI) -> None:
    """Answer 503 when the database is away or busy, and say so in the OpenAPI document."""
    app.state.common_problems += [DatabaseUnavailable, DatabaseBusy]

    @app.exception_handler(sa.exc.TimeoutError)
    async def on_pool_timeout(_request: Request, error: sa.exc.TimeoutError) -> Response:
        return problem_response(DatabaseBusy(log_detail=str(error)))

    # COPY needs the driver's own cursor, whose errors SQLAlchemy does not wrap.
    @app.exception_handler(psycopg2.Error)
    @app.exception_handler(DBAPIError)
    async def on_database_error(_request: Request, error: DBAPIError | psycopg2.Error) -> Response:
        problem = database_problem(error)
        if problem.status == 500:
            raise error
        log.warning("problem.answered", code=problem.code, status=problem.status, reason=problem.log_detail)
        return problem_response(problem)
