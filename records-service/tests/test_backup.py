"""Back-up and restore with PostgreSQL's own tools: a dump, a new server, and every recording as it was."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from records_service.db import record as record_table
from records_service.records.chunks import copy_out
from records_service.records.model import Record
from records_service.records.repository import delete_record
from standalone.testing import TestPostgres, open_postgres

CHUNK = 64 * 1024
SIZES = (1, CHUNK - 1, CHUNK, CHUNK + 1, 40_000, 3 * 1024 * 1024 + 7)


def run(postgres: TestPostgres, tool: str, *arguments: str | Path) -> None:
    subprocess.run([postgres.server.bin / tool, *arguments], check=True)


def facts_and_hashes(engine: sa.Engine) -> dict[object, tuple[object, ...]]:
    """Each row, and the SHA-256 that its chunks have now."""
    found: dict[object, tuple[object, ...]] = {}
    with engine.begin() as connection:
        for row in connection.execute(sa.select(record_table)):
            computed = hashlib.sha256()
            for chunk in copy_out(connection, row.id, 0, row.size_bytes // row.chunk_size):
                computed.update(chunk)
            found[row.id] = (*row, computed.digest())
    return found


class TestADumpRestoredIntoANewServer:
    def test_has_every_recording_and_serves(
        self, database: TestPostgres, engine: sa.Engine, store: Callable[..., tuple[Record, bytes]], tmp_path: Path
    ) -> None:
        with engine.begin() as connection:
            connection.execute(sa.delete(record_table))  # what other tests left only takes time
        stored = [store(size)[0] for size in SIZES]
        before = facts_and_hashes(engine)
        dump = tmp_path / "recordings.dump"
        run(database, "pg_dump", "-Fc", "-f", dump, database.admin_url)
        with open_postgres() as other:
            run(other, "pg_restore", "--clean", "--if-exists", "--exit-on-error", "-d", other.admin_url, dump)
            restored = sa.create_engine(other.url("records_service"))
            after = facts_and_hashes(restored)
            with restored.begin() as connection:
                assert delete_record(connection, record_id=stored[0].id, user_id=stored[0].user_id)
            restored.dispose()
            other.initialise()
            checked = other.alembic("records-service", "check")
        assert after == before
        assert all(after[record.id][-1] == record.sha256 for record in stored)
        assert checked.returncode == 0, checked.stdout + checked.stderr
