"""ADPCM and GSM 6.10 through FFmpeg's decoders: one packet for each block that our own parser cut, no demuxer."""

from typing import cast

import av
import numpy as np

from transcoder_service.errors import WavSamplesCorrupt
from transcoder_service.wav.format import Encoding, WavFormat

_CODECS: dict[Encoding, str] = {"ima_adpcm": "adpcm_ima_wav", "ms_adpcm": "adpcm_ms", "gsm610": "gsm_ms"}


class BlockCodec:
    """A decoder for one recording."""

    def __init__(self, wav: WavFormat) -> None:
        self._block_bytes = wav.block_bytes
        self._context = cast(av.AudioCodecContext, av.CodecContext.create(_CODECS[wav.encoding], "r"))
        self._context.sample_rate = wav.sample_rate_hz
        self._context.layout = "mono" if wav.channels == 1 else "stereo"
        self._context.thread_count = 1
        self._context.options = {"bits_per_coded_sample": str(wav.bits_per_sample)}

    def decode(self, blocks: memoryview) -> bytes:
        """16-bit samples of whole blocks; raises WavSamplesCorrupt."""
        try:
            return b"".join(
                self._decode_packet(bytes(blocks[start : start + self._block_bytes]))
                for start in range(0, len(blocks), self._block_bytes)
            )
        except av.FFmpegError as error:
            raise WavSamplesCorrupt("data: a block of samples is damaged", log_detail=str(error)) from None

    def decode_rest(self, rest: bytes) -> bytes:
        """Encoders may cut the last block short; what is too short for a block's header is not a sample."""
        try:
            return self._decode_packet(rest)
        except av.FFmpegError:
            return b""

    def _decode_packet(self, packet: bytes) -> bytes:
        frames = [frame.to_ndarray() for frame in self._context.decode(av.Packet(packet))]
        # Planar samples come as (channels, frames), interleaved ones as (1, frames * channels).
        return b"".join(np.ascontiguousarray(samples.T).astype("<i2", copy=False).tobytes() for samples in frames)
