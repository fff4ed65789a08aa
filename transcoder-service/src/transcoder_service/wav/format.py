"""The `fmt ` chunk: how samples are stored.

Sources: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (WAVEFORMAT) and "Multiple Channel
Audio Data and WAVE Files" (WAVEFORMATEXTENSIBLE); RFC 2361 for the format tags. The average byte rate is not looked
at: decoding does not need it, and writers that cannot know it leave it 0.
"""

import struct
from dataclasses import dataclass
from typing import Literal

from transcoder_service.errors import (
    WavBitDepthUnsupported,
    WavBlockAlignWrong,
    WavChannelsUnsupported,
    WavCodecUnknown,
    WavFormatInvalid,
    WavSampleRateUnsupported,
)

Encoding = Literal["pcm", "float", "alaw", "mulaw", "ima_adpcm", "ms_adpcm", "gsm610"]

MIN_FORMAT_BYTES, MAX_FORMAT_BYTES = 16, 4096
MIN_RATE_HZ, MAX_RATE_HZ = 5_000, 384_000

EXTENSIBLE = 0xFFFE
EXTENSIBLE_BYTES = 40
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # KSDATAFORMAT_SUBTYPE_*: the tag stands in front

_ENCODINGS: dict[int, Encoding] = {
    0x0001: "pcm",
    0x0002: "ms_adpcm",
    0x0003: "float",
    0x0006: "alaw",
    0x0007: "mulaw",
    0x0011: "ima_adpcm",
    0x0031: "gsm610",
}
_EXTENSIBLE_ENCODINGS = frozenset({"pcm", "float", "alaw", "mulaw"})
_BIT_DEPTHS: dict[Encoding, tuple[int, ...]] = {
    "pcm": (8, 16, 20, 24, 32),
    "float": (32, 64),
    "alaw": (8,),
    "mulaw": (8,),
    "ima_adpcm": (4,),
    "ms_adpcm": (4,),
    "gsm610": (0,),
}
_MOST_CHANNELS: dict[Encoding, int] = {"ima_adpcm": 2, "ms_adpcm": 2, "gsm610": 1}
_OTHER_TAGS = {
    0x0000: "unknown",
    0x0010: "OKI ADPCM",
    0x0022: "TrueSpeech",
    0x0040: "G.721 ADPCM",
    0x0045: "G.726 ADPCM",
    0x0050: "MPEG layer 1 or 2",
    0x0055: "MP3",
    0x0064: "G.726 ADPCM",
    0x00FF: "AAC",
    0x0161: "Windows Media Audio",
    0x2000: "AC-3",
    0x674F: "Ogg Vorbis",
    0xF1AC: "FLAC",
}
# The seven predictors that every MS ADPCM file has; the codec knows these alone.
_MS_PREDICTORS = struct.pack("<14h", 256, 0, 512, -256, 0, 0, 192, 64, 240, 0, 460, -208, 392, -232)
# A codec call costs as much as encoding some 60 samples, so blocks that hold fewer would cost more than their sound.
_LEAST_ADPCM_BYTES = 32
_GSM_BLOCK_BYTES, _GSM_BLOCK_FRAMES = 65, 320
_GSM_BITS = 13  # what the codec takes in (ETSI EN 300 961); the header says 0


@dataclass(frozen=True)
class WavFormat:
    """How samples are stored.

    A block is the least that can be decoded: one frame (a sample of each channel) for most encodings, up to some
    thousands for ADPCM and GSM. `bits_per_sample` are the valid ones, for PCM in a container of `container_bytes`.
    `channel_mask` is 0 where the file does not say which speaker a channel is for.
    """

    encoding: Encoding
    channels: int
    sample_rate_hz: int
    bits_per_sample: int
    container_bytes: int
    block_bytes: int
    block_frames: int
    channel_mask: int = 0


