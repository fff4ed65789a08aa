"""A request's body as it arrives: counted, hashed where asked, given up when it stands still."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from records_service.errors import UploadTooLarge, UploadTooSlow
from records_service.uploads.digest import ExpectedDigest

Result = TypeVar("Result")


class Body:
    """Read once, by `blocks`."""

    def __init__(
        self, receive: Receive, *, max_bytes: int, idle_seconds: float, digest: ExpectedDigest | None = None
    ) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._digest = digest
        self._ended = asyncio.Event()
        self.size_bytes = 0

    async def blocks(self) -> AsyncIterator[bytes]:
        """Blocks as the server has them, none empty.

        Raises UploadTooLarge, UploadTooSlow, ContentDigestMismatch, or ClientDisconnect.
        """
        more = True
        while more:
            try:
                async with asyncio.timeout(self._idle_seconds):
                    message = await self._receive()
            except TimeoutError:
                raise UploadTooSlow(f"Nothing came for {self._idle_seconds:g} seconds") from None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            more = message.get("more_body", False)
            block: bytes = message.get("body", b"")
            if block:
                self.size_bytes += len(block)
                if self.size_bytes > self._max_bytes:
                    raise UploadTooLarge(f"At most {self._max_bytes} bytes are taken")
                if self._digest is not None:
                    await self._digest.update(block)
                yield block
        self._ended.set()
        if self._digest is not None:
            self._digest.verify()

    async def work_for_client(self, work: Coroutine[Any, Any, Result]) -> Result:
        """The result of `work`, which reads this body; cancelled when the client leaves after its last byte.

        Raises ClientDisconnect then. Before its last byte the one who reads is told.
        """
        working, leaving = asyncio.create_task(work), asyncio.create_task(self._until_client_leaves())
        try:
            await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ClientDisconnect
            return working.result()
        finally:
            working.cancel()
            leaving.cancel()
            await asyncio.wait({working, leaving})
            for ended in (working, leaving):
                if not ended.cancelled():
                    ended.exception()  # looked at, so that the loop does not report it

    async def _until_client_leaves(self) -> None:
        await self._ended.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
