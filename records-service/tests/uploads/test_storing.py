"""How a recording gets into the database: by COPY, in one transaction, whole or not at all."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from records_service.settings import RecordsSettings
from standalone.testing import free_port

Rows = Callable[..., list[tuple[Any, ...]]]
COUNTS = (
    "SELECT (SELECT count(*) FROM records.record), (SELECT count(*) FROM records.record_chunk),"
    " (SELECT count(*) FROM records.idempotency_key)"
)


def upload(url: str, owner: tuple[Any, Any], wav: Any = b"RIFF" + bytes(1000), **headers: str) -> httpx.Response:
    user, token = owner
    return httpx.post(
        f"{url}/record",
        params={"user": str(user)},
        content=wav,
        headers={"Content-Type": "audio/wav", "Authorization": f"Bearer {token}", **headers},
        trust_env=False,
        timeout=30,
    )


class TestStatements:
    def test_no_chunk_is_written_by_insert(
        self, serve_records: Callable[..., str], users: Any, transcoder: Any, query: Rows
    ) -> None:
        transcoder.mp3_bytes = 3_000_000
        statements: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            statements.append(statement)

        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            answer = upload(serve_records(), users.add())
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        record_id = answer.json()["id"]
        assert any("INSERT INTO records.record " in statement for statement in statements)
        assert not any("record_chunk" in statement for statement in statements)
        chunks = "SELECT count(*), sum(length(data)) FROM records.record_chunk WHERE record_id = %s"
        assert query(chunks, record_id) == [(46, 3_000_000)]

    def test_row_chunks_and_key_are_of_one_transaction(
        self, serve_records: Callable[..., str], users: Any, transcoder: Any, query: Rows
    ) -> None:
        transcoder.mp3_bytes = 3_000_000
        record_id = upload(serve_records(), users.add(), **{"Idempotency-Key": "key-1"}).json()["id"]
        transactions = query(
            "SELECT xmin::text FROM records.record WHERE id = %s"
            " UNION SELECT xmin::text FROM records.record_chunk WHERE record_id = %s"
            " UNION SELECT xmin::text FROM records.idempotency_key WHERE record_id = %s",
            record_id,
            record_id,
            record_id,
        )
        assert len(transactions) == 1

    def test_chunks_are_kept_as_they_are(self, query: Rows, database: Any) -> None:
        table = "records.record_chunk"
        storage = "SELECT attstorage FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'data'"
        assert query(storage, table) == [("e",)]


class TestKill9:
    @pytest.fixture
    def service(self, make_settings: Callable[..., RecordsSettings], tmp_path: Path) -> Any:
        """Starts records-service as a process of its own; its URL and the process."""
        started: list[subprocess.Popen[bytes]] = []

        def start() -> tuple[str, subprocess.Popen[bytes]]:
            settings, port = make_settings(), free_port()
            environment = {
                **os.environ,
                "RECORDS_DATABASE_URL": settings.records_database_url.get_secret_value(),
                "USERS_URL": str(settings.users_url),
                "TRANSCODER_URL": str(settings.transcoder_url),
                "LISTEN_PORT": str(port),
            }
            with (tmp_path / "log").open("ab") as log:
                process = subprocess.Popen([sys.executable, "-m", "records_service.main"], env=environment, stdout=log)
            started.append(process)
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.05)
            return f"http://127.0.0.1:{port}", process

        yield start
        for process in started:
            process.kill()
            process.wait()

    @pytest.mark.parametrize("moment", ["in mid-upload", "while the MP3 is stored"])
    def test_leaves_nothing_and_the_upload_can_be_repeated(
        self, service: Any, users: Any, transcoder: Any, query: Rows, moment: str
    ) -> None:
        transcoder.mp3_bytes, transcoder.pauses = 5_000_000, moment == "while the MP3 is stored"
        before, owner = query(COUNTS), users.add()
        url, process = service()
        address = urlsplit(url)
        head = (
            f"POST /record?user={owner[0]} HTTP/1.1\r\nHost: here\r\nContent-Type: audio/wav\r\n"
            f"Authorization: Bearer {owner[1]}\r\nContent-Length: 1000000\r\n\r\n"
        )
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(head.encode() + bytes(1_000_000 if transcoder.pauses else 500_000))
            time.sleep(0.7)
            assert transcoder.begun == 1
            process.send_signal(signal.SIGKILL)
            process.wait()
        time.sleep(0.3)
        assert query(COUNTS) == before
        transcoder.restore()
        assert upload(service()[0], owner).status_code == 201
