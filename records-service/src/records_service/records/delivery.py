"""What a download answers with, and its body in windows of chunks.

A window is read in a statement of its own, so that a slow client holds no connection while it takes its bytes.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

import sqlalchemy as sa

from records_service.errors import PreconditionFailed, RangeNotSatisfiable
from records_service.records.chunks import WINDOW_CHUNKS, copy_out
from records_service.records.conditional import Conditions, Outcome, Validators
from records_service.records.ranges import ByteRange, RangeUnsatisfiable, find_range
from records_service.records.repository import StoredFile
from service_kit.database import Database


class RecordVanished(Exception):
    """The record was deleted while it was being read."""


@dataclass(frozen=True)
class Asked:
    """What a download's headers ask for. `range_header` counts for GET alone (RFC 9110, 14.2)."""

    conditions: Conditions
    range_header: str | None
    with_body: bool


@dataclass(frozen=True)
class Plan:
    """How to answer: `part` is None for the whole. With `not_modified` neither is sent."""

    file: StoredFile
    validators: Validators
    not_modified: bool
    part: ByteRange | None

    @property
    def body(self) -> ByteRange:
        """The bytes that the answer is about."""
        return self.part or ByteRange(0, self.file.size_bytes)


def plan(file: StoredFile, asked: Asked) -> Plan:
    """Decide by the order of RFC 9110, 13.2.2; raises PreconditionFailed and RangeNotSatisfiable."""
    validators = Validators.of(file.sha256, file.created_at)
    outcome = asked.conditions.outcome(validators)
    if outcome is Outcome.FAILED:
        raise PreconditionFailed
    part = None
    if outcome is Outcome.PROCEED and asked.with_body and asked.conditions.range_applies(validators):
        try:
            part = find_range(asked.range_header, file.size_bytes)
        except RangeUnsatisfiable:
            raise RangeNotSatisfiable(size_bytes=file.size_bytes) from None
    return Plan(file, validators, outcome is Outcome.NOT_MODIFIED, part)


def read_window(connection: sa.Connection, file: StoredFile, wanted: ByteRange) -> bytes:
    """The first bytes of `wanted`: what of it lies in its first `WINDOW_CHUNKS` chunks. Raises RecordVanished."""
    first = wanted.start // file.chunk_size
    last = min((wanted.stop - 1) // file.chunk_size, first + WINDOW_CHUNKS - 1)
    chunks = copy_out(connection, file.id, first, last)
    offset = first * file.chunk_size
    stop = min(wanted.stop, (last + 1) * file.chunk_size)
    if sum(map(len, chunks)) < stop - offset:
        raise RecordVanished
    chunks[-1] = chunks[-1][: stop - last * file.chunk_size]
    chunks[0] = chunks[0][wanted.start - offset :]
    return b"".join(chunks)


async def stream_windows(database: Database, file: StoredFile, wanted: ByteRange) -> AsyncIterator[bytes]:
    """Yield `wanted` window by window; raises RecordVanished as soon as one is not whole."""
    position = wanted.start
    while position < wanted.stop:
        rest = ByteRange(position, wanted.stop)
        window = await database.read(partial(read_window, file=file, wanted=rest))
        yield window
        position += len(window)
