"""The tag made of a ledger is LAME's own, field by field, and the CRC is the one that its specification names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yardstick import changing_music

from transcoder_service.lame.crc import crc16
from transcoder_service.lame.encoder import Encoder, EncoderSettings, PcmFormat
from transcoder_service.lame.frames import whole_frames
from transcoder_service.lame.library import load_lame
from transcoder_service.lame.tag import FrameLedger


def bitwise_crc16(data: bytes, crc: int) -> int:
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


class TestCrc16:
    @given(data=st.binary(max_size=3000), start=st.integers(0, 0xFFFF))
    def test_is_that_of_the_bits(self, data: bytes, start: int) -> None:
        assert crc16(data, start) == bitwise_crc16(data, start)

    def test_of_the_check_string(self) -> None:
        assert crc16(b"123456789") == 0xBB3D  # CRC-16/ARC in the catalogue of parametrised CRCs


class TestATag:
    @pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (48000, 1), (22050, 2), (16000, 1), (8000, 1)])
    @pytest.mark.parametrize("seconds", [0.01, 1, 40])
    @pytest.mark.parametrize("piece_bytes", [417, 65536])
    def test_is_what_lame_writes_for_the_same_frames(
        self, rate: int, channels: int, seconds: float, piece_bytes: int
    ) -> None:
        pcm = changing_music(seconds, rate, channels).tobytes()
        with Encoder(load_lame(""), EncoderSettings(), PcmFormat(rate, channels), tag=True) as encoder:
            mp3 = encoder.encode(pcm) + encoder.finish()
            expected, padding = encoder.tag(), encoder.padding_samples()
        frames = mp3[len(expected) :]
        ledger = FrameLedger()
        for at in range(0, len(frames), piece_bytes):
            ledger.add(frames[at : at + piece_bytes])
        empty = bytearray(expected)
        for at in (8, 12, 16, 152, 154):  # the figures that are to be filled in
            start = expected.index(b"Xing") + at
            empty[start : start + 2] = b"\0\0"

        assert ledger.write_into(bytes(empty), padding) == expected
        assert ledger.frame_count == len(whole_frames(frames))
