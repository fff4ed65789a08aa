"""Writes WAV files byte by byte, right ones and wrong ones, and synthesises what is in them."""

import io
import struct

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.int16]

PCM, MS_ADPCM, FLOAT, ALAW, MULAW, IMA_ADPCM, GSM, EXTENSIBLE = 1, 2, 3, 6, 7, 0x11, 0x31, 0xFFFE
GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
INFO = b"INFOISFT\x0e\x00\x00\x00Lavf61.7.100\x00\x00"


def chunk(name: bytes, body: bytes, *, size: int | None = None, pad: bytes = b"\0") -> bytes:
    """A chunk; `size` writes another length than the right one."""
    header = struct.pack("<4sI", name, len(body) if size is None else size)
    return header + body + (pad if len(body) % 2 else b"")


def riff(*chunks: bytes, form: bytes = b"RIFF", size: int | None = None) -> bytes:
    """The whole file."""
    body = b"WAVE" + b"".join(chunks)
    return struct.pack("<4sI", form, len(body) if size is None else size) + body


def fmt_body(tag: int, channels: int, rate_hz: int, bits: int, block: int | None = None, byte_rate: int = -1) -> bytes:
    """The 16 bytes that every format has; block align and byte rate are the right ones unless given."""
    block = channels * -(-bits // 8) if block is None else block
    byte_rate = rate_hz * block if byte_rate < 0 else byte_rate
    return struct.pack("<HHIIHH", tag, channels, rate_hz % 2**32, byte_rate % 2**32, block, bits)


def fmt(tag: int, channels: int, rate_hz: int, bits: int, block: int | None = None, extension: bytes = b"") -> bytes:
    """A plain `fmt ` chunk."""
    return chunk(b"fmt ", fmt_body(tag, channels, rate_hz, bits, block) + extension)


def extensible(
    tag: int, channels: int, rate_hz: int, bits: int, valid_bits: int = 0, mask: int = 0, tail: bytes = GUID_TAIL
) -> bytes:
    """A `fmt ` chunk as WAVEFORMATEXTENSIBLE."""
    extension = struct.pack("<HHIH", 22, valid_bits, mask, tag) + tail
    return fmt(EXTENSIBLE, channels, rate_hz, bits, extension=extension)


def data(samples: npt.NDArray[np.generic] | bytes, **how: int | bytes | None) -> bytes:
    """A `data` chunk."""
    return chunk(b"data", samples if isinstance(samples, bytes) else samples.tobytes(), **how)  # type: ignore[arg-type]


def ds64(data_bytes: int, frames: int = 0) -> bytes:
    """The chunk that holds the sizes of an RF64 or BW64 file."""
    return chunk(b"ds64", struct.pack("<QQQI", data_bytes + 72, data_bytes, frames, 0))


def music(channels: int = 1, frames: int = 4000, rate_hz: int = 44100) -> Samples:
    """Another chord for each channel, with silence and full scale in it; shape (frames, channels)."""
    time = np.arange(frames)[:, None] / rate_hz
    pitch = 220 * (1 + np.arange(channels))
    wave = 0.6 * np.sin(2 * np.pi * pitch * time) + 0.3 * np.sin(2 * np.pi * 3.01 * pitch * time + 1)
    samples = np.rint(wave * 32767).astype("<i2")
    samples[: frames // 20] = 0
    samples[frames // 2] = 32767
    samples[frames // 2 + 1] = -32768
    return samples


def widened(samples: Samples, container_bytes: int) -> bytes:
    """16-bit samples at the top of containers of 3 or 4 bytes, with other bits below them."""
    wide = np.full((samples.size, container_bytes), 0x5A, np.uint8)
    wide[:, -2:] = samples.reshape(-1, 1).view(np.uint8).reshape(-1, 2)
    return wide.tobytes()


def as_float(samples: Samples, dtype: str = "<f4") -> npt.NDArray[np.floating]:
    """16-bit samples as floats of full scale 1."""
    return (samples / 32768).astype(dtype)


def by_libsndfile(samples: Samples, subtype: str, rate_hz: int, container: str = "WAV") -> bytes:
    """The file that libsndfile writes."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, subtype=subtype, format=container)
    return file.getvalue()


def read_by_libsndfile(wav: bytes) -> Samples:
    """What libsndfile makes of a file; shape (frames, channels)."""
    samples, _ = soundfile.read(io.BytesIO(wav), dtype="int16", always_2d=True)
    return np.asarray(samples, "<i2")


def chunks_of(wav: bytes) -> dict[bytes, bytes]:
    """The chunks of a well-formed file."""
    found, at = {}, 12
    while at + 8 <= len(wav):
        name, size = struct.unpack_from("<4sI", wav, at)
        found[name] = wav[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found
