"""Chunks go in and come out byte for byte."""

import os
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import sqlalchemy as sa

from records_service.records.chunks import CHUNK_BYTES, copy_in, copy_out
from standalone.testing import TestPostgres


@pytest.fixture
def connection(database: TestPostgres) -> Iterator[sa.Connection]:
    """A transaction of the serving role, rolled back in the end."""
    engine = sa.create_engine(database.url("records_service"))
    with engine.connect() as connection:
        connection.begin()
        yield connection
    engine.dispose()


class TestCopy:
    def test_chunks_come_back_as_they_were(self, connection: sa.Connection) -> None:
        record_id = uuid4()
        chunks = [os.urandom(CHUNK_BYTES), os.urandom(CHUNK_BYTES), os.urandom(1)]
        copy_in(connection, record_id, 0, chunks[:2])
        copy_in(connection, record_id, 2, chunks[2:])
        assert [bytes(c) for c in copy_out(connection, record_id, 0, 2)] == chunks
        assert [bytes(c) for c in copy_out(connection, record_id, 1, 1)] == chunks[1:2]

    def test_of_a_record_that_is_gone_there_is_nothing(self, connection: sa.Connection) -> None:
        assert copy_out(connection, uuid4(), 0, 15) == []

    def test_chunks_without_a_record_cannot_be_committed(
        self, connection: sa.Connection, query: Callable[..., list[tuple[int]]]
    ) -> None:
        record_id = uuid4()
        copy_in(connection, record_id, 0, [b"mp3"])
        with pytest.raises(sa.exc.IntegrityError):
            connection.commit()
        assert query("SELECT count(*) FROM records.record_chunk WHERE record_id = %s", str(record_id)) == [(0,)]
