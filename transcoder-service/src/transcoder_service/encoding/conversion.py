"""One recording on its way from WAV to MP3.

The event loop feeds blocks; threads of the scheduler read them as PCM and encode. Nothing here waits: `changed` is
called by a thread whenever the event loop might go on.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from transcoder_service.encoding.assembly import Assembly
from transcoder_service.encoding.engine import Engine
from transcoder_service.encoding.segment import Segment
from transcoder_service.encoding.segments import SLICE_BYTES, Segments
from transcoder_service.encoding.spool import Spool
from transcoder_service.lame.encoder import PcmFormat
from transcoder_service.pcm.facts import RecordingFacts
from transcoder_service.pcm.reader import PcmReader

# Reading comes before encoding, so that the other threads get something to do.
_READ_ORDER = -1
# Of formats that hold many samples in a few bytes: decoding that much takes up to 15 ms.
COMPRESSED_TURN_BYTES = 32 * 1024


@dataclass(frozen=True)
class Mp3:
    """A finished MP3: the tag frame, then what is in the spool. To be closed."""

    tag: bytes
    frames: Spool
    facts: RecordingFacts

    @property
    def size_bytes(self) -> int:
        """Of the whole file."""
        return len(self.tag) + self.frames.size_bytes

    def close(self) -> None:
        """Free the spool."""
        self.frames.close()


class Conversion:
    """Feed blocks, the last one marked, and wait for `mp3` or `failure`.

    `abandon` frees everything at any time; `released` tells when that has been done.
    """

    def __init__(self, engine: Engine, changed: Callable[[], None]) -> None:
        self.mp3: Mp3 | None = None
        self.failure: BaseException | None = None
        self._engine = engine
        self._changed = changed
        self._share = engine.scheduler.open_share()
        self._lock = threading.Lock()
        self._running = 0
        self._over = self.released = False
        self._reader = PcmReader()
        self._blocks: deque[memoryview] = deque()
        self._block_bytes = 0
        self._reading = self._input_ended = self._read_to_end = False
        self._segments: Segments | None = None
        self._joining = self._join_again = False
        self._spool = Spool(engine.spool_directory)
        self._assembly = Assembly(self._spool)

    @property
    def held_bytes(self) -> int:
        """What has been fed and is still in memory, as WAV or as samples."""
        with self._lock:
            return self._block_bytes + (self._segments.held_bytes if self._segments else 0)

    def feed(self, blocks: list[bytes], *, last: bool = False) -> None:
        """The next parts of the WAV, of any length."""
        with self._lock:
            self._blocks += map(memoryview, blocks)
            self._block_bytes += sum(map(len, blocks))
            self._input_ended = last
            self._read_soon()

    def abandon(self) -> None:
        """Stop, and free everything as soon as the slices that are running have ended."""
        self._stop(None)

    def _schedule(self, order: int, work: Callable[[], None]) -> None:
        self._share.add(order, lambda: self._run(work))

    def _run(self, work: Callable[[], None]) -> None:
        with self._lock:
            if self._over:
                return
            self._running += 1
        try:
            work()
        except BaseException as error:  # the request that waits for this raises it
            self._stop(error)
        finally:
            with self._lock:
                self._running -= 1
            self._release_when_over()
            self._changed()

    def _read_soon(self) -> None:
        """Unless what was read before fills the room that there is: what is compressed takes up more of it when read.

        To be called under the lock.
        """
        if self._reading or self._read_to_end or not (self._blocks or self._input_ended):
            return
        if self._segments is None or self._segments.held_bytes <= self._engine.room_bytes:
            self._reading = True
            self._schedule(_READ_ORDER, self._read)

    def _read(self) -> None:
        with self._lock:
            block, ended = self._next_block(), self._input_ended and not self._blocks
        self._add(self._reader.feed(block))
        if ended:
            self._add(self._reader.finish())
            assert self._segments is not None  # a recording without samples is refused
            self._segments.end()
        with self._lock:
            self._block_bytes -= len(block)
            self._reading, self._read_to_end = False, ended
            self._read_soon()
        if ended:
            self._encode_at_once()
        self._encode_soon()

    def _next_block(self) -> memoryview:
        """Empty at the end."""
        block = self._blocks.popleft() if self._blocks else memoryview(b"")
        if len(block) > COMPRESSED_TURN_BYTES and self._reader.is_compressed:
            self._blocks.appendleft(block[COMPRESSED_TURN_BYTES:])
            block = block[:COMPRESSED_TURN_BYTES]
        return block

    def _add(self, pcm: bytes) -> None:
        if not pcm:
            return
        if self._segments is None:
            assert self._reader.format is not None
            source = PcmFormat(self._reader.format.sample_rate_hz, self._reader.output_channels)
            self._segments = Segments(self._engine, source, self._lock)
        self._segments.add(pcm)

    def _encode_at_once(self) -> None:
        """The end of a recording, or all of a clip: not worth another turn."""
        while not self._over and (segment := self._only_idle_segment()) is not None:
            self._encode(segment)
            self._join()

    def _only_idle_segment(self) -> Segment | None:
        """Taken, if there is one alone and it has little left."""
        with self._lock:
            idle = self._idle_segments()
            if len(idle) != 1 or idle[0].waiting_bytes > SLICE_BYTES:
                return None
            idle[0].scheduled = True
            return idle[0]

    def _idle_segments(self) -> list[Segment]:
        return [s for s in self._segments.in_order if s.items and not s.scheduled] if self._segments else []

    def _encode_soon(self) -> None:
        with self._lock:
            for segment in self._idle_segments():
                segment.scheduled = True
                self._schedule(segment.number, partial(self._encode_turn, segment))

    def _encode_turn(self, segment: Segment) -> None:
        self._encode(segment)
        self._encode_soon()
        self._join()
        # Where a seam was no good, a segment that had ended goes on; and where memory came free, so does reading.
        self._encode_soon()
        with self._lock:
            self._read_soon()

    def _encode(self, segment: Segment) -> None:
        assert self._segments is not None
        self._segments.encode_slice(segment)
        with self._lock:
            segment.scheduled = False

    def _join(self) -> None:
        """In one thread at a time; one that comes in between has it done once more."""
        assert self._segments is not None
        with self._lock:
            self._join_again = True
            if self._joining:
                return
            self._joining = True
        while self._wants_join():
            tag = self._segments.join(self._assembly)
            if tag is not None:
                self._succeed(Mp3(tag, self._spool, self._reader.facts()))
                return

    def _wants_join(self) -> bool:
        with self._lock:
            wanted, self._join_again = self._join_again, False
            self._joining = wanted
            return wanted

    def _succeed(self, mp3: Mp3) -> None:
        with self._lock:
            if not self._over:
                self.mp3 = mp3
        self._stop(None)

    def _stop(self, failure: BaseException | None) -> None:
        with self._lock:
            if not self._over:
                self.failure = failure
            self._over = True
        self._share.close()
        self._release_when_over()

    def _release_when_over(self) -> None:
        with self._lock:
            if not self._over or self._running or self.released:
                return
            self.released = True
            self._blocks = deque()
            if self._segments:
                self._segments.close()
            if self.mp3 is None:
                self._spool.close()
