"""Hears an MP3: decodes it with another library than the product's and compares it with what was recorded."""

import io
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from acceptance.waves import Samples


@dataclass(frozen=True)
class Heard:
    """A decoded MP3: `samples` of shape (frames, channels), full scale is 1."""

    samples: Samples
    sample_rate_hz: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate_hz


def listen(mp3: bytes) -> Heard:
    """Decode the whole of an MP3, its encoder delay and padding taken off as its tag says."""
    with av.open(io.BytesIO(mp3), "r", format="mp3") as container:
        stream = container.streams.audio[0]
        blocks = [frame.to_ndarray() for frame in container.decode(stream)]
        rate = stream.codec_context.sample_rate
    planes = np.concatenate(blocks, axis=1).astype(np.float64)
    return Heard(planes.T, rate)


def likeness(heard: Samples, recorded: Samples) -> float:
    """The smallest correlation of a channel with itself before, sample by sample, no shift allowed: 1 is the same."""
    frames = min(len(heard), len(recorded))
    return min(
        _correlation(heard[:frames, channel], recorded[:frames, channel]) for channel in range(recorded.shape[1])
    )


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    product = float(np.dot(one, other))
    energy = float(np.dot(one, one) * np.dot(other, other)) ** 0.5
    return product / energy if energy else 0.0