def parse_format(body: bytes) -> WavFormat:
    """Read the body of a `fmt ` chunk; raises the Problem that names the field that is wrong."""
    tag, channels, rate_hz, _byte_rate, block_bytes, bits = struct.unpack_from("<HHIIHH", body)
    valid_bits, mask = bits, 0
    extensible = tag == EXTENSIBLE
    if extensible:
        tag, valid_bits, mask = _read_extension(body, bits)
    encoding = _ENCODINGS.get(tag)
    if encoding is None or (extensible and encoding not in _EXTENSIBLE_ENCODINGS):
        name = _OTHER_TAGS.get(tag) or encoding or "unknown"
        raise WavCodecUnknown(
            f"fmt: the format tag is 0x{tag:04X} ({name}); expected PCM, float, A-law, mu-law, IMA ADPCM, MS ADPCM or "
            "GSM 6.10"
        )
    _check_channels(encoding, channels)
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        raise WavSampleRateUnsupported(f"fmt: the sample rate is {rate_hz} Hz; expected {MIN_RATE_HZ} to {MAX_RATE_HZ}")
    _check_bits(encoding, bits, valid_bits)
    if encoding == "ms_adpcm":
        _check_predictors(body)
    return WavFormat(
        encoding=encoding,
        channels=channels,
        sample_rate_hz=rate_hz,
        bits_per_sample=_GSM_BITS if encoding == "gsm610" else valid_bits,
        container_bytes=-(-bits // 8),
        block_bytes=block_bytes,
        block_frames=_block_frames(encoding, channels, bits, block_bytes),
        channel_mask=mask,
    )


def _read_extension(body: bytes, bits: int) -> tuple[int, int, int]:
    """The format tag, valid bits per sample and channel mask of a WAVEFORMATEXTENSIBLE."""
    if len(body) < EXTENSIBLE_BYTES:
        raise WavFormatInvalid(f"fmt: EXTENSIBLE, but {len(body)} bytes long; expected {EXTENSIBLE_BYTES}")
    valid_bits, mask, tag = struct.unpack_from("<HIH", body, 18)
    if body[26:EXTENSIBLE_BYTES] != _GUID_TAIL:
        raise WavCodecUnknown(f"fmt: the sub-format is {body[24:EXTENSIBLE_BYTES].hex()}, which is not supported")
    return tag, valid_bits or bits, mask


def _check_channels(encoding: Encoding, channels: int) -> None:
    most = _MOST_CHANNELS.get(encoding, 8)
    if not 1 <= channels <= most:
        raise WavChannelsUnsupported(f"fmt: {channels} channels; expected {'1' if most == 1 else f'1 to {most}'}")


def _check_bits(encoding: Encoding, bits: int, valid_bits: int) -> None:
    known = _BIT_DEPTHS[encoding]
    if bits not in known:
        expected = " or ".join(map(str, known))
        raise WavBitDepthUnsupported(f"fmt: {bits} bits per sample of {encoding}; expected {expected}")
    if not min(bits, 1) <= valid_bits <= bits:
        raise WavBitDepthUnsupported(f"fmt: {valid_bits} valid bits in samples of {bits}; expected 1 to {bits}")


def _check_predictors(body: bytes) -> None:
    """Other predictors than the standard ones would decode to noise."""
    count = int.from_bytes(body[20:22], "little")
    if len(body) >= 22 and body[22 : 22 + 4 * count] != _MS_PREDICTORS:
        raise WavCodecUnknown(f"fmt: MS ADPCM with {count} predictors of its own; expected the 7 standard ones")


def _block_frames(encoding: Encoding, channels: int, bits: int, block_bytes: int) -> int:
    """Frames in a block of `block_bytes`; raises WavBlockAlignWrong where the two do not fit."""
    if encoding == "gsm610":
        fits, expected, frames = block_bytes == _GSM_BLOCK_BYTES, str(_GSM_BLOCK_BYTES), _GSM_BLOCK_FRAMES
    elif encoding == "ima_adpcm":
        # For each channel 4 bytes that hold one sample, then groups of 4 bytes that hold 8.
        groups, rest = divmod(block_bytes, 4 * channels)
        frames = 8 * (groups - 1) + 1
        fits = block_bytes >= _LEAST_ADPCM_BYTES * channels and not rest
        expected = f"a multiple of {4 * channels} from {_LEAST_ADPCM_BYTES * channels} on"
    elif encoding == "ms_adpcm":
        # For each channel 7 bytes that hold two samples, then two samples a byte.
        frames = 2 * (block_bytes - 7 * channels) // channels + 2
        fits, expected = block_bytes >= _LEAST_ADPCM_BYTES * channels, f"{_LEAST_ADPCM_BYTES * channels} or more"
    else:
        frame_bytes = channels * -(-bits // 8)
        fits, expected, frames = block_bytes == frame_bytes, str(frame_bytes), 1
    if not fits:
        raise WavBlockAlignWrong(f"fmt: the block align is {block_bytes} bytes; expected {expected}")
    return frames
