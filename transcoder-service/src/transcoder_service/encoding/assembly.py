"""Puts the MP3s of a recording's segments together, in their order, and makes the tag."""

from bisect import bisect_left

from transcoder_service.encoding.segment import Segment
from transcoder_service.encoding.spool import Spool
from transcoder_service.lame.encoder import Encoder
from transcoder_service.lame.frames import last_contents
from transcoder_service.lame.tag import FrameLedger

# Frames before a seam that two encoders must have in common.
FRAMES_COMPARED = 2
# Enough for those frames and the reservoir that they reach back into.
RECENT_BYTES = 16 * 1024
# Below this the ledger costs more per byte.
WRITE_BYTES = 64 * 1024


class Assembly:
    """Takes MP3 bytes in order. The first ones are the frame that the first encoder reserves for the tag."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._ledger = FrameLedger()
        self._pending = bytearray()
        self._recent = bytearray()
        self._tag = b""

    def take_from(self, segment: Segment) -> None:
        """What the segment has written since the last time; raises SpoolFull."""
        while segment.mp3:
            self._pending += segment.mp3.popleft()
        if len(self._pending) >= WRITE_BYTES:
            self._write(segment.encoder)

    def fits(self, segment: Segment, following: Segment) -> bool:
        """Whether both wrote the same before the seam; if not, `following` had not settled there."""
        self._write(segment.encoder)
        assert following.before_seam is not None
        try:
            return last_contents(self._recent, FRAMES_COMPARED) == last_contents(following.before_seam, FRAMES_COMPARED)
        except ValueError:
            return False

    def finish(self, encoder: Encoder, *, alone: bool) -> bytes:
        """The tag; `encoder` wrote the end, or all of it when `alone`, and then has made the tag itself."""
        if alone:
            tag = encoder.tag()
            self._spool.append(self._pending[0 if self._tag else len(tag) :])
            return tag
        self._write(encoder)
        return self._ledger.write_into(self._tag, encoder.padding_samples())

    def _write(self, encoder: Encoder) -> None:
        if not self._tag:
            self._tag = encoder.tag()
            if not self._tag:  # no frame yet
                return
            del self._pending[: len(self._tag)]
        written, self._pending = self._pending, bytearray()
        self._spool.append(written)
        self._remember(*self._ledger.add(written))

    def _remember(self, frames: bytearray, starts: list[int]) -> None:
        """Keep the last whole frames."""
        first = bisect_left(starts, len(frames) - RECENT_BYTES)
        if first:
            self._recent = frames[starts[first] :]
        else:
            self._recent += frames
