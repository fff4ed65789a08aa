"""Recordings to measure with: synthetic music and speech, whose frames cost an encoder what real ones do."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def write_wav(path: Path, *, seconds: float, sample_rate_hz: int, channels: int) -> Path:
    """Write a 16-bit WAV of music (two channels) or speech-like bursts (one); ten seconds at a time."""
    generator = np.random.default_rng(20)
    total = round(seconds * sample_rate_hz)
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(sample_rate_hz)
        for start in range(0, total, 10 * sample_rate_hz):
            count = min(10 * sample_rate_hz, total - start)
            times = (start + np.arange(count)) / sample_rate_hz
            signal = np.column_stack([_voice(times, channel, generator) for channel in range(channels)])
            wav.writeframes((np.clip(signal, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def _voice(times: NDArray[np.float64], channel: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Notes of eight harmonics that change four times a second, with attacks, under a little noise; full scale is 1."""
    note = np.floor(times * 4).astype(int)
    pitch_hz = 110.0 * 2.0 ** (((note * 7 + channel * 4) % 24) / 12)
    decay = np.exp(-5 * (times * 4 % 1))
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * times + channel) / k for k in range(1, 9))
    return 0.25 * decay * tone + 0.02 * generator.standard_normal(len(times))
