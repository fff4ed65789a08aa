"""MPEG audio layer III frames as LAME writes them (ISO 11172-3, 2.4.1 and 13818-3): headers, sizes, contents."""

from functools import cache
from typing import NamedTuple

HEADER_BYTES = 4

_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_MPEG_1 = 3
_MONO = 3


class FrameKind(NamedTuple):
    """What the second and third byte of a header say."""

    length_bytes: int
    kbps: int


class FrameContent(NamedTuple):
    """What a decoder makes sound of: the side information without its pointer into the reservoir, and the main data."""

    side_information: int
    mode_extension: int
    main_data: int


@cache
def frame_kind(second: int, third: int) -> FrameKind:
    """Raises ValueError for what is no header of a layer III frame with a bit rate."""
    version, rate_index, kbps_index = second >> 3 & 3, third >> 2 & 3, third >> 4
    if second >> 5 != 7 or second >> 1 & 3 != 1 or version == 1 or rate_index == 3 or not 0 < kbps_index < 15:
        raise ValueError(f"not a frame header: {second:02x} {third:02x}")
    kbps = (_KBPS_1 if version == _MPEG_1 else _KBPS_2)[kbps_index]
    slots = 144_000 if version == _MPEG_1 else 72_000
    return FrameKind(slots * kbps // _RATES_HZ[version][rate_index] + (third >> 1 & 1), kbps)


def whole_frames(mp3: bytes | bytearray) -> list[tuple[int, FrameKind]]:
    """Offset and kind of each frame that is there to its end."""
    frames = []
    at, end = 0, len(mp3) - HEADER_BYTES
    while at <= end:
        kind = frame_kind(mp3[at + 1], mp3[at + 2])
        after = at + kind[0]
        if after > len(mp3):
            break
        frames.append((at, kind))
        at = after
    return frames


def last_contents(mp3: bytes | bytearray, count: int) -> list[FrameContent]:
    """Contents of the last `count` frames of whole ones; raises ValueError where their main data is not all there."""
    frames = whole_frames(mp3)
    main_data, starts = bytearray(), []
    for at, kind in frames:
        starts.append(len(main_data))
        main_data += mp3[at + HEADER_BYTES + _side_bytes(mp3, at) : at + kind.length_bytes]
    if len(frames) < count:
        raise ValueError(f"{len(frames)} frames; expected {count} at least")
    return [
        _content(mp3, at, main_data, start) for (at, _), start in zip(frames[-count:], starts[-count:], strict=True)
    ]


def _side_bytes(mp3: bytes | bytearray, at: int) -> int:
    mono = mp3[at + 3] >> 6 == _MONO
    if mp3[at + 1] >> 3 & 3 == _MPEG_1:
        return 17 if mono else 32
    return 9 if mono else 17


def _content(mp3: bytes | bytearray, at: int, main_data: bytearray, start: int) -> FrameContent:
    mpeg_1, mono = mp3[at + 1] >> 3 & 3 == _MPEG_1, mp3[at + 3] >> 6 == _MONO
    size = 8 * _side_bytes(mp3, at)
    side = int.from_bytes(mp3[at + HEADER_BYTES : at + HEADER_BYTES + size // 8], "big")
    pointer_bits = 9 if mpeg_1 else 8
    channels, granules = (1 if mono else 2), (2 if mpeg_1 else 1)
    private_and_sharing = (5 if mono else 3) + 4 * channels if mpeg_1 else channels
    per_granule = 59 if mpeg_1 else 63
    first = size - pointer_bits - private_and_sharing - 12
    bits = sum(side >> first - n * per_granule & 0xFFF for n in range(granules * channels))
    begin = start - (side >> size - pointer_bits)
    whole = main_data[begin : begin + (bits + 7) // 8] if begin >= 0 else b""
    if 8 * len(whole) < bits:
        raise ValueError("a frame's main data begins before the first frame")
    content = int.from_bytes(whole, "big") >> 8 * len(whole) - bits
    return FrameContent(side & (1 << size - pointer_bits) - 1, mp3[at + 3] & 0x30, content)
