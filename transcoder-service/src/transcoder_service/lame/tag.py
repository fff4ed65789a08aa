"""The Xing/LAME tag of an MP3 that several encoders wrote parts of.

LAME keeps what the tag needs for the frames of one encoder. Here the same is kept for the frames of all, and written
into the tag frame of the first. Layout: "Mp3 Info Tag rev 1" by G. Wesp; the seek table as LAME 3.100 makes it.
"""

import struct

from transcoder_service.lame.crc import crc16
from transcoder_service.lame.frames import whole_frames

DELAY_SAMPLES = 576

# Offsets from the word "Xing" or "Info".
_FRAMES, _BYTES, _TOC, _DELAY_AND_PADDING, _MUSIC_LENGTH, _MUSIC_CRC, _TAG_CRC = 8, 12, 16, 141, 148, 152, 154
_MODE_EXTENSION = 0x30  # of the fourth byte of a frame's header
_TOC_ENTRIES = 100
_SEEK_POINTS = 400


class SeekTable:
    """Bit rates summed up at every nth frame; n doubles whenever there are too many points."""

    def __init__(self) -> None:
        self._sum = 0
        self._seen, self._wanted = 0, 1
        self._points: list[int] = []

    def add(self, kbps_of_frames: list[int]) -> None:
        """The next frames."""
        for kbps in kbps_of_frames:
            self._sum += kbps
            self._seen += 1
            if self._seen == self._wanted:
                self._points.append(self._sum)
                self._seen = 0
                if len(self._points) == _SEEK_POINTS:
                    self._points = self._points[1::2]
                    self._wanted *= 2

    def entries(self) -> bytes:
        """For each percent of the time how many 256ths of the bytes lie before it."""
        count = len(self._points)
        return bytes(
            min(255, 256 * self._points[min(percent * count // _TOC_ENTRIES, count - 1)] // self._sum) if percent else 0
            for percent in range(_TOC_ENTRIES)
        )


class FrameLedger:
    """What a tag says of the frames that follow it. They arrive as bytes, cut anywhere."""

    def __init__(self) -> None:
        self.frame_count = 0
        self.byte_count = 0
        self._crc = 0
        self._seek_table = SeekTable()
        self._cut_off = bytearray()
        self._mode_extension = 0

    def add(self, mp3: bytes | bytearray) -> tuple[bytearray, list[int]]:
        """The next bytes; the frames that are whole with them, and where each begins."""
        self.byte_count += len(mp3)
        self._crc = crc16(mp3, self._crc)
        self._cut_off += mp3
        frames = whole_frames(self._cut_off)
        if not frames:
            return bytearray(), []
        self.frame_count += len(frames)
        self._seek_table.add([kind.kbps for _, kind in frames])
        last_at, last_kind = frames[-1]
        whole = self._cut_off[: last_at + last_kind.length_bytes]
        del self._cut_off[: len(whole)]
        self._mode_extension = whole[last_at + 3] & _MODE_EXTENSION
        return whole, [at for at, _ in frames]

    def write_into(self, tag: bytes, padding_samples: int) -> bytes:
        """The tag frame of the first encoder, its figures replaced by those of all frames."""
        frame = bytearray(tag)
        frame[3] = frame[3] & ~_MODE_EXTENSION | self._mode_extension  # as LAME does: the last frame's
        start = max(frame.find(b"Xing"), frame.find(b"Info"))
        total_bytes = len(tag) + self.byte_count
        struct.pack_into(">II", frame, start + _FRAMES, self.frame_count, total_bytes)
        frame[start + _TOC : start + _TOC + _TOC_ENTRIES] = self._seek_table.entries()
        delay_and_padding = DELAY_SAMPLES << 12 | padding_samples
        frame[start + _DELAY_AND_PADDING : start + _DELAY_AND_PADDING + 3] = delay_and_padding.to_bytes(3, "big")
        struct.pack_into(">IH", frame, start + _MUSIC_LENGTH, total_bytes, self._crc)
        struct.pack_into(">H", frame, start + _TAG_CRC, crc16(frame[: start + _TAG_CRC]))
        return bytes(frame)
