"""From which frame on a fresh encoder is in the state that one which came all the way is in.

LAME forgets nearly everything within three frames. The exception is its threshold of hearing, which it lowers in quiet
passages: the factor follows the loudness up within a frame or two, but down by 7.5 % a frame at most, so after a loud
passage it remembers that for up to 95 frames. The factor cannot be read, but it can be followed, as the loudness comes
from the samples alone: some time before the cut two factors start at the ends of the range, so that the true one is
between them, at the cut a third starts as a fresh encoder's does, and once all have met there is no difference left.

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
# How long before a cut to listen.
HISTORY_FRAMES = 16
# Without a prediction: longer than the slowest descent.
MOST_FRAMES = 130

_LOUD = 0.03125
_LOWEST = 0.000625
_SLOPE = 31.98
_FRESH = 0.01
_SCALES = (0.9, 1.0, 1.1)  # the loudness is computed in other roundings here, and its curve has a setting
# A frame's first window begins so many samples before it; LAME takes the loudness of each granule one granule late.
_WINDOW_LEAD_SAMPLES = 224 + GRANULE_SAMPLES
# From the third frame on a fresh encoder's windows hold nothing from before its first sample.
_EDGE_FRAMES = 2

Samples = npt.NDArray[np.float32]


class Settling:
    """Give it the samples from `HISTORY_FRAMES` before a cut on; tells when an encoder that starts there is settled."""

    def __init__(self, pcm: PcmFormat, samples_per_frame: int) -> None:
        self._channels = pcm.channels
        self._samples_per_frame = samples_per_frame
        self._weights = _equal_loudness_weights(pcm.sample_rate_hz)
        self._samples: Samples = np.empty((0, pcm.channels), np.float32)
        self._next_frame = _EDGE_FRAMES - HISTORY_FRAMES  # 0 is the first after the cut
        self._followers = [_Follower(scale) for scale in _SCALES]

    def add(self, pcm: bytes) -> int | None:
        """Take samples in; how many frames after the cut an encoder's output begins to count, once that is known."""
        new = np.frombuffer(pcm, "<i2").reshape(-1, self._channels)
        self._samples = np.concatenate((self._samples, new))
        while (self._next_frame + BATCH_FRAMES + HISTORY_FRAMES + 1) * self._samples_per_frame < len(self._samples):
            first = self._next_frame
            powers = self._powers(first, self._samples)
            fresh_powers = self._powers(first, self._without_history()) if 0 <= first < _EDGE_FRAMES else powers
            for power, fresh_power in zip(powers, fresh_powers, strict=True):
                for follower in self._followers:
                    follower.follow(power, fresh_power, fresh=self._next_frame >= 0)
                self._next_frame += 1
                met = self._next_frame > _EDGE_FRAMES and all(follower.met for follower in self._followers)
                if met or self._next_frame >= MOST_FRAMES:
                    return max(self._next_frame + MARGIN_FRAMES, LEAST_FRAMES)
        return None

    def _powers(self, first_frame: int, samples: Samples) -> list[float]:
        """The loudness of a batch of frames: that of each one's granules which is the louder."""
        granules = self._samples_per_frame // GRANULE_SAMPLES
        start = (first_frame + HISTORY_FRAMES) * self._samples_per_frame - _WINDOW_LEAD_SAMPLES
        end = start + (BATCH_FRAMES * granules - 1) * GRANULE_SAMPLES + FFT_SAMPLES
        windows = np.lib.stride_tricks.sliding_window_view(samples[start:end], FFT_SAMPLES, axis=0)[::GRANULE_SAMPLES]
        spectra = np.fft.rfft(windows * _BLACKMAN, axis=2)[:, :, : FFT_SAMPLES // 2]
        energies = spectra.real**2 + spectra.imag**2
        # The mean of the channels: LAME halves the sum of two, or of one taken twice.
        powers = (energies @ self._weights).mean(axis=1)
        return [float(power) for power in powers.reshape(BATCH_FRAMES, granules).max(axis=1)]

    def _without_history(self) -> Samples:
        """What a fresh encoder hears: silence, then the samples."""
        samples = self._samples.copy()
        samples[: HISTORY_FRAMES * self._samples_per_frame] = 0
        return samples


class _Follower:
    """The least and greatest factor that an encoder can have which came all the way, and that of a fresh one."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._low, self._high, self._fresh = _LOWEST, 1.0, _FRESH
        self._limit, self._fresh_limit = 1.0, 1.0

    def follow(self, power: float, fresh_power: float, *, fresh: bool) -> None:
        """The next frame, and whether the fresh encoder has begun."""
        limit = _limit(power * self._scale)
        self._low = _next_factor(self._low, self._limit, limit)
        self._high = _next_factor(self._high, self._limit, limit)
        self._limit = limit
        if fresh:
            fresh_limit = _limit(fresh_power * self._scale)
            self._fresh = _next_factor(self._fresh, self._fresh_limit, fresh_limit)
            self._fresh_limit = fresh_limit

    @property
    def met(self) -> bool:
        """Whether all are the same."""
        return self._low == self._high == self._fresh


def _limit(power: float) -> float:
    return 1.0 if power > _LOUD else _SLOPE * power + _LOWEST


def _next_factor(factor: float, limit_before: float, limit: float) -> float:
    if limit == 1.0:
        return 1.0 if factor >= 1.0 else max(factor, limit_before)
    if factor >= limit:
        return max(factor * (limit * 0.075 + 0.925), limit)
    return limit if limit_before >= limit else max(factor, limit_before)


def _equal_loudness_weights(sample_rate_hz: int) -> Samples:
    khz = np.clip((np.arange(FFT_SAMPLES // 2) + 1) * sample_rate_hz / FFT_SAMPLES / 1000, 0.1, 24.0)
    threshold_db = (
        3.640 * khz**-0.8
        - 6.800 * np.exp(-0.6 * (khz - 3.4) ** 2)
        + 6.000 * np.exp(-0.15 * (khz - 8.7) ** 2)
        + (0.6 + 0.04 * 4) * 0.001 * khz**4
    )
    weights = 10 ** (-threshold_db / 10)
    scaled = weights / weights.sum() / (14752.0**2 * FFT_SAMPLES / 2)
    return np.asarray(scaled, np.float32)


_PHASES = 2 * np.pi * (np.arange(FFT_SAMPLES) + 0.5) / FFT_SAMPLES
_BLACKMAN = (0.42 - 0.5 * np.cos(_PHASES) + 0.08 * np.cos(2 * _PHASES)).astype(np.float32)
