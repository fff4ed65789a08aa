"""One recording on its way from WAV to MP3.

The event loop feeds blocks; threads of the scheduler read them as PCM and encode. Nothing here waits: `changed` is
called by a thread whenever the event loop might go on.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from transcoder_service.encoding.scheduler import Scheduler
from transcoder_service.encoding.segment import Segment
from transcoder_service.encoding.spool import Spool
from transcoder_service.lame.encoder import Encoder, EncoderSettings, PcmFormat
from transcoder_service.lame.library import Lame
from transcoder_service.pcm.facts import RecordingFacts
from transcoder_service.pcm.reader import PcmReader

# About 11 ms of CPU for stereo music: the longest that a thread is away from other recordings.
SLICE_BYTES = 256 * 1024
# Reading comes before encoding, so that the other threads get something to do.
_READ_ORDER = -1


@dataclass(frozen=True)
class Engine:
    """What all conversions share."""

    lame: Lame
    settings: EncoderSettings
    scheduler: Scheduler
    spool_directory: str


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
    """Feed blocks, `end`, and wait until `mp3` or `failure` is there. `abandon` frees everything at any time."""

    def __init__(self, engine: Engine, changed: Callable[[], None]) -> None:
        self.mp3: Mp3 | None = None
        self.failure: BaseException | None = None
        self._engine = engine
        self._changed = changed
        self._share = engine.scheduler.open_share()
        self._lock = threading.Lock()
        self._running = 0
        self._over = False
        self._reader = PcmReader()
        self._blocks: list[bytes] = []
        self._block_bytes = 0
        self._reading = False
        self._input_ended = False
        self._segments: list[Segment] = []
        self._spool = Spool(engine.spool_directory)

    @property
    def waiting_bytes(self) -> int:
        """What has been fed and not been encoded yet, as far as it is in memory."""
        with self._lock:
            return self._block_bytes + sum(segment.waiting_bytes for segment in self._segments)

    def feed(self, block: bytes, *, last: bool = False) -> None:
        """The next part of the WAV, of any length."""
        with self._lock:
            self._blocks.append(block)
            self._block_bytes += len(block)
            self._input_ended = last
            if not self._reading:
                self._reading = True
                self._schedule(_READ_ORDER, self._read)

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
        except BaseException as error:
            self._stop(error)
        finally:
            with self._lock:
                self._running -= 1
            self._release_when_over()
            self._changed()

    def _read(self) -> None:
        with self._lock:
            blocks, self._blocks, ended = self._blocks, [], self._input_ended
        for block in blocks:
            self._plan(self._reader.feed(block))
            with self._lock:
                self._block_bytes -= len(block)
        if ended:
            self._plan(self._reader.finish())
            self._end_segments()
        with self._lock:
            self._reading = bool(self._blocks)
            if self._reading:
                self._schedule(_READ_ORDER, self._read)

    def _plan(self, pcm: bytes) -> None:
        if not pcm:
            return
        if not self._segments:
            self._segments.append(Segment(0, self._new_encoder(tag=True)))
        segment = self._segments[-1]
        with self._lock:
            for at in range(0, len(pcm), SLICE_BYTES):
                segment.add(pcm[at : at + SLICE_BYTES])
            self._schedule_segment(segment)

    def _end_segments(self) -> None:
        segment = self._segments[-1]
        with self._lock:
            segment.input_ended = True
            self._schedule_segment(segment)

    def _schedule_segment(self, segment: Segment) -> None:
        if not segment.scheduled:
            segment.scheduled = True
            self._schedule(segment.number, lambda: self._encode(segment))

    def _encode(self, segment: Segment) -> None:
        if segment.chunks:
            segment.encode_next()
        with self._lock:
            segment.scheduled = False
            done = segment.input_ended and not segment.chunks
            if segment.chunks:
                self._schedule_segment(segment)
        if done:
            segment.mp3 += segment.encoder.finish()
            tag = segment.encoder.tag()
            self._spool.append(memoryview(segment.mp3)[len(tag) :])
            self._succeed(Mp3(tag, self._spool, self._reader.facts()))

    def _new_encoder(self, *, tag: bool) -> Encoder:
        assert self._reader.format is not None
        pcm = PcmFormat(self._reader.format.sample_rate_hz, self._reader.output_channels)
        return Encoder(self._engine.lame, self._engine.settings, pcm, tag=tag)

    def _succeed(self, mp3: Mp3) -> None:
        with self._lock:
            if not self._over:
                self.mp3 = mp3
        self._stop(None)

    def _stop(self, failure: BaseException | None) -> None:
        with self._lock:
            self.failure = self.failure or failure
            self._over = True
        self._share.close()
        self._release_when_over()

    def _release_when_over(self) -> None:
        with self._lock:
            if not self._over or self._running:
                return
            for segment in self._segments:
                segment.encoder.close()
            self._segments.clear()
            self._blocks.clear()
            if self.mp3 is None:
                self._spool.close()
