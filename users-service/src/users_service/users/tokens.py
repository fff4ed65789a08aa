"""Access tokens at rest: only their hash is kept, and for a safe retry a copy that the retry's key alone opens."""

import hashlib
import hmac
from uuid import UUID

_SEAL_PURPOSE = b"users-service: the token that an Idempotency-Key made"


def digest(secret: UUID) -> bytes:
    """SHA-256 of a token or key. Unsalted and fast is enough: they have 122 random bits, so nobody can try them all."""
    return hashlib.sha256(secret.bytes).digest()


def is_digest_of(secret: UUID, stored: bytes) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(digest(secret), stored)


def seal(token: UUID, key: UUID) -> bytes:
    """The token's 16 bytes XOR HMAC-SHA256(key, purpose): a one-time pad, as every key makes one token at most.

    The pad does not follow from `digest(key)`, so who reads the database learns no token.
    """
    return _xor_pad(token.bytes, key)


def open_seal(sealed: bytes, key: UUID) -> UUID:
    """The token that `seal` was given with the same key."""
    return UUID(bytes=_xor_pad(sealed, key))


def _xor_pad(data: bytes, key: UUID) -> bytes:
    pad = hmac.digest(key.bytes, _SEAL_PURPOSE, "sha256")
    return bytes(byte ^ mask for byte, mask in zip(data, pad, strict=False))
