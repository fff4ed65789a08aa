"""The rules of reading, listing and deleting recordings: who may, and what is there."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import sqlalchemy as sa

from records_service.clients.users import UsersClient
from records_service.errors import CursorInvalid, RecordNotFound
from records_service.records import repository
from records_service.records.cursor import Cursor, CursorMalformed
from records_service.records.delivery import Asked, Plan, RecordVanished, plan, read_window, stream_windows
from records_service.records.model import Record
from records_service.records.ranges import ByteRange
from service_kit.database import Database

# What was asked for longer ago is not waited for: it may be of a time before a deletion that is a second old.
SHARED_SECONDS = 0.5


@dataclass(frozen=True)
class Delivery:
    """A planned answer, the first window of its body (empty if it has none), and how to read those behind it.

    `asked_at` is the Unix time, in seconds, at which the database was asked: the record may be gone ever since.
    """

    plan: Plan
    asked_at: float
    first_window: bytes
    further_windows: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True)
class Page:
    """Records, newest first, and where the next page starts; None at the end."""

    records: list[Record]
    next_cursor: str | None


class RecordsService:
    """What can be done with stored recordings."""

    def __init__(self, database: Database, users: UsersClient) -> None:
        self._database = database
        self._users = users
        self._opening: dict[tuple[UUID, UUID, Asked], tuple[float, asyncio.Task[Delivery]]] = {}

    async def open_delivery(self, record_id: UUID, user_id: UUID, asked: Asked) -> Delivery:
        """Find the record and read its first window with one connection: all that a short recording takes.

        Equal requests at once share one reading, as those do that come when the gateway's copy of a hot recording has
        to be confirmed. Raises RecordNotFound, PreconditionFailed and RangeNotSatisfiable.
        """
        key, now = (record_id, user_id, asked), time.monotonic()
        since, opening = self._opening.get(key, (0.0, None))
        if opening is None or now - since > SHARED_SECONDS:
            opening = asyncio.create_task(self._open(*key))
            self._opening[key] = (now, opening)
            opening.add_done_callback(lambda ended: self._forget(key, ended))
        return await asyncio.shield(opening)

    async def _open(self, record_id: UUID, user_id: UUID, asked: Asked) -> Delivery:
        asked_at = time.time()
        planned, window = await self._database.read(
            partial(_plan_and_read, record_id=record_id, user_id=user_id, asked=asked)
        )
        rest = ByteRange(planned.body.start + len(window), planned.body.stop)
        return Delivery(planned, asked_at, window, partial(stream_windows, self._database, planned.file, rest))

    def _forget(self, key: tuple[UUID, UUID, Asked], ended: asyncio.Task[Delivery]) -> None:
        _, newest = self._opening.get(key, (0.0, None))
        if newest is ended:
            del self._opening[key]

    async def get(self, record_id: UUID, user_id: UUID) -> Record:
        """All that is known of a record; raises RecordNotFound."""
        record = await self._database.read(partial(repository.find_record, record_id=record_id, user_id=user_id))
        if record is None:
            raise RecordNotFound
        return record

    async def delete(self, record_id: UUID, user_id: UUID, token: UUID) -> None:
        """Delete a record and its chunks; raises Unauthorized, and RecordNotFound if it is not the token's owner's."""
        owner_id = await self._users.owner_of(token)
        if owner_id != user_id:
            raise RecordNotFound
        if not await self._database.run(partial(repository.delete_record, record_id=record_id, user_id=owner_id)):
            raise RecordNotFound

    async def list_page(self, token: UUID, *, cursor: str | None, limit: int) -> Page:
        """The token's owner's records behind `cursor`, at most `limit`; raises Unauthorized and CursorInvalid."""
        try:
            after = None if cursor is None else Cursor.decode(cursor)
        except CursorMalformed:
            raise CursorInvalid from None
        owner_id = await self._users.owner_of(token)
        found = await self._database.read(
            partial(repository.list_records, user_id=owner_id, after=after, limit=limit + 1)
        )
        page = list(found[:limit])
        more = len(found) > limit
        return Page(page, Cursor(page[-1].created_at, page[-1].id).encode() if more else None)


def _plan_and_read(connection: sa.Connection, *, record_id: UUID, user_id: UUID, asked: Asked) -> tuple[Plan, bytes]:
    file = repository.find_file(connection, record_id=record_id, user_id=user_id)
    if file is None:
        raise RecordNotFound
    planned = plan(file, asked)
    if planned.not_modified or not asked.with_body:
        return planned, b""
    try:
        return planned, read_window(connection, file, planned.body)
    except RecordVanished:
        raise RecordNotFound from None
