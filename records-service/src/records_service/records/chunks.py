"""MP3 bytes to and from `record_chunk` by binary COPY (PostgreSQL manual, COPY, "Binary Format").

Ordinary parameters travel as hex text and cost the server three to four times the CPU; nothing here uses them.
"""

import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from uuid import UUID

import sqlalchemy as sa

CHUNK_BYTES = 64 * 1024
"""Size of a new record's chunks. An old record keeps the size in its row."""

WINDOW_CHUNKS = 16
"""Chunks written or read at a time: 1 MiB."""

_HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
_TRAILER = b"\xff\xff"
_ROW = struct.Struct(">hi16siii")  # column count, then length and value of record_id and of seq, then length of data
_ROW_OUT_BYTES = 6  # column count, length of data


def copy_in(connection: sa.Connection, record_id: UUID, first_seq: int, chunks: Sequence[bytes]) -> None:
    """Write `chunks` under the numbers from `first_seq` on."""
    with closing(connection.connection.cursor()) as cursor:
        cursor.copy_expert(
            "COPY records.record_chunk (record_id, seq, data) FROM STDIN (FORMAT binary)",
            _Source(_rows(record_id, first_seq, chunks)),
        )


def copy_out(connection: sa.Connection, record_id: UUID, first_seq: int, last_seq: int) -> list[memoryview]:
    """The chunks with the numbers `first_seq` to `last_seq`, both included; fewer if the record has been deleted."""
    sink = _Sink()
    with closing(connection.connection.cursor()) as cursor:
        # COPY takes no parameters; a UUID and two integers print as nothing else.
        cursor.copy_expert(
            f"COPY (SELECT data FROM records.record_chunk WHERE record_id = '{UUID(int=record_id.int)}'"  # noqa: S608
            f" AND seq BETWEEN {first_seq:d} AND {last_seq:d} ORDER BY seq) TO STDOUT (FORMAT binary)",
            sink,
        )
    return sink.chunks


def _rows(record_id: UUID, first_seq: int, chunks: Sequence[bytes]) -> Iterator[bytes]:
    yield _HEADER
    for seq, chunk in enumerate(chunks, first_seq):
        yield _ROW.pack(3, 16, record_id.bytes, 4, seq, len(chunk))
        yield chunk
    yield _TRAILER


class _Source:
    """What psycopg2 reads from: ready-made blocks, of any length whatever it asks for, so that none is copied."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def read(self, _size: int = -1) -> bytes:
        return next(self._blocks, b"")


class _Sink:
    """What psycopg2 writes to: one message per row, the header in front of the first or alone."""

    def __init__(self) -> None:
        self.chunks: list[memoryview] = []
        self._header_seen = False

    def write(self, message: bytes) -> int:
        row = memoryview(message)
        if not self._header_seen:
            self._header_seen = True
            row = row[len(_HEADER) :]
        if len(row) > len(_TRAILER):
            self.chunks.append(row[_ROW_OUT_BYTES:])
        return len(message)
