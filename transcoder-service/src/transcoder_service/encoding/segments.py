"""The segments of one recording: where samples go, and when a fresh encoder is worth its settling."""

import threading

from transcoder_service.encoding.assembly import Assembly
from transcoder_service.encoding.cutter import Cut, Cutter, Seam, new_grid
from transcoder_service.encoding.engine import Engine
from transcoder_service.encoding.segment import Mark, Segment
from transcoder_service.lame.encoder import PcmFormat

# About 6 ms of CPU for stereo music, or twice that: the longest that a thread is away from other recordings.
SLICE_BYTES = 128 * 1024


class Segments:
    """`add` and `end` are for one thread, `encode_slice` for one a segment, `join` for one; `lock` is the conversion's.

    The first of `in_order` is the one whose MP3 is being written out.
    """

    def __init__(self, engine: Engine, pcm: PcmFormat, lock: threading.Lock) -> None:
        self._engine = engine
        self._pcm = pcm
        self._lock = lock
        encoder = engine.new_encoder(pcm, tag=True)
        grid = new_grid(
            engine.settings,
            pcm,
            out_sample_rate_hz=encoder.out_sample_rate_hz,
            samples_per_frame=encoder.samples_per_frame,
            segment_bytes=engine.segment_bytes,
        )
        self._cutter = Cutter(pcm, grid)
        self._current = Segment(0, encoder)
        self._starting: Segment | None = None
        self._count = 1
        self._dropped: list[Segment] = []
        self.in_order = [self._current]

    @property
    def held_bytes(self) -> int:
        """Samples in memory; to be asked under the lock."""
        return sum(segment.held_bytes for segment in self.in_order)

    def add(self, pcm: bytes) -> None:
        """The next samples."""
        for part in self._cutter.split(pcm):
            if isinstance(part, Cut):
                self._start_another()
            elif isinstance(part, Seam):
                self._pass_seam()
            else:
                for at in range(0, len(part), SLICE_BYTES):
                    self._add_piece(part[at : at + SLICE_BYTES])

    def end(self) -> None:
        """There are no more samples."""
        with self._lock:
            self._current.add(Mark.FINISH)
            if self._starting:  # it has not come to its seam
                self._drop(self._starting)

    def encode_slice(self, segment: Segment) -> None:
        """Encode what waits, up to a slice."""
        encoded_bytes = 0
        while segment.items and encoded_bytes < SLICE_BYTES and not segment.dropped:
            item = segment.items[0]
            segment.encode(item)
            encoded_bytes += len(item) if isinstance(item, bytes) else 0
            with self._lock:
                segment.done()

    def join(self, assembly: Assembly) -> bytes | None:
        """Write out what is ready; the tag once all is. Raises SpoolFull."""
        while True:
            first = self.in_order[0]
            ended_with = first.ended_with  # asked before taking, or the last bytes might be missed
            assembly.take_from(first)
            if ended_with is Mark.FINISH:
                return assembly.finish(first.encoder, alone=self._count == 1)
            if ended_with is None or self.in_order[1].before_seam is None:
                return None
            self._join_first_two(assembly)

    def close(self) -> None:
        """Free all encoders; none may be running."""
        for segment in (*self.in_order, *self._dropped):
            segment.encoder.close()
            segment.items.clear()

    def _add_piece(self, piece: bytes) -> None:
        with self._lock:
            self._current.add(piece)
            if self._starting:
                self._starting.add(piece)

    def _start_another(self) -> None:
        """If a thread may be free for it and the current one is so far behind that it pays."""
        behind = self._current.waiting_bytes >= self._engine.segment_bytes // 2
        if behind and len(self.in_order) < self._engine.segments_at_once + 1 and self._engine.scheduler.threads > 1:
            segment = Segment(self._count, self._engine.new_encoder(self._pcm, tag=False))
            with self._lock:
                self._count += 1
                self._starting = segment
                self.in_order.append(segment)

    def _pass_seam(self) -> None:
        with self._lock:
            self._current.add(Mark.EMPTY_RESERVOIR)
            if self._starting:
                self._current.add(Mark.STOP)
                self._starting.add(Mark.EMPTY_RESERVOIR)
                self._current, self._starting = self._starting, None

    def _join_first_two(self, assembly: Assembly) -> None:
        first, following = self.in_order[:2]
        fits = assembly.fits(first, following)
        with self._lock:
            if fits:
                following.join()
                del self.in_order[0]
            else:
                self._drop(following)
                first.take_over(following)
                if self._current is following:
                    self._current = first
        if fits:
            first.encoder.close()

    def _drop(self, segment: Segment) -> None:
        """Its encoder may be running just now, so it is closed at the end."""
        segment.dropped = True
        self.in_order.remove(segment)
        self._dropped.append(segment)
        if self._starting is segment:
            self._starting = None
