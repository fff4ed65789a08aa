"""What segments are held against: one pass of LAME over the same samples, and what a decoder hears."""

import io

import av
import numpy as np
from numpy.typing import NDArray

from transcoder_service.lame.encoder import Encoder, EncoderSettings, PcmFormat
from transcoder_service.lame.library import load_lame

Samples = NDArray[np.int16]


def changing_music(seconds: float, rate: int, channels: int, seed: int = 7) -> Samples:
    """Loud and quiet stretches of tones, noise and attacks: what an encoder's state remembers; (frames, channels)."""
    generator = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    loudness = np.where(times % 7 < 4, 0.6, 0.01) * np.exp(-4 * (times * 3 % 1))
    tones = [np.sin(2 * np.pi * (220 + 110 * channel) * times) for channel in range(channels)]
    noise = 0.1 * generator.standard_normal((channels, len(times)))
    return np.asarray(np.clip(loudness * (np.array(tones) + noise), -1, 1).T * 32767, dtype="<i2")


def one_pass(samples: Samples, rate: int, settings: EncoderSettings | None = None) -> bytes:
    """The MP3 that a single encoder makes."""
    pcm = PcmFormat(rate, samples.shape[1])
    with Encoder(load_lame(""), settings or EncoderSettings(), pcm, tag=True) as encoder:
        mp3 = encoder.encode(samples.tobytes()) + encoder.finish()
        tag = encoder.tag()
    return tag + mp3[len(tag) :]


def decoded(mp3: bytes) -> NDArray[np.float32]:
    """Samples of shape (channels, frames), delay and padding taken off as the tag says."""
    with av.open(io.BytesIO(mp3), "r", format="mp3") as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
