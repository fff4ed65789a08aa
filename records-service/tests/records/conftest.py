"""Stored recordings to read, list and delete; written straight into the tables, without an upload."""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa

from records_service.db import record as record_table
from records_service.records.chunks import CHUNK_BYTES, copy_in
from records_service.records.model import Record
from standalone.testing import TestPostgres

Store = Callable[..., tuple[Record, bytes]]


@pytest.fixture(scope="session")
def engine(database: TestPostgres) -> Iterator[sa.Engine]:
    """The database as the role that serves."""
    engine = sa.create_engine(database.url("records_service"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def store(engine: sa.Engine) -> Store:
    """Stores `size` random bytes as a recording; other keyword arguments override what its row says."""

    def store(size: int = 1000, **overrides: object) -> tuple[Record, bytes]:
        content = random.randbytes(size)
        stored = make_record(content, **overrides)
        with engine.begin() as connection:
            connection.execute(sa.insert(record_table).values(asdict(stored)))
            pieces = range(0, size, stored.chunk_size)
            copy_in(connection, stored.id, 0, [content[start : start + stored.chunk_size] for start in pieces])
        return stored, content

    return store


@pytest.fixture
def client(serve_records: Callable[..., str]) -> Iterator[httpx.Client]:
    """A client of a records-service with a pool of five connections."""
    with httpx.Client(base_url=serve_records(), trust_env=False, timeout=30) as client:
        yield client


def make_record(content: bytes, **overrides: object) -> Record:
    """A row for `content`: ten seconds of 16-bit mono at 16 kHz by a new user, stored now."""
    values: dict[str, object] = {
        "id": uuid4(),
        "user_id": uuid4(),
        "name": "recording.wav",
        "wav_bytes": 320_044,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).digest(),
        "chunk_size": CHUNK_BYTES,
        "sample_count": 160_000,
        "sample_rate_hz": 16_000,
        "channels": 1,
        "encoding": "pcm",
        "bits_per_sample": 16,
        "peak_dbfs": -1.5,
        "rms_dbfs": -20.25,
        "peaks": bytes([0x81, 0x7F, 0x00, 0x40]),
        "created_at": datetime.now(UTC),
    }
    return Record(**(values | overrides))  # type: ignore[arg-type]


def link(record: Record, *, record_id: UUID | None = None, user_id: UUID | None = None) -> str:
    """The path and query of a record's link, or of one with another id or user."""
    return f"/record?id={record_id or record.id}&user={user_id or record.user_id}"
