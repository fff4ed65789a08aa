"""The rules of an upload: who may, what is asked in which order, and that a recording is stored whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID, uuid4

import structlog

from records_service.clients.transcoder import Conversion, TranscoderClient
from records_service.clients.users import UsersClient
from records_service.errors import (
    FileEmpty,
    IdempotencyKeyReused,
    RecordNotFound,
    RecordsBusy,
    TranscoderTimeout,
)
from records_service.records.chunks import CHUNK_BYTES, WINDOW_CHUNKS
from records_service.records.model import Record
from records_service.records.repository import find_record
from records_service.uploads import repository
from records_service.uploads.digest import StreamHash
from records_service.uploads.idempotency import KeyCompleted, Keys
from records_service.uploads.pipe import BlockPipe, gather_blocks
from records_service.uploads.repository import Claim, Draft
from service_kit.database import Database

log = structlog.get_logger()


class Upload(Protocol):
    """A WAV that arrives with its credentials, which may follow behind the audio."""

    user: UUID | None
    token: UUID | None
    name: str

    async def open(self) -> None:
        """Read up to the audio."""

    def audio(self) -> AsyncIterator[bytes]:
        """The audio; when it has ended, `user` and `token` are known."""


@dataclass(frozen=True)
class Stored:
    """A stored recording; `replayed` when an earlier upload with the same key had made it."""

    record: Record
    replayed: bool


class UploadService:
    """Stores uploads, at most `max_uploads` at a time."""

    def __init__(
        self, database: Database, users: UsersClient, transcoder: TranscoderClient, keys: Keys, *, max_uploads: int
    ) -> None:
        self._database = database
        self._users = users
        self._transcoder = transcoder
        self._keys = keys
        self._places = max_uploads

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of the places for uploads; raises RecordsBusy if there is none free."""
        if self._places == 0:
            raise RecordsBusy
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1

    async def store(self, upload: Upload, *, key: str | None) -> Stored:
        """Convert and store the upload, or find what its key has made before.

        Raises what is wrong with the upload, with its owner's token, or with a neighbour.
        """
        await upload.open()
        async with AsyncExitStack() as held:
            admission = _Admission(upload, key, self._users, self._keys, held)
            try:
                if upload.user is not None and upload.token is not None:
                    await admission.admit()
                async with self._transcoder.open_conversion(admission.wav) as conversion:
                    record = await self._write(admission, conversion)
            except KeyCompleted as found:
                return await self._replay(admission, found)
            log.info(
                "record.stored",
                record_id=str(record.id),
                user_id=str(record.user_id),
                wav_bytes=record.wav_bytes,
                mp3_bytes=record.size_bytes,
            )
            return Stored(record, replayed=False)

    async def _write(self, admission: "_Admission", conversion: Conversion) -> Record:
        """Row, chunks and key in one transaction.

        It takes its connection when the first window of the MP3 is here. The transcoder has the rest ready, so the
        connection waits for a neighbour's disk, not for a client; if it waits too long all the same, it gives up.
        """
        assert admission.owner_id is not None
        draft = Draft(uuid4(), admission.owner_id, admission.upload.name, admission.wav_bytes, conversion.facts)
        blocks = gather_blocks(conversion.stream_mp3(), CHUNK_BYTES * WINDOW_CHUNKS)
        first = await anext(blocks)
        pipe = BlockPipe()
        write = partial(
            repository.store_record, draft=draft, mp3=pipe, claim=admission.claim, wav_sha256=admission.wav_sha256()
        )
        feeding = asyncio.create_task(pipe.feed(first, blocks))
        writing = asyncio.create_task(self._database.run(write))
        try:
            await asyncio.wait({feeding, writing}, return_when=asyncio.FIRST_EXCEPTION)
            if feeding.done():
                feeding.result()
            return await writing
        except TimeoutError as error:
            raise TranscoderTimeout(log_detail=str(error)) from None
        finally:
            pipe.abort()
            feeding.cancel()
            # When it is left behind, the thread undoes its transaction at the next block; nobody asks how that ended.
            writing.add_done_callback(lambda ended: ended.cancelled() or ended.exception())

    async def _replay(self, admission: "_Admission", found: KeyCompleted) -> Stored:
        assert admission.owner_id is not None
        record = await self._database.run(
            partial(find_record, record_id=found.completed.record_id, user_id=admission.owner_id)
        )
        if record is None:
            raise RecordNotFound("The recording that this Idempotency-Key made has been deleted")
        async for _ in admission.wav:
            pass
        if admission.wav_sha256() != found.completed.wav_sha256:
            raise IdempotencyKeyReused
        return Stored(record, replayed=True)


class _Admission:
    """Who sends an upload and under which claim; known before its audio passes if the order of the fields allows it."""

    def __init__(self, upload: Upload, key: str | None, users: UsersClient, keys: Keys, held: AsyncExitStack) -> None:
        self.upload = upload
        self.owner_id: UUID | None = None
        self.claim: Claim | None = None
        self.wav_bytes = 0
        self.wav = self._stream_wav()
        self._hash = StreamHash() if key is not None else None
        self._key = key
        self._users = users
        self._keys = keys
        self._held = held

    async def admit(self) -> None:
        """Ask whose token it is and claim the key. Raises Unauthorized, IdempotencyKeyInUse or KeyCompleted."""
        assert self.upload.token is not None
        self.owner_id = await self._users.owner_of(self.upload.token, claimed=self.upload.user)
        if self._key is not None:
            self.claim = await self._held.enter_async_context(self._keys.claimed(self.owner_id, self._key))

    def wav_sha256(self) -> bytes | None:
        """Of the WAV as far as it has passed; None for an upload without a key, which needs none."""
        return None if self._hash is None else self._hash.digest()

    async def _stream_wav(self) -> AsyncIterator[bytes]:
        """The WAV; its end comes only when the upload is admitted, so that no conversion ends for a stranger."""
        async for block in self.upload.audio():
            self.wav_bytes += len(block)
            if self._hash is not None:
                await self._hash.update(block)
            yield block
        if self.wav_bytes == 0:
            raise FileEmpty
        if self.owner_id is None:
            await self.admit()
