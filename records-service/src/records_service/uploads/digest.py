"""SHA-256 of a stream, and the digest that a client says it has (RFC 9530, Content-Digest)."""

import asyncio
import base64
import binascii
import hashlib
import hmac
import re

from records_service.errors import ContentDigestMalformed, ContentDigestMismatch

# Below this a thread costs more than the hash: some 30 microseconds for either.
THREAD_BYTES = 64 * 1024

_MEMBER = re.compile(r"[ \t]*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):[ \t]*(?:;.*)?")


class StreamHash:
    """SHA-256 of blocks as they pass, computed off the event loop where that is worth it."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    async def update(self, block: bytes) -> None:
        """Take the next block."""
        if len(block) < THREAD_BYTES:
            self._sha256.update(block)
        else:
            await asyncio.to_thread(self._sha256.update, block)

    def digest(self) -> bytes:
        """32 bytes."""
        return self._sha256.digest()


class ExpectedDigest(StreamHash):
    """What the content must hash to."""

    def __init__(self, expected: bytes) -> None:
        super().__init__()
        self._expected = expected

    def verify(self) -> None:
        """Raises ContentDigestMismatch unless the stream was what its sender says."""
        if not hmac.compare_digest(self.digest(), self._expected):
            raise ContentDigestMismatch("The SHA-256 of the content differs: it was changed on its way")


def parse_content_digest(header: str | None) -> ExpectedDigest | None:
    """The sha-256 of a Content-Digest header, None if there is none; other algorithms are ignored.

    The field is a dictionary of byte sequences (RFC 8941, 3.2 and 3.3.5), of equal keys the last counts. Raises
    ContentDigestMalformed.
    """
    if header is None:
        return None
    given: dict[str, str] = {}
    for member in header.split(","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            raise ContentDigestMalformed("It looks like this: sha-256=:<base64 of 32 bytes>:")
        given[match[1]] = match[2]
    if "sha-256" not in given:
        return None
    try:
        expected = base64.b64decode(given["sha-256"], validate=True)
    except binascii.Error:
        expected = b""
    if len(expected) != hashlib.sha256().digest_size:
        raise ContentDigestMalformed("sha-256 must be the base64 of 32 bytes")
    return ExpectedDigest(expected)
