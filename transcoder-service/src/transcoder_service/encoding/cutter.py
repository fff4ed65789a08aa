"""Where a recording is cut. That depends on its samples and the settings alone, never on load or cores.

At a cut a fresh encoder may start beside the one before it. Once it has settled, at the seam, every encoder empties
its bit reservoir, one that goes all the way as well: so what is heard after a seam is the same whoever encodes it.

What an encoder that never emptied it would give is the same too, with one exception: a frame whose sound needs more
bits than the highest bit rate has is quantised by what the reservoir holds. Measured against one pass, stereo at
44.1 kHz: music, noise and tones are equal in every sample; of full-scale drums one frame in a hundred after a seam
differs, of single clicks one within the next eight frames.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd

from transcoder_service.encoding.settling import BATCH_FRAMES, HISTORY_FRAMES, MOST_FRAMES, Settling
from transcoder_service.lame.encoder import EncoderSettings, PcmFormat

SEGMENT_BYTES = 4 * 1024 * 1024
# LAME's resampler knows so many positions between two samples; with more they are rounded, each run on its own way.
RESAMPLER_PHASES = 320
SHORT_FRAME_SAMPLES = 576
# Frames of MPEG-2.5 end at 64 kbit/s: at these rates that is less than one channel may use of a frame.
LOW_CEILING_RATES_HZ = frozenset({11025, 12000})


@dataclass(frozen=True)
class Cut:
    """A fresh encoder may start here."""


@dataclass(frozen=True)
class Seam:
    """The one before stops here, and what the fresh one wrote up to here is dropped."""


@dataclass(frozen=True)
class Grid:
    """Cuts lie at multiples of `segment_frames` samples of each channel; a step is a few MP3 frames.

    `settling_frames` is None where the samples tell it.
    """

    segment_frames: int
    step_frames: int
    samples_per_mp3_frame: int
    settling_frames: int | None

    @property
    def listen_at(self) -> int:
        """From where on the samples are looked at, for the seam after the next cut."""
        if self.settling_frames is not None:
            return self.segment_frames
        return self.segment_frames - HISTORY_FRAMES * self.samples_per_mp3_frame


def new_grid(
    settings: EncoderSettings,
    pcm: PcmFormat,
    *,
    out_sample_rate_hz: int,
    samples_per_frame: int,
    segment_bytes: int = SEGMENT_BYTES,
) -> Grid | None:
    """None where a recording is encoded in one piece.

    That is for constant bit rates, whose reservoir reaches back twenty frames and more; where ordinary sound needs
    the highest bit rate that there is, so that an emptied reservoir changes the samples after it; and for sample rates
    whose ratio to the MP3's is too odd, or so high that a good part of a recording would be encoded twice.
    """
    if settings.mode != "vbr" or out_sample_rate_hz in LOW_CEILING_RATES_HZ:
        return None
    if samples_per_frame == SHORT_FRAME_SAMPLES and pcm.channels == 2:
        return None
    common = gcd(pcm.sample_rate_hz, out_sample_rate_hz)
    out_step, in_step = out_sample_rate_hz // common, pcm.sample_rate_hz // common
    if out_step > RESAMPLER_PHASES and in_step != out_step:
        return None
    # The fewest MP3 frames that take a whole number of the recording's samples.
    unit = out_step // gcd(out_step, samples_per_frame) * samples_per_frame // out_step * in_step
    if in_step == out_step:
        unit *= BATCH_FRAMES  # cuts lie on steps
    segment_frames = segment_bytes // pcm.frame_bytes // unit * unit
    settling_frames = -(-MOST_FRAMES * samples_per_frame * in_step // out_step)
    if segment_frames <= settling_frames + (HISTORY_FRAMES + 2 * BATCH_FRAMES) * samples_per_frame:
        return None
    if in_step != out_step and segment_frames < 3 * settling_frames:
        return None
    # What a resampling encoder hears is not what comes in here.
    known = settling_frames if in_step != out_step else None
    return Grid(segment_frames, BATCH_FRAMES * samples_per_frame, samples_per_frame, known)


class Cutter:
    """Passes samples on, with cuts and seams between them."""

    def __init__(self, pcm: PcmFormat, grid: Grid | None) -> None:
        self._pcm = pcm
        self._grid = grid
        self._settling: Settling | None = None
        self._since_cut = 0
        self._seam_at: int | None = None

    def split(self, pcm: bytes) -> Iterator[bytes | Cut | Seam]:
        """The same samples in the same order."""
        if self._grid is None:
            yield pcm
            return
        frame_bytes, at, end = self._pcm.frame_bytes, 0, len(pcm) // self._pcm.frame_bytes
        while at < end:
            taken = min(end - at, self._until_next_event(self._grid))
            piece = pcm[at * frame_bytes : (at + taken) * frame_bytes]
            at += taken
            self._since_cut += taken
            yield piece
            if self._settling is not None:
                self._look_for_the_seam(self._settling, piece, self._grid)
            if self._since_cut == self._seam_at:
                self._seam_at = None
                yield Seam()
            if self._since_cut == self._grid.listen_at and self._grid.settling_frames is None:
                self._settling = Settling(self._pcm, self._grid.samples_per_mp3_frame)
            if self._since_cut == self._grid.segment_frames:
                self._since_cut, self._seam_at = 0, self._grid.settling_frames
                yield Cut()

    def _until_next_event(self, grid: Grid) -> int:
        if self._settling is not None:
            return grid.step_frames - self._since_cut % grid.step_frames
        return (self._seam_at or grid.listen_at) - self._since_cut

    def _look_for_the_seam(self, settling: Settling, piece: bytes, grid: Grid) -> None:
        settled_after = settling.add(piece)
        if settled_after is not None:
            # At a whole step, so that it does not depend on how the samples were split when they came in.
            steps = -(-self._since_cut // grid.step_frames)
            self._seam_at = max(steps * grid.step_frames, settled_after * grid.samples_per_mp3_frame)
            self._settling = None
