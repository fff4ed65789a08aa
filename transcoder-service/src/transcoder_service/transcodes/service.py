"""Takes an upload in and gives an MP3 out: admission, limits, back-pressure, and cleaning up after those who leave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from starlette.requests import ClientDisconnect

from transcoder_service.encoding.conversion import Conversion, Mp3
from transcoder_service.encoding.engine import Engine
from transcoder_service.errors import TranscoderBusy, UploadTooLarge, UploadTooSlow

# One hand-over to a thread for so much, not one for each packet.
HAND_OVER_BYTES = 256 * 1024
# But each packet of the header: a refusal should come before the rest has been sent.
HEADER_BYTES = 64 * 1024
LARGE_BLOCK_BYTES = 32 * 1024

NextBlock = Callable[[], Awaitable[tuple[bytes, bool]]]
"""The next part of a body and whether more follows; raises ClientDisconnect. Asked after the end it waits for that."""


class Changed(asyncio.Event):
    """Set when the conversion has gone on. `reading` is the deadline under which the body is being read."""

    reading: asyncio.Timeout | None = None

    def stop_reading(self) -> None:
        """Let a client that pauses be refused now, not with its next block."""
        if self.reading is not None and self.reading.when() is not None:
            with suppress(RuntimeError):  # not waiting right now: the failure is looked at before it does again
                self.reading.reschedule(0)


class Transcoder:
    """At most `most_at_once` uploads in progress; each waits for room, so that memory is bounded for each."""

    def __init__(self, engine: Engine, *, most_at_once: int, max_upload_bytes: int, idle_seconds: float) -> None:
        self._engine = engine
        self._most_at_once = most_at_once
        self._max_upload_bytes = max_upload_bytes
        self._idle_seconds = idle_seconds
        self._in_progress = 0

    @asynccontextmanager
    async def converted(self, next_block: NextBlock, declared_bytes: int | None) -> AsyncIterator[Mp3]:
        """The MP3 of an upload, which is freed at the end of the block, as is the place among those in progress.

        Raises TranscoderBusy at once when there is no place, UploadTooLarge, UploadTooSlow, ClientDisconnect and
        whatever is wrong with the WAV.
        """
        if declared_bytes is not None and declared_bytes > self._max_upload_bytes:
            raise self._too_large()
        if self._in_progress >= self._most_at_once:
            raise TranscoderBusy
        self._in_progress += 1
        loop, changed = asyncio.get_running_loop(), Changed()
        conversion = Conversion(self._engine, lambda: _wake(loop, changed, conversion))
        try:
            await self._take_in(next_block, conversion, changed)
            mp3 = await self._finished(next_block, conversion, changed)
            yield mp3
        finally:
            conversion.abandon()
            if conversion.mp3 is not None:
                conversion.mp3.close()
            self._in_progress -= 1

    async def _take_in(self, next_block: NextBlock, conversion: Conversion, changed: Changed) -> None:
        gathered: list[bytes] = []
        gathered_bytes, received_bytes, more = 0, 0, True
        while more:
            try:
                async with asyncio.timeout(self._idle_seconds) as changed.reading:
                    block, more = await next_block()
            except TimeoutError:
                if conversion.failure is not None:
                    raise conversion.failure from None
                raise UploadTooSlow(f"Nothing arrived for {self._idle_seconds:g} seconds") from None
            within_header = received_bytes < HEADER_BYTES
            received_bytes += len(block)
            if received_bytes > self._max_upload_bytes:
                raise self._too_large()
            gathered.append(block)
            gathered_bytes += len(block)
            if not more or within_header or gathered_bytes >= HAND_OVER_BYTES:
                conversion.feed(_joined(gathered, gathered_bytes), last=not more)
                gathered, gathered_bytes = [], 0
            await _wait(changed, lambda: conversion.held_bytes <= self._engine.room_bytes, conversion)

    async def _finished(self, next_block: NextBlock, conversion: Conversion, changed: Changed) -> Mp3:
        leaving = asyncio.ensure_future(next_block())
        leaving.add_done_callback(lambda gone: gone.cancelled() or gone.exception())  # or the loop reports it
        leaving.add_done_callback(lambda _: changed.set())
        try:
            await _wait(changed, lambda: conversion.mp3 is not None or leaving.done(), conversion)
            if conversion.mp3 is None:
                raise ClientDisconnect
            return conversion.mp3
        finally:
            leaving.cancel()

    def _too_large(self) -> UploadTooLarge:
        return UploadTooLarge(f"{self._max_upload_bytes} bytes at most")


def _joined(blocks: list[bytes], total_bytes: int) -> list[bytes]:
    """Large blocks as they are, small ones as one: each is read, and later encoded, by itself."""
    return blocks if total_bytes >= len(blocks) * LARGE_BLOCK_BYTES else [b"".join(blocks)]


async def _wait(changed: Changed, ready: Callable[[], bool], conversion: Conversion) -> None:
    """Until `ready`; raises the conversion's failure."""
    while True:
        changed.clear()
        if conversion.failure is not None:
            raise conversion.failure
        if ready():
            return
        await changed.wait()


def _wake(loop: asyncio.AbstractEventLoop, changed: Changed, conversion: Conversion) -> None:
    def on_the_loop() -> None:
        changed.set()
        if conversion.failure is not None:
            changed.stop_reading()

    if not loop.is_closed():
        loop.call_soon_threadsafe(on_the_loop)
