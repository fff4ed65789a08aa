"""The outline of a recording for drawing: lowest and highest sample of about a thousand stretches of equal length."""

import numpy as np
import numpy.typing as npt

MOST_BUCKETS = 1000
FIRST_STRETCH_FRAMES = 16
LONG_STRETCH_FRAMES = 1024
_FEW, _MANY = 2048, 262_144
_INT16_PEAK, _INT8_PEAK = 32768, 127

Samples = npt.NDArray[np.int16]


class Waveform:
    """Collects interleaved samples; the channels are drawn as one.

    Short stretches make a second of audio look like something, but cost more per sample than long ones. So stretches
    start short, and whenever there are too many, neighbours are merged two by two. Up to 1 MB for 74 hours of speech.
    """

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._stretch_frames = FIRST_STRETCH_FRAMES
        self._low = np.empty(_MANY, np.int16)
        self._high = np.empty(_MANY, np.int16)
        self._count = 0
        self._rest: Samples = np.empty(0, np.int16)

    def add(self, pcm: bytes) -> None:
        """Take whole frames in."""
        samples: Samples = np.frombuffer(pcm, "<i2")
        if len(self._rest):
            samples = np.concatenate((self._rest, samples))
        while len(samples) >= (size := self._stretch_frames * self._channels):
            count = min(len(samples) // size, self._room())
            stretches = samples[: count * size].reshape(count, size)
            filled = slice(self._count, self._count + count)
            stretches.min(axis=1, out=self._low[filled])
            stretches.max(axis=1, out=self._high[filled])
            self._count += count
            samples = samples[count * size :]
            if not self._room():
                self._merge_neighbours()
        self._rest = samples.copy()

    def peaks(self) -> bytes:
        """Pairs of signed bytes, lowest and highest of each stretch, -127 to 127 at full scale; 1,000 pairs at most."""
        low, high = self._low[: self._count], self._high[: self._count]
        if len(self._rest):
            low, high = np.append(low, self._rest.min()), np.append(high, self._rest.max())
        if len(low) > MOST_BUCKETS:
            starts = np.arange(MOST_BUCKETS) * len(low) // MOST_BUCKETS
            low, high = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
        pairs = np.stack((low, high), axis=1) * (_INT8_PEAK / _INT16_PEAK)
        scaled: npt.NDArray[np.int8] = np.rint(pairs).astype(np.int8)
        return scaled.tobytes()

    def _room(self) -> int:
        return (_FEW if self._stretch_frames < LONG_STRETCH_FRAMES else _MANY) - self._count

    def _merge_neighbours(self) -> None:
        half = self._count // 2
        self._low[:half] = self._low[: self._count].reshape(half, 2).min(axis=1)
        self._high[:half] = self._high[: self._count].reshape(half, 2).max(axis=1)
        self._count = half
        self._stretch_frames *= 2
