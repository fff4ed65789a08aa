"""Where a page of records ended: an opaque text for clients, a position for the query."""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAYOUT = struct.Struct(">q16s")


class CursorMalformed(Exception):
    """The text is not one that `Cursor.encode` made."""


@dataclass(frozen=True)
class Cursor:
    """The last record of a page: when it was created (exact to PostgreSQL's microsecond), and its id."""

    created_at: datetime
    record_id: UUID

    def encode(self) -> str:
        """32 characters of base64url."""
        microseconds = (self.created_at - _EPOCH) // _MICROSECOND
        return base64.urlsafe_b64encode(_LAYOUT.pack(microseconds, self.record_id.bytes)).decode()

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """The reverse of `encode`; raises CursorMalformed."""
        try:
            packed = base64.urlsafe_b64decode(text.encode("ascii"))
            microseconds, record_id = _LAYOUT.unpack(packed)
            cursor = cls(_EPOCH + microseconds * _MICROSECOND, UUID(bytes=record_id))
        except (UnicodeEncodeError, binascii.Error, struct.error, OverflowError):
            raise CursorMalformed from None
        if cursor.encode() != text:  # the decoder skips characters that it does not know
            raise CursorMalformed
        return cursor
