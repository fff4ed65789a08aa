"""Blocks on their way from the event loop to a thread, a few at a time."""

import asyncio
import queue
from collections.abc import AsyncIterator, Iterator

# The thread holds a database connection while it waits, so a peer that stands still may not keep it for long.
SILENCE_SECONDS = 10.0
BLOCKS_IN_FLIGHT = 2


class FeederLeft(Exception):
    """No more blocks come although the end was not reached."""


class BlockPipe:
    """Fed by one coroutine and read by one thread. Made on the event loop that feeds it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(BLOCKS_IN_FLIGHT)
        self._blocks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._aborted = False

    async def feed(self, first: bytes, rest: AsyncIterator[bytes]) -> None:
        """Pass all blocks on, waiting while the thread is behind, then the end."""
        self._blocks.put(first)
        async for block in rest:
            await self._room.acquire()
            self._blocks.put(block)
        self._blocks.put(None)

    def abort(self) -> None:
        """Make the reader raise FeederLeft at its next block; of no effect when it has reached the end."""
        self._aborted = True
        self._blocks.put(None)

    def __iter__(self) -> Iterator[bytes]:
        """The blocks, in the thread; raises FeederLeft or, after `SILENCE_SECONDS` without any, TimeoutError."""
        while True:
            try:
                block = self._blocks.get(timeout=SILENCE_SECONDS)
            except queue.Empty:
                raise TimeoutError(f"no block for {SILENCE_SECONDS:g} seconds") from None
            if self._aborted:
                raise FeederLeft
            if block is None:
                return
            yield block
            self._loop.call_soon_threadsafe(self._room.release)


async def gather_blocks(parts: AsyncIterator[bytes], block_bytes: int) -> AsyncIterator[bytes]:
    """Parts of any size as blocks of `block_bytes`, only the last one shorter, none empty."""
    gathered = bytearray()
    async for part in parts:
        gathered += part
        while len(gathered) >= block_bytes:
            yield bytes(memoryview(gathered)[:block_bytes])
            del gathered[:block_bytes]
    if gathered:
        yield bytes(gathered)
