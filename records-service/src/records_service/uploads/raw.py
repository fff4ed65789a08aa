"""A WAV that is the whole body, its credentials in the query and the Authorization header."""

from collections.abc import AsyncIterator
from uuid import UUID

from records_service.uploads.body import Body


class RawUpload:
    """`user` and `token` are known from the start."""

    def __init__(self, body: Body, *, user: UUID, token: UUID, name: str) -> None:
        self.user: UUID | None = user
        self.token: UUID | None = token
        self.name = name
        self._body = body

    async def open(self) -> None:
        """Nothing precedes the audio."""

    def audio(self) -> AsyncIterator[bytes]:
        """The body."""
        return self._body.blocks()
