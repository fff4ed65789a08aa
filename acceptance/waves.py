"""WAV files to upload: real sound, in every layout that clients write it in."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]
"""Shape (frames, channels), full scale is 1."""

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
_SUBFORMAT_TAIL = bytes.fromhex("0000 0000 1000 8000 00aa 0038 9b71")


def music(seconds: float, *, sample_rate_hz: int = 44100, channels: int = 2) -> Samples:
    """Notes with harmonics and attacks, different in each channel, over a little noise; peaks at about half scale."""
    times = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
    noise = np.random.default_rng(7)
    return np.column_stack([_voice(times, channel, noise) for channel in range(channels)])


def _voice(times: NDArray[np.float64], channel: int, noise: np.random.Generator) -> NDArray[np.float64]:
    step = np.floor(times * 3).astype(int)
    pitch_hz = 147.0 * 2.0 ** (((step * 5 + channel * 7) % 17) / 12)
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * times + channel) / k for k in range(1, 6))
    envelope = np.exp(-3 * (times * 3 % 1))
    return 0.22 * envelope * tone + 0.005 * noise.standard_normal(len(times))


@dataclass(frozen=True)
class Layout:
    """How samples are written down; the defaults are the plainest WAV there is."""

    encoding: int = PCM
    bits: int = 16
    extensible: bool = False
    list_before_data: bool = False
    list_after_data: bool = False
    streamed_size: int | None = None
    """What a writer that cannot seek leaves in both size fields."""


def wav(samples: Samples, sample_rate_hz: int = 44100, layout: Layout = Layout()) -> bytes:
    """The bytes of a WAV file."""
    data = _encoded(samples, layout)
    format_chunk = _format(sample_rate_hz, samples.shape[1], layout)
    size = len(data) if layout.streamed_size is None else layout.streamed_size
    chunks = _chunk(b"fmt ", format_chunk)
    if layout.list_before_data:
        chunks += _chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 3) + b"abc\0") + _chunk(b"junk", b"odd")
    chunks += b"data" + struct.pack("<I", size) + data + b"\0" * (len(data) % 2)
    if layout.list_after_data:
        chunks += _chunk(b"LIST", b"INFOICMT" + struct.pack("<I", 4000) + b"\x7f" * 4000)
    riff_size = 4 + len(chunks) if layout.streamed_size is None else layout.streamed_size
    return b"RIFF" + struct.pack("<I", riff_size & 0xFFFFFFFF) + b"WAVE" + chunks


def header_only(sample_rate_hz: int = 44100) -> bytes:
    """A correct WAV with a data chunk of no samples."""
    return wav(np.zeros((0, 1)), sample_rate_hz)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _format(sample_rate_hz: int, channels: int, layout: Layout) -> bytes:
    block = channels * layout.bits // 8
    tag = EXTENSIBLE if layout.extensible else layout.encoding
    plain = struct.pack("<HHIIHH", tag, channels, sample_rate_hz, sample_rate_hz * block, block, layout.bits)
    if not layout.extensible:
        return plain
    mask = 0b11 if channels == 2 else 0b100
    return plain + struct.pack("<HHIH", 22, layout.bits, mask, layout.encoding) + _SUBFORMAT_TAIL


def _encoded(samples: Samples, layout: Layout) -> bytes:
    if layout.encoding == FLOAT:
        return samples.astype("<f4" if layout.bits == 32 else "<f8").tobytes()
    scaled = np.round(np.clip(samples, -1, 1) * (2 ** (layout.bits - 1) - 1)).astype("<i4")
    if layout.bits == 8:
        return bytes((scaled + 128).astype("u1").tobytes())
    if layout.bits == 24:
        return bytes(scaled.reshape(-1, 1).view("u1")[:, :3].tobytes())
    return bytes(scaled.astype(f"<i{layout.bits // 8}").tobytes())
