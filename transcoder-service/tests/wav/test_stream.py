"""When the parser says what, and what it passes on."""

import pytest
from wav_files import INFO, PCM, chunk, data, fmt, music, riff

from transcoder_service.errors import WavTruncated
from transcoder_service.wav import stream
from transcoder_service.wav.stream import WavStream, may_be_streamed

HEADER = fmt(PCM, 2, 44100, 16)


def pieces_of(parser: WavStream, block: bytes) -> list[bytes]:
    return [bytes(piece) for piece in parser.feed(block)]


class TestWavStream:
    def test_the_format_is_known_as_soon_as_its_chunk_is_there(self) -> None:
        parser = WavStream()
        wav = riff(HEADER, data(b"1234"))
        assert pieces_of(parser, wav[:35]) == []
        assert parser.format is None
        assert pieces_of(parser, wav[35:36]) == []
        assert parser.format is not None
        assert parser.format.sample_rate_hz == 44100

    def test_samples_are_passed_on_at_once_without_a_copy(self) -> None:
        parser = WavStream()
        pieces_of(parser, riff(HEADER, data(b"", size=4000)))
        block = bytes(1000)
        (piece,) = parser.feed(block)
        assert piece.obj is block

    def test_sizes_are_told(self) -> None:
        parser = WavStream()
        pieces_of(parser, riff(HEADER, chunk(b"fact", b"\7\0\0\0"), data(b"", size=4000)))
        assert parser.data_bytes == 4000
        assert parser.fact_frames == 7

    def test_no_piece_is_lost_around_the_held_tail(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream, "HELD_BYTES", 100)
        sound = music(2).tobytes()
        for block_bytes in (1, 7, 99, 100, 101, 199, 200, 201, 5000):
            parser = WavStream()
            wav = riff(HEADER, data(sound, size=0), chunk(b"LIST", INFO))
            found = [pieces_of(parser, wav[at : at + block_bytes]) for at in range(0, len(wav), block_bytes)]
            found.append([bytes(piece) for piece in parser.finish()])
            assert b"".join(piece for pieces in found for piece in pieces) == sound

    def test_a_chain_longer_than_the_held_tail_is_cut_alike_for_any_split(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "HELD_BYTES", 100)
        wav = riff(HEADER, data(music(2).tobytes(), size=0), chunk(b"LIST", bytes(120)) + chunk(b"id3 ", bytes(20)))
        lengths = set()
        for block_bytes in (1, 64, 99, 101, 150, 199, 20_000):
            parser = WavStream()
            found = [pieces_of(parser, wav[at : at + block_bytes]) for at in range(0, len(wav), block_bytes)]
            found.append([bytes(piece) for piece in parser.finish()])
            lengths.add(sum(len(piece) for pieces in found for piece in pieces))
        assert lengths == {16_000 + 8 + 120}

    def test_a_size_that_looks_unknown_is_believed_once_so_many_bytes_came(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "may_be_streamed", lambda size: True)
        parser = WavStream()
        found = pieces_of(parser, riff(HEADER, data(b"abcd"), chunk(b"note", b"12") + b"junk"))
        assert [*found, *map(bytes, parser.finish())] == [b"abcd"]

    def test_truncation_is_told_at_the_end(self) -> None:
        parser = WavStream()
        assert pieces_of(parser, riff(HEADER, data(b"abcd", size=8))) == [b"abcd"]
        with pytest.raises(WavTruncated):
            list(parser.finish())


class TestUnknownSizes:
    @pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x7FFFFF00, 0x80000000, 2**32 - 1, 2**32 - 37])
    def test_these_mean_that_the_writer_did_not_know(self, size: int) -> None:
        assert may_be_streamed(size)

    @pytest.mark.parametrize("size", [1, 4, 635_040_000, 0x7FFFEFFF, 0x80000001, 0xF0000000])
    def test_these_are_meant(self, size: int) -> None:
        assert not may_be_streamed(size)
