"""From which frame on a fresh encoder is in the state that one which came all the way is in.

LAME forgets nearly everything within three frames. The exception is its threshold of hearing, which it lowers in quiet
passages: the factor follows the loudness up within a frame or two, but down by 7.5 % a frame at most, so after a loud
passage it remembers that for up to 95 frames. The factor cannot be read, but it can be followed: the loudness comes
from the samples alone, and two factors that start at the two ends of its range bracket the true one until they meet.

Source: LAME 3.100, adjust_ATH() in encoder.c, psycho_loudness_approx() and vbrpsy_compute_fft_l() in psymodel.c,
ATHformula_GB() in util.c. Measured: content never differed from a single pass after the frame found here, for VBR
qualities 0 to 9, music, speech, noise, impulses and changes from full scale to -60 dB.
"""

import numpy as np
import numpy.typing as npt

from transcoder_service.lame.encoder import PcmFormat

FFT_SAMPLES = 1024
GRANULE_SAMPLES = 576
# Filters and the psychoacoustic model's own memory, two frames of 1152 or three of 576 samples, with as much again.
MARGIN_FRAMES = 3
LEAST_FRAMES = 6
BATCH_FRAMES = 4
# Without a prediction: longer than the slowest descent.
MOST_FRAMES = 130

_LOUD = 0.03125
_LOWEST = 0.000625
_SLOPE = 31.98
_SCALES = (0.9, 1.0, 1.1)  # the loudness is computed in other roundings here, and its curve has a setting

Samples = npt.NDArray[np.float64]


class Settling:
    """Give it the samples from a fresh encoder's first on; tells when that encoder has settled."""

    def __init__(self, pcm: PcmFormat, samples_per_frame: int) -> None:
        self._channels = pcm.channels
        self._samples_per_frame = samples_per_frame
        self._weights = _equal_loudness_weights(pcm.sample_rate_hz)
        self._samples: Samples = np.empty((0, pcm.channels))
        self._next_frame = 2  # the first one's windows reach back before the first sample
        self._brackets = [_Bracket(scale) for scale in _SCALES]

    def add(self, pcm: bytes) -> int | None:
        """Take samples in; the number of frames to run before the encoder's output counts, once that is known."""
        new = np.frombuffer(pcm, "<i2").reshape(-1, self._channels)
        self._samples = np.concatenate((self._samples, new))
        while self._next_frame + BATCH_FRAMES < len(self._samples) // self._samples_per_frame:
            for power in self._powers():
                self._next_frame += 1
                for bracket in self._brackets:
                    bracket.follow(power)
                if all(bracket.met for bracket in self._brackets) or self._next_frame >= MOST_FRAMES:
                    return max(self._next_frame + MARGIN_FRAMES, LEAST_FRAMES)
        return None

    def _powers(self) -> list[float]:
        """The loudness of the next frames: that of their granules, each one late, which is the louder."""
        granules = self._samples_per_frame // GRANULE_SAMPLES
        first = self._next_frame * self._samples_per_frame - 224 - GRANULE_SAMPLES
        starts = first + GRANULE_SAMPLES * np.arange(BATCH_FRAMES * granules)
        windows = self._samples[starts[:, None] + np.arange(FFT_SAMPLES)] * _BLACKMAN[:, None]
        energies = np.abs(np.fft.rfft(windows, axis=1)[:, : FFT_SAMPLES // 2]) ** 2
        # The mean of the channels: LAME halves the sum of two, or of one taken twice.
        powers = np.einsum("wbc,b->w", energies, self._weights) / self._channels
        return [float(power) for power in powers.reshape(BATCH_FRAMES, granules).max(axis=1)]


class _Bracket:
    """The factor's least and greatest possible value, and the limit of the frame before."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._low, self._high = _LOWEST, 1.0
        self._limit: float | None = None
        self.met = False

    def follow(self, power: float) -> None:
        """The next frame."""
        power *= self._scale
        limit = 1.0 if power > _LOUD else _SLOPE * power + _LOWEST
        if self._limit is not None and not self.met:
            self._low = _next_factor(self._low, self._limit, limit)
            self._high = _next_factor(self._high, self._limit, limit)
            self.met = self._low == self._high
        self._limit = limit


def _next_factor(factor: float, limit_before: float, limit: float) -> float:
    if limit == 1.0:
        return 1.0 if factor >= 1.0 else max(factor, limit_before)
    if factor >= limit:
        return max(factor * (limit * 0.075 + 0.925), limit)
    return limit if limit_before >= limit else max(factor, limit_before)


def _equal_loudness_weights(sample_rate_hz: int) -> npt.NDArray[np.float64]:
    khz = np.clip((np.arange(FFT_SAMPLES // 2) + 1) * sample_rate_hz / FFT_SAMPLES / 1000, 0.1, 24.0)
    threshold_db = (
        3.640 * khz**-0.8
        - 6.800 * np.exp(-0.6 * (khz - 3.4) ** 2)
        + 6.000 * np.exp(-0.15 * (khz - 8.7) ** 2)
        + (0.6 + 0.04 * 4) * 0.001 * khz**4
    )
    weights = 10 ** (-threshold_db / 10)
    scale: npt.NDArray[np.float64] = weights / weights.sum() / (14752.0**2 * FFT_SAMPLES / 2)
    return scale


_PHASES = 2 * np.pi * (np.arange(FFT_SAMPLES) + 0.5) / FFT_SAMPLES
_BLACKMAN = 0.42 - 0.5 * np.cos(_PHASES) + 0.08 * np.cos(2 * _PHASES)
