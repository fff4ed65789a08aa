"""One LAME encoder: 16-bit PCM in, MP3 frames out.

Only 16-bit integers reach LAME: a NaN or infinite float aborts the whole process in every build that was tried.
"""

import ctypes
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from transcoder_service.lame.library import Lame

SAMPLE_BYTES = 2

# LAME converts each call's samples to floats in a buffer of its own: small enough here to stay in a core's cache.
CALL_FRAMES = 4096
# lame.h: the worst case of a call is 1.25 * samples + 7200 bytes, of a flush 7200.
MP3_BUFFER_BYTES = CALL_FRAMES * 5 // 4 + 7200
TAG_BUFFER_BYTES = 4096
_VBR_MTRH = 4


@dataclass(frozen=True)
class EncoderSettings:
    """What decides the sound: `vbr_quality` 0 (best) to 9 or `cbr_kbps`, and LAME's `-q` as `effort`, 0 (best) to 9."""

    mode: Literal["vbr", "cbr"] = "vbr"
    vbr_quality: int = 4
    cbr_kbps: int = 128
    effort: int = 5


@dataclass(frozen=True)
class PcmFormat:
    """Interleaved 16-bit samples of one or two channels."""

    sample_rate_hz: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of each channel."""
        return SAMPLE_BYTES * self.channels


class EncoderFailedError(Exception):
    """LAME refused its parameters or gave up; the text has its number."""


class Encoder:
    """Must be closed; works as a context manager. With `tag` the first frame is one reserved for the Xing/LAME tag."""

    def __init__(self, lame: Lame, settings: EncoderSettings, pcm: PcmFormat, *, tag: bool) -> None:
        self._c = lame.c
        self._frame_bytes, self._stereo = pcm.frame_bytes, pcm.channels == 2
        self._mp3 = ctypes.create_string_buffer(MP3_BUFFER_BYTES)
        self._handle = self._c.lame_init()
        if not self._handle:
            raise EncoderFailedError("lame_init: no memory")
        self._c.lame_set_in_samplerate(self._handle, pcm.sample_rate_hz)
        self._c.lame_set_num_channels(self._handle, pcm.channels)
        if settings.mode == "vbr":
            self._c.lame_set_VBR(self._handle, _VBR_MTRH)
            self._c.lame_set_VBR_quality(self._handle, settings.vbr_quality)
        else:
            self._c.lame_set_brate(self._handle, settings.cbr_kbps)
        self._c.lame_set_quality(self._handle, settings.effort)
        self._c.lame_set_bWriteVbrTag(self._handle, int(tag))
        if (status := self._c.lame_init_params(self._handle)) < 0:
            self.close()
            raise EncoderFailedError(f"lame_init_params: {status} for {pcm}, {settings}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def out_sample_rate_hz(self) -> int:
        """The MP3's, which LAME picks."""
        return int(self._c.lame_get_out_samplerate(self._handle))

    @property
    def samples_per_frame(self) -> int:
        """1152, or 576 below 32 kHz."""
        return int(self._c.lame_get_framesize(self._handle))

    def encode(self, pcm: bytes, first_frame: int = 0, end_frame: int | None = None) -> bytes:
        """Take whole frames of `pcm` from `first_frame` on; the MP3 bytes that came out, perhaps none."""
        address = ctypes.cast(ctypes.c_char_p(pcm), ctypes.c_void_p).value or 0
        end = len(pcm) // self._frame_bytes if end_frame is None else end_frame
        pieces = []
        for at in range(first_frame, end, CALL_FRAMES):
            source = address + at * self._frame_bytes
            pieces.append(self._encode_call(source, min(CALL_FRAMES, end - at)))
        return b"".join(pieces)

    def empty_reservoir(self) -> bytes:
        """Let the frames so far stand on their own, so that those of another encoder may follow; may be gone on with.

        Samples still inside, and what is known of earlier ones, stay.
        """
        length = self._c.lame_encode_flush_nogap(self._handle, self._mp3, MP3_BUFFER_BYTES)
        return self._taken("lame_encode_flush_nogap", length)

    def finish(self) -> bytes:
        """The frames that were still inside; nothing may follow but `tag` and `padding_samples`."""
        return self._taken("lame_encode_flush", self._c.lame_encode_flush(self._handle, self._mp3, MP3_BUFFER_BYTES))

    def tag(self) -> bytes:
        """The Xing/LAME frame for what was encoded so far; empty without one."""
        buffer = ctypes.create_string_buffer(TAG_BUFFER_BYTES)
        length: int = self._c.lame_get_lametag_frame(self._handle, buffer, TAG_BUFFER_BYTES)
        return buffer.raw[:length]

    def padding_samples(self) -> int:
        """Silence after the last sample, in the MP3's samples; known after `finish`."""
        return int(self._c.lame_get_encoder_padding(self._handle))

    def close(self) -> None:
        """Free it; may be called twice."""
        if self._handle:
            self._c.lame_close(self._handle)
            self._handle = None

    def _encode_call(self, source: int, frames: int) -> bytes:
        if self._stereo:
            name = "lame_encode_buffer_interleaved"
            length = self._c.lame_encode_buffer_interleaved(self._handle, source, frames, self._mp3, MP3_BUFFER_BYTES)
        else:
            name = "lame_encode_buffer"
            length = self._c.lame_encode_buffer(self._handle, source, source, frames, self._mp3, MP3_BUFFER_BYTES)
        return self._taken(name, length)

    def _taken(self, call: str, length: int) -> bytes:
        if length < 0:
            raise EncoderFailedError(f"{call}: {length}")
        return ctypes.string_at(self._mp3, length)
