"""Downloads that are slow, broken off by the client, or cut short because the record goes away."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from records_service.main import create_app
from records_service.records.model import Record
from records_service.settings import RecordsSettings
from standalone.testing import TestPostgres

SIZE = 24 * 1024 * 1024  # more than the kernel buffers of a connection hold


Store = Callable[..., tuple[Record, bytes]]
ServeApp = Callable[..., AbstractContextManager[str]]
Query = Callable[..., list[tuple[Any, ...]]]


def link(record: Record) -> str:
    """The path and query of a record's link."""
    return f"/record?id={record.id}&user={record.user_id}"


@contextmanager
def slow_download(base_url: str, record: Record) -> Iterator[socket.socket]:
    """A request whose answer nobody reads yet, on a connection that buffers little."""
    address = urlsplit(base_url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        connection.settimeout(20)
        connection.connect((address.hostname, address.port))
        connection.sendall(f"GET {link(record)} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        yield connection


def read_to_the_end(connection: socket.socket) -> tuple[bytes, int]:
    """The answer's head and how many bytes of body followed it before the connection ended."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1 << 16)
    head, _, body = received.partition(b"\r\n\r\n")
    size = len(body)
    while size < SIZE and (block := connection.recv(1 << 20)):
        size += len(block)
    return head, size


class TestADeletedRecord:
    def test_breaks_a_download_instead_of_ending_it_as_if_whole(
        self, client: httpx.Client, store: Store, users: Any
    ) -> None:
        user, token = users.add()
        record, _ = store(SIZE, user_id=user)
        with slow_download(str(client.base_url), record) as connection:
            time.sleep(0.3)
            answer = client.delete(link(record), headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 204
            head, size = read_to_the_end(connection)
        assert head.startswith(b"HTTP/1.1 200 ")
        assert f"content-length: {SIZE}".encode() in head.lower()
        assert 0 < size < SIZE

    def test_lets_a_download_end_that_had_all_its_windows(self, client: httpx.Client, store: Store) -> None:
        record, content = store(100_000)
        with client.stream("GET", link(record)) as answer:
            assert answer.read() == content


class TestALockedTable:
    @pytest.mark.parametrize("table", ["record", "record_chunk"])
    def test_is_said_instead_of_the_download(
        self, serve_records: Callable[..., str], store: Store, database: TestPostgres, query: Query, table: str
    ) -> None:
        record, _ = store(1000)
        impatient = f"{database.url('records_service')}?options=-c%20lock_timeout%3D200ms"
        with httpx.Client(base_url=serve_records(records_database_url=impatient), trust_env=False) as client:
            query("BEGIN")
            query(f"LOCK records.{table} IN ACCESS EXCLUSIVE MODE")
            try:
                answer = client.get(link(record))
            finally:
                query("ROLLBACK")
            assert (answer.status_code, answer.json()["code"]) == (503, "database_busy")
            assert answer.headers["Retry-After"] == "1"
            assert client.get(link(record)).status_code == 200


class TestSlowDownloads:
    def test_leave_connections_for_everyone_else(self, client: httpx.Client, store: Store) -> None:
        """Twelve against a pool of five."""
        large, _ = store(SIZE)
        small, content = store(1000)
        with ExitStack() as stack:
            slow = [stack.enter_context(slow_download(str(client.base_url), large)) for _ in range(12)]
            time.sleep(1)
            started = time.perf_counter()
            assert client.get(link(small)).content == content
            assert time.perf_counter() - started < 0.5
            assert [read_to_the_end(connection)[1] for connection in slow] == [SIZE] * 12


class TestAClientThatGoesAway:
    def test_ends_the_reading(
        self,
        make_settings: Callable[..., RecordsSettings],
        serve_app: ServeApp,
        store: Store,
    ) -> None:
        record, _ = store(SIZE)
        windows = threading.Semaphore(0)
        app = create_app(make_settings())

        def count(_connection: sa.Connection) -> None:
            windows.release()

        sa.event.listen(app.state.database.engine, "begin", count)
        with serve_app(app) as url:
            with slow_download(url, record) as connection:
                connection.recv(1000)
            time.sleep(0.5)
            read = 0
            while windows.acquire(blocking=False):
                read += 1
            time.sleep(0.5)
            assert not windows.acquire(blocking=False)
        assert 1 <= read < SIZE // (1 << 20)
