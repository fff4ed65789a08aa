"""Idempotency-Key: the same key by the same user makes one recording, however often it is sent.

An upload claims its key before its audio is converted and holds it by a lease, so that a process that dies frees the
key soon. The key is completed in the transaction that stores the recording.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError

from records_service.errors import IdempotencyKeyInvalid
from records_service.uploads import repository
from records_service.uploads.repository import Claim, CompletedKey
from service_kit.database import Database
from service_kit.problems import Problem

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
HEARTBEAT_SECONDS = 10.0
RELEASE_SECONDS = 1.0  # longer than the database takes; while it is away, the refusal is not held up for it

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class KeyCompleted(Exception):
    """The key has made a recording already."""

    def __init__(self, completed: CompletedKey) -> None:
        super().__init__()
        self.completed = completed


def parse_key(headers: list[str]) -> str | None:
    """The key in a request's Idempotency-Key headers, None without any; raises IdempotencyKeyInvalid."""
    if not headers:
        return None
    if len(headers) > 1 or not _KEY.fullmatch(headers[0]):
        raise IdempotencyKeyInvalid
    return headers[0]


class Keys:
    """The keys of all users. `lifetime` is how long a key is remembered."""

    def __init__(self, database: Database, *, lifetime: timedelta) -> None:
        self._database = database
        self._lifetime = lifetime

    @asynccontextmanager
    async def claimed(self, user_id: UUID, key: str) -> AsyncIterator[Claim]:
        """Hold the key; on leaving it is free again unless a recording was stored under the claim.

        Raises KeyCompleted, or IdempotencyKeyInUse while another upload holds it.
        """
        claim = Claim(uuid4(), user_id, key)
        await self._database.run(partial(repository.delete_expired_keys, lifetime=self._lifetime))
        completed = await self._claim(claim)
        if completed is not None:
            raise KeyCompleted(completed)
        heartbeat = asyncio.create_task(self._renew(claim))
        stored = False
        try:
            yield claim
            stored = True
        finally:
            heartbeat.cancel()
            if not stored:
                await asyncio.wait({asyncio.create_task(self._release(claim))}, timeout=RELEASE_SECONDS)

    async def _claim(self, claim: Claim) -> CompletedKey | None:
        """Take the key, as `repository.claim_key` does. One who is cancelled leaves it free."""
        claiming = asyncio.create_task(
            self._database.run(partial(repository.claim_key, claim=claim, lease=LEASE, lifetime=self._lifetime))
        )
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # The thread goes on and takes the key for nobody.
            await asyncio.wait({asyncio.create_task(self._undo(claiming, claim))}, timeout=RELEASE_SECONDS)
            raise

    async def _undo(self, claiming: asyncio.Task[CompletedKey | None], claim: Claim) -> None:
        await asyncio.gather(claiming, return_exceptions=True)
        await self._release(claim)

    async def _renew(self, claim: Claim) -> None:
        """Runs until cancelled. A claim that is lost all the same is noticed when it is to be completed."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._database.run(partial(repository.renew_claim, claim=claim, lease=LEASE))
            except (Problem, SQLAlchemyError) as error:
                log.warning("idempotency_key.not_renewed", reason=str(error))

    async def _release(self, claim: Claim) -> None:
        try:
            await self._database.run(partial(repository.release_claim, claim=claim))
        except (Problem, SQLAlchemyError) as error:
            log.warning("idempotency_key.not_released", reason=str(error))
