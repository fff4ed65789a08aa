"""What the service does itself, beyond what its routes show."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from records_service.clients.users import UsersClient
from records_service.records import service
from records_service.records.conditional import Conditions
from records_service.records.delivery import Asked, plan
from records_service.records.repository import StoredFile
from records_service.records.service import RecordsService
from service_kit.database import Database

FILE = StoredFile(uuid4(), "a.wav", 3, hashlib.sha256(b"mp3").digest(), 1024, datetime.now(UTC))


class SlowDatabase:
    """Each reading ends when it is told to."""

    def __init__(self) -> None:
        self.readings: list[asyncio.Event] = []

    async def read(self, _work: Callable[..., object]) -> object:
        self.readings.append(asyncio.Event())
        await self.readings[-1].wait()
        return plan(FILE, Asked(Conditions(), None, with_body=True)), b"mp3"


class TestSharedReading:
    def test_that_ends_after_a_later_one_leaves_nothing_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service, "SHARED_SECONDS", -1)
        complaints: list[dict[str, Any]] = []

        async def scenario() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
            database = SlowDatabase()
            records = RecordsService(cast(Database, database), cast(UsersClient, None))
            ids: tuple[UUID, UUID] = (FILE.id, uuid4())
            asked = Asked(Conditions(), None, with_body=True)
            first = asyncio.ensure_future(records.open_delivery(*ids, asked))
            await asyncio.sleep(0.01)
            later = asyncio.ensure_future(records.open_delivery(*ids, asked))
            await asyncio.sleep(0.01)
            for reading, delivery in zip(reversed(database.readings), (later, first), strict=True):
                reading.set()
                assert (await delivery).first_window == b"mp3"
            await asyncio.sleep(0.01)
            assert not records._opening

        asyncio.run(scenario())

        assert complaints == []
