"""Decoders of one encoding each: whole blocks in, interleaved 16-bit little-endian PCM of the same channels out."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from transcoder_service.pcm.block_codecs import BlockCodec
from transcoder_service.pcm.segment import audioop
from transcoder_service.wav.format import WavFormat

OUT_BYTES = 2
FULL_SCALE = 32768


class Decoder(Protocol):
    """Decodes blocks of `WavFormat.block_bytes`; may keep state from one call to the next."""

    def decode(self, blocks: memoryview) -> bytes:
        """16-bit samples of whole blocks; raises WavSamplesCorrupt."""

    def decode_rest(self, rest: bytes) -> bytes:
        """16-bit samples of what is left at the end, less than a block; none where that cannot be decoded."""


class _Frames:
    """Of an encoding whose block is a single frame nothing can be decoded from less than one."""

    def decode_rest(self, rest: bytes) -> bytes:  # noqa: ARG002
        return b""


class Pcm16(_Frames):
    def decode(self, blocks: memoryview) -> bytes:
        """The samples as they are, without a copy where the block has nothing else."""
        whole = blocks.obj
        return whole if isinstance(whole, bytes) and len(whole) == len(blocks) else bytes(blocks)


class Pcm8(_Frames):
    def decode(self, blocks: memoryview) -> bytes:
        """8-bit PCM is the one that is unsigned."""
        signed = audioop.bias(blocks, 1, 128)
        samples: bytes = audioop.lin2lin(signed, 1, OUT_BYTES)
        return samples


class PcmWide(_Frames):
    """PCM in containers of 3 or 4 bytes: their upper 16 bits. Valid bits stand at the top of a container."""

    def __init__(self, container_bytes: int) -> None:
        self._container_bytes = container_bytes

    def decode(self, blocks: memoryview) -> bytes:
        samples: bytes = audioop.lin2lin(blocks, self._container_bytes, OUT_BYTES)
        return samples


class Float(_Frames):
    """Floats of 4 or 8 bytes, full scale at 1: clipped, and what is not a number made silent.

    Neither may reach LAME, in which NaN and infinity end the whole process.
    """

    def __init__(self, container_bytes: int) -> None:
        self._dtype: np.dtype[Any] = np.dtype(f"<f{container_bytes}")

    def decode(self, blocks: memoryview) -> bytes:
        raw: npt.NDArray[np.floating[Any]] = np.frombuffer(blocks, self._dtype)
        with np.errstate(invalid="ignore"):
            samples = np.clip(raw, -1.0, 1.0)
        samples[np.isnan(samples)] = 0
        samples *= FULL_SCALE
        np.rint(samples, out=samples)
        np.minimum(samples, FULL_SCALE - 1, out=samples)
        pcm: npt.NDArray[np.int16] = samples.astype("<i2")
        return pcm.tobytes()


class ALaw(_Frames):
    def decode(self, blocks: memoryview) -> bytes:
        samples: bytes = audioop.alaw2lin(blocks, OUT_BYTES)
        return samples


class MuLaw(_Frames):
    def decode(self, blocks: memoryview) -> bytes:
        samples: bytes = audioop.ulaw2lin(blocks, OUT_BYTES)
        return samples


def new_decoder(wav: WavFormat) -> Decoder:
    """The decoder for a format that `parse_format` accepted."""
    if wav.encoding == "pcm":
        narrow: dict[int, type[Pcm8 | Pcm16]] = {1: Pcm8, 2: Pcm16}
        return narrow[wav.container_bytes]() if wav.container_bytes in narrow else PcmWide(wav.container_bytes)
    if wav.encoding == "float":
        return Float(wav.container_bytes)
    if wav.encoding == "alaw":
        return ALaw()
    if wav.encoding == "mulaw":
        return MuLaw()
    return BlockCodec(wav)
