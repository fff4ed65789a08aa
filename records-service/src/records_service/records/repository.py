"""Reads and deletes recordings. Every query names the owner: a record's id alone opens nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from records_service.db import record
from records_service.records.cursor import Cursor
from records_service.records.model import Record

_COLUMNS = [column.name for column in record.columns]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What a download needs to know of a record; `size_bytes` and `sha256` are the MP3's, `name` the WAV's."""

    id: UUID
    name: str
    size_bytes: int
    sha256: bytes
    chunk_size: int
    created_at: datetime


_FIND_FILE = sa.select(
    record.c.id, record.c.name, record.c.size_bytes, record.c.sha256, record.c.chunk_size, record.c.created_at
).where(record.c.id == sa.bindparam("record_id"), record.c.user_id == sa.bindparam("user_id"))

_FIND_RECORD = sa.select(*(record.c[name] for name in _COLUMNS)).where(
    record.c.id == sa.bindparam("record_id"), record.c.user_id == sa.bindparam("user_id")
)

# A hundred waveforms are 200 KB that no list shows.
_LIST = sa.select(
    *(sa.literal(b"").label("peaks") if name == "peaks" else record.c[name] for name in _COLUMNS)
).order_by(record.c.created_at.desc(), record.c.id.desc())


def find_file(connection: sa.Connection, *, record_id: UUID, user_id: UUID) -> StoredFile | None:
    """The record, if it exists and is this user's."""
    row = connection.execute(_FIND_FILE, {"record_id": record_id, "user_id": user_id}).one_or_none()
    return None if row is None else StoredFile(*row)


def find_record(connection: sa.Connection, *, record_id: UUID, user_id: UUID) -> Record | None:
    """The same with all that is known of it."""
    row = connection.execute(_FIND_RECORD, {"record_id": record_id, "user_id": user_id}).one_or_none()
    return None if row is None else Record(**row._mapping)


def list_records(connection: sa.Connection, *, user_id: UUID, after: Cursor | None, limit: int) -> Sequence[Record]:
    """The user's records behind `after`, newest first, at most `limit`; their `peaks` are left out."""
    query = _LIST.where(record.c.user_id == user_id).limit(limit)
    if after is not None:
        # A row comparison, not two conditions joined by OR: PostgreSQL seeks it in the index.
        position = sa.tuple_(record.c.created_at, record.c.id)
        query = query.where(position < sa.tuple_(sa.literal(after.created_at), sa.literal(after.record_id, sa.Uuid)))
    return [Record(**row._mapping) for row in connection.execute(query)]


def delete_record(connection: sa.Connection, *, record_id: UUID, user_id: UUID) -> bool:
    """Delete the record and, by its foreign key, its chunks; False if there is no such record of this user's."""
    query = sa.delete(record).where(record.c.id == record_id, record.c.user_id == user_id)
    return connection.execute(query).rowcount == 1
