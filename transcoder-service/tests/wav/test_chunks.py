"""Pad bytes, and where samples of unknown length end."""

import time

import pytest
from wav_files import INFO, chunk

from transcoder_service.wav.chunks import after_pad, is_chunk_name, samples_end

SOUND = bytes(range(200)) * 20


class TestPadBytes:
    @pytest.mark.parametrize(
        ("ahead", "left"),
        [
            (b"\0LIST", b"LIST"),
            (b"\0data", b"data"),
            (b"LIST\x1a", b"LIST\x1a"),
            (b"dataL", b"dataL"),
            (b"xdata", b"data"),
            (b"abcd\x01", b"abcd\x01"),
            (b"\xffabcd", b"abcd"),
            (b"xabcd", b"abcd"),
            (b"", b""),
            (b"\0", b""),
            (b"x", b""),
        ],
    )
    def test_a_pad_byte_is_told_from_the_start_of_a_name(self, ahead: bytes, left: bytes) -> None:
        assert after_pad(ahead) == left


class TestChunkNames:
    @pytest.mark.parametrize("name", [b"LIST", b"fmt ", b"id3\0", b"_PMX", b"a\0\0\0"])
    def test_text_is_a_name(self, name: bytes) -> None:
        assert is_chunk_name(name)

    @pytest.mark.parametrize("name", [b"\0\0\0\0", b"\0abc", b"ab\0c", b"\x80abc", b"abc", b"ab\nc"])
    def test_other_bytes_are_none(self, name: bytes) -> None:
        assert not is_chunk_name(name)


class TestSamplesOfUnknownLength:
    @pytest.mark.parametrize(
        "trailing",
        [
            b"",
            chunk(b"LIST", INFO),
            chunk(b"LIST", INFO + b"x"),
            chunk(b"LIST", INFO + b"x", pad=b""),
            chunk(b"LIST", INFO) + b"x",
            chunk(b"LIST", INFO) + b"1234567",
            chunk(b"LIST", b"x", pad=b"") + chunk(b"id3 ", b"xyz"),
            chunk(b"id3 ", b"ID3") + chunk(b"none", b"12") + chunk(b"bext", bytes(602)),
            chunk(b"LIST", b"LIST\4\0\0\0"),
        ],
    )
    @pytest.mark.parametrize("sound", [SOUND, b"", SOUND + b"LIST", b"LIST" + SOUND, SOUND + b"LIST\xff\0\0\0"])
    def test_they_end_where_a_chain_of_chunks_begins(self, sound: bytes, trailing: bytes) -> None:
        assert samples_end(sound + trailing, 4) == len(sound)

    def test_a_chain_that_ends_elsewhere_is_sound(self) -> None:
        tail = SOUND + chunk(b"LIST", INFO) + b"\1" * 8
        assert samples_end(tail, 4) == len(tail)

    def test_a_chain_that_begins_with_an_unknown_name_is_sound(self) -> None:
        tail = SOUND + chunk(b"xyzw", b"12")
        assert samples_end(tail, 4) == len(tail)

    def test_a_pad_byte_is_no_sample_of_one_byte(self) -> None:
        tail = b"\x80" * 99 + b"\0" + chunk(b"LIST", INFO)
        assert samples_end(tail, 1) == 99
        assert samples_end(tail, 2) == 100

    @pytest.mark.parametrize("unit", [b"LIST", b"LIST\0\0\0\0", b"LIST\1\0\0\0", b"LIST\x18\0\0\0", b"LIST\1\1\0\0"])
    def test_no_tail_costs_more_than_its_length(self, unit: bytes) -> None:
        tail = (unit * 2**18)[: 2**18] + b"\0"
        started = time.process_time()
        samples_end(tail, 4)
        assert time.process_time() - started < 1
