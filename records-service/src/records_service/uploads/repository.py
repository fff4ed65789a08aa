"""Writes recordings, and the keys that make writing them safe to repeat."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from records_service.clients.transcoder import RecordingFacts
from records_service.db import idempotency_key, record
from records_service.errors import IdempotencyKeyInUse
from records_service.records.chunks import CHUNK_BYTES, copy_in
from records_service.records.model import Record

# So that one unlucky request does not clear up after a million others.
EXPIRED_AT_A_TIME = 100


@dataclass(frozen=True)
class Draft:
    """What is known of a recording before its MP3 has passed."""

    id: UUID
    user_id: UUID
    name: str
    wav_bytes: int
    facts: RecordingFacts


@dataclass(frozen=True)
class Claim:
    """The right to make the recording of a key. `id` fences it: one whose lease ran out completes nothing."""

    id: UUID
    user_id: UUID
    key: str


@dataclass(frozen=True)
class CompletedKey:
    """What a key has made."""

    record_id: UUID
    wav_sha256: bytes


def store_record(
    connection: sa.Connection, draft: Draft, mp3: Iterable[bytes], *, claim: Claim | None, wav_sha256: bytes | None
) -> Record:
    """Write chunks as their bytes come (blocks of whole chunks, but for the last), then the row, then the key.

    Raises IdempotencyKeyInUse when the claim has gone to another upload; the caller's transaction is then undone.
    """
    sha256 = hashlib.sha256()
    size_bytes = 0
    for block in mp3:
        sha256.update(block)
        chunks = [block[start : start + CHUNK_BYTES] for start in range(0, len(block), CHUNK_BYTES)]
        copy_in(connection, draft.id, size_bytes // CHUNK_BYTES, chunks)
        size_bytes += len(block)
    stored = Record(
        id=draft.id,
        user_id=draft.user_id,
        name=draft.name,
        wav_bytes=draft.wav_bytes,
        size_bytes=size_bytes,
        sha256=sha256.digest(),
        chunk_size=CHUNK_BYTES,
        created_at=datetime.now(UTC),
        **draft.facts.model_dump(),
    )
    connection.execute(sa.insert(record).values(asdict(stored)))
    if claim is not None:
        _complete(connection, claim, stored.id, wav_sha256)
    return stored


def claim_key(connection: sa.Connection, claim: Claim, *, lease: timedelta, lifetime: timedelta) -> CompletedKey | None:
    """Take the key, unless an upload under another claim still runs (IdempotencyKeyInUse) or it is completed."""
    statement = insert(idempotency_key).values(
        user_id=claim.user_id,
        key=claim.key,
        claim_id=claim.id,
        leased_until=sa.func.now() + lease,
        created_at=sa.func.now(),
    )
    lapsed = idempotency_key.c.record_id.is_(None) & (idempotency_key.c.leased_until < sa.func.now())
    expired = idempotency_key.c.created_at < sa.func.now() - lifetime
    fresh = {name: statement.excluded[name] for name in ("claim_id", "leased_until", "created_at")}
    taken = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "key"],
            set_={**fresh, "record_id": None, "wav_sha256": None},
            where=lapsed | expired,
        ).returning(idempotency_key.c.claim_id)
    ).one_or_none()
    if taken is not None:
        return None
    found = connection.execute(
        sa.select(idempotency_key.c.record_id, idempotency_key.c.wav_sha256).where(
            idempotency_key.c.user_id == claim.user_id, idempotency_key.c.key == claim.key
        )
    ).one_or_none()
    if found is None or found.record_id is None:
        raise IdempotencyKeyInUse
    return CompletedKey(found.record_id, found.wav_sha256)


def renew_claim(connection: sa.Connection, claim: Claim, *, lease: timedelta) -> bool:
    """Extend the lease; False if the claim has been lost."""
    renewed = connection.execute(
        sa.update(idempotency_key).where(_is_open(claim)).values(leased_until=sa.func.now() + lease)
    )
    return renewed.rowcount == 1


def release_claim(connection: sa.Connection, claim: Claim) -> None:
    """Free the key of an upload that has stored nothing."""
    connection.execute(sa.delete(idempotency_key).where(_is_open(claim)))


def delete_expired_keys(connection: sa.Connection, *, lifetime: timedelta) -> None:
    """Forget some keys that are older than `lifetime`, whoever they belong to."""
    expired = (
        sa.select(idempotency_key.c.user_id, idempotency_key.c.key)
        .where(idempotency_key.c.created_at < sa.func.now() - lifetime)
        .order_by(idempotency_key.c.created_at)
        .limit(EXPIRED_AT_A_TIME)
        .with_for_update(skip_locked=True)
    )
    connection.execute(
        sa.delete(idempotency_key).where(sa.tuple_(idempotency_key.c.user_id, idempotency_key.c.key).in_(expired))
    )


def _complete(connection: sa.Connection, claim: Claim, record_id: UUID, wav_sha256: bytes | None) -> None:
    completed = connection.execute(
        sa.update(idempotency_key).where(_is_open(claim)).values(record_id=record_id, wav_sha256=wav_sha256)
    )
    if completed.rowcount != 1:
        raise IdempotencyKeyInUse(log_detail="the lease ran out while the upload was running")


def _is_open(claim: Claim) -> sa.ColumnElement[bool]:
    return sa.and_(
        idempotency_key.c.user_id == claim.user_id,
        idempotency_key.c.key == claim.key,
        idempotency_key.c.claim_id == claim.id,
        idempotency_key.c.record_id.is_(None),
    )
