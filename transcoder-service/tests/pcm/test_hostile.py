"""Every row of the hostile table: refused with this code, and from the first block where the header tells."""

import struct
import tracemalloc
from dataclasses import dataclass

import pytest
from wav_files import (
    ALAW,
    EXTENSIBLE,
    FLOAT,
    GSM,
    IMA_ADPCM,
    INFO,
    MS_ADPCM,
    PCM,
    chunk,
    data,
    ds64,
    extensible,
    fmt,
    fmt_body,
    music,
    riff,
)

from service_kit.problems import Problem
from transcoder_service.pcm.reader import PcmReader

SOUND = data(music(2))
STEREO = fmt(PCM, 2, 44100, 16)
MS_EXTENSION = struct.pack("<HHH", 32, 500, 7)


@dataclass(frozen=True)
class Hostile:
    """`says` must stand in the detail; `early`: refused before the end is known."""

    name: str
    upload: bytes
    code: str
    says: str
    early: bool = True


def with_fmt(header: bytes) -> bytes:
    return riff(header, SOUND)


NOT_WAVS = {
    "MP3 with a tag": (b"ID3\x04\x00\x00\x00\x00\x00\x23TSSE", "MP3"),
    "MP3 without a tag": (b"\xff\xfb\x90\x64" + bytes(400), "MPEG audio"),
    "AAC": (b"\xff\xf1\x50\x80" + bytes(400), "MPEG audio"),
    "Ogg": (b"OggS" + bytes(400), "Ogg"),
    "FLAC": (b"fLaC" + bytes(400), "FLAC"),
    "M4A": (b"\0\0\0\x20ftypM4A " + bytes(400), "MP4"),
    "AIFF": (b"FORM\0\0\1\0AIFFCOMM", "AIFF"),
    "Wave64": (bytes.fromhex("726966662e91cf11a5d628db04c10000") + bytes(99), "Wave64"),
    "AVI": (riff(b"").replace(b"WAVE", b"AVI "), "'AVI '"),
    "RIFF of a form that is no text": (b"RIFF\x24\0\0\0\0\1\2\3", "unknown form"),
    "text": (b"Dear sirs, please find my recording enclosed", "text"),
    "HTML": (b"<!DOCTYPE html><html>", "text"),
    "UTF-8 with a mark": (b"\xef\xbb\xbf\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82", "text"),
    "noise": (bytes(range(128, 192)), "unknown binary data"),
    "zeros": (bytes(1000), "unknown binary data"),
}


def hostile() -> list[Hostile]:
    return [
        *(Hostile(name, upload, "not_a_wav", says) for name, (upload, says) in NOT_WAVS.items()),
        Hostile("nothing", b"", "upload_empty", "no bytes", early=False),
        Hostile("four bytes", b"RIFF", "not_a_wav", "RIFF", early=False),
        Hostile("RIFX", riff(STEREO, SOUND, form=b"RIFX"), "wav_big_endian", "RIFX"),
        *_structure(),
        *_formats(),
        *_ends(),
    ]


def _structure() -> list[Hostile]:
    tiny = chunk(b"note", b"") * 5000
    return [
        Hostile("data before fmt", riff(SOUND, STEREO), "wav_format_missing", "before a fmt"),
        Hostile("second fmt", riff(STEREO, STEREO, SOUND), "wav_chunk_repeated", "second fmt"),
        Hostile("second fmt after", riff(STEREO, SOUND, STEREO), "wav_chunk_repeated", "'fmt'"),
        Hostile("second data", riff(STEREO, SOUND, SOUND), "wav_chunk_repeated", "'data'"),
        Hostile("5000 chunks", riff(STEREO, tiny, SOUND), "wav_too_many_chunks", "1000"),
        Hostile("5000 chunks after", riff(STEREO, SOUND, tiny), "wav_too_many_chunks", "1000"),
        Hostile("fmt of 3 GB", riff(chunk(b"fmt ", b"", size=3 * 2**30)), "wav_format_invalid", str(3 * 2**30)),
        Hostile("fmt of 14 bytes", with_fmt(chunk(b"fmt ", bytes(14))), "wav_format_invalid", "14"),
        Hostile("fmt of 0 bytes", with_fmt(chunk(b"fmt ", b"")), "wav_format_invalid", "expected 16 to 4096"),
        Hostile("LIST of 4 GB", riff(chunk(b"LIST", b"", size=2**32 - 1)), "wav_header_too_long", "LIST"),
        Hostile("LIST of 33 MB", riff(chunk(b"LIST", b"", size=33 * 2**20)), "wav_header_too_long", "33554432"),
        Hostile("a name that is no text", riff(STEREO, b"\1\2\3\4" + bytes(99)), "wav_chunk_invalid", "01020304"),
        Hostile("zeros for chunks", riff(bytes(99999)), "wav_chunk_invalid", "At byte 12"),
        Hostile("ds64 too short", riff(chunk(b"ds64", bytes(12)), form=b"RF64"), "wav_chunk_invalid", "ds64"),
    ]


def _formats() -> list[Hostile]:
    guid = bytes.fromhex("2107d3118644c8c1ca000000") + bytes(2)
    channels, rate, bits, align, codec, malformed = (
        "wav_channels_unsupported",
        "wav_sample_rate_unsupported",
        "wav_bit_depth_unsupported",
        "wav_block_align_wrong",
        "wav_codec_unknown",
        "wav_format_invalid",
    )
    rows = [
        ("0 channels", fmt(PCM, 0, 44100, 16), channels, "0 channels"),
        ("9 channels", fmt(PCM, 9, 44100, 16), channels, "expected 1 to 8"),
        ("65535 channels", fmt(PCM, 65535, 44100, 16, 2), channels, "65535"),
        ("GSM in stereo", fmt(GSM, 2, 8000, 0, 65), channels, "expected 1"),
        ("IMA ADPCM with 3 channels", fmt(IMA_ADPCM, 3, 8000, 4, 36), channels, "1 to 2"),
        ("rate 0", fmt(PCM, 2, 0, 16), rate, "0 Hz; expected 5000 to 384000"),
        ("rate 4999", fmt(PCM, 2, 4999, 16), rate, "4999"),
        ("rate 384001", fmt(PCM, 2, 384001, 16), rate, "384001"),
        ("rate 4294967295", fmt(PCM, 2, 2**32 - 1, 16), rate, "4294967295"),
        ("0 bits", fmt(PCM, 2, 44100, 0, 4), bits, "0 bits"),
        ("7 bits", fmt(PCM, 2, 44100, 7), bits, "7 bits"),
        ("12 bits", fmt(PCM, 2, 44100, 12), bits, "12 bits"),
        ("64 bits of PCM", fmt(PCM, 2, 44100, 64), bits, "64 bits"),
        ("65535 bits", fmt(PCM, 2, 44100, 65535, 4), bits, "65535"),
        ("16 bits of float", fmt(FLOAT, 2, 44100, 16), bits, "32 or 64"),
        ("16 bits of A-law", fmt(ALAW, 1, 8000, 16), bits, "expected 8"),
        ("3 bits of IMA ADPCM", fmt(IMA_ADPCM, 1, 8000, 3, 256), bits, "expected 4"),
        ("more valid bits than bits", extensible(PCM, 2, 44100, 16, valid_bits=24), bits, "24 valid bits"),
        ("block align 0", fmt(PCM, 2, 44100, 16, 0), align, "0 bytes; expected 4"),
        ("block align 3", fmt(PCM, 2, 44100, 16, 3), align, "expected 4"),
        ("24 in 32 bits, plain", fmt(PCM, 2, 44100, 24, 8), align, "expected 6"),
        ("block align 65535", fmt(PCM, 2, 44100, 16, 65535), align, "65535"),
        ("GSM with blocks of 33", fmt(GSM, 1, 8000, 0, 33), align, "expected 65"),
        ("IMA ADPCM with blocks of 0", fmt(IMA_ADPCM, 1, 8000, 4, 0), align, "multiple of 4"),
        ("IMA ADPCM with blocks of headers", fmt(IMA_ADPCM, 2, 8000, 4, 8), align, "multiple of 8"),
        ("IMA ADPCM with blocks of 257", fmt(IMA_ADPCM, 1, 8000, 4, 257), align, "multiple of 4"),
        ("IMA ADPCM with blocks of 28", fmt(IMA_ADPCM, 1, 8000, 4, 28), align, "from 32 on"),
        ("MS ADPCM with blocks of headers", fmt(MS_ADPCM, 2, 8000, 4, 14), align, "64 or more"),
        ("tag 0", fmt(0, 2, 44100, 16), codec, "0x0000"),
        ("MP3 in WAV", fmt(0x55, 2, 44100, 0, 1), codec, "0x0055 (MP3)"),
        ("tag 0x1234", fmt(0x1234, 2, 44100, 16), codec, "0x1234 (unknown)"),
        ("EXTENSIBLE in EXTENSIBLE", extensible(EXTENSIBLE, 2, 44100, 16), codec, "0xFFFE"),
        ("ADPCM in EXTENSIBLE", extensible(IMA_ADPCM, 1, 44100, 4), codec, "ima_adpcm"),
        ("ambisonic sub-format", extensible(PCM, 4, 44100, 16, tail=guid), codec, "0100" + guid.hex()),
        ("predictors of its own", fmt(MS_ADPCM, 1, 8000, 4, 256, MS_EXTENSION + bytes(28)), codec, "7 predictors"),
        ("predictors cut off", fmt(MS_ADPCM, 1, 8000, 4, 256, MS_EXTENSION), codec, "predictors"),
        ("EXTENSIBLE of 18 bytes", fmt(EXTENSIBLE, 2, 44100, 16, extension=b"\0\0"), malformed, "18 bytes"),
    ]
    return [Hostile(name, with_fmt(header), code, says) for name, header, code, says in rows]


def _ends() -> list[Hostile]:
    full = data(music(2))
    broken = data(b"\xff" * 256 * 4)
    rows = [
        ("head alone", riff(), "wav_data_missing", "before a data chunk"),
        ("no data", riff(STEREO), "wav_data_missing", "before a data chunk"),
        ("no data, but LIST", riff(STEREO, chunk(b"LIST", INFO)), "wav_data_missing", "before a data chunk"),
        ("ends in a chunk's header", riff(STEREO, b"dat"), "wav_data_missing", "before a data chunk"),
        ("ends in fmt", riff(chunk(b"fmt ", fmt_body(PCM, 2, 44100, 16)[:10], size=16)), "wav_truncated", "'fmt'"),
        ("ends in LIST", riff(STEREO, chunk(b"LIST", INFO, size=999)), "wav_truncated", "'LIST'"),
        ("ends in ds64", riff(chunk(b"ds64", bytes(12), size=28), form=b"RF64"), "wav_truncated", "'ds64'"),
        ("one byte short", riff(STEREO, full)[:-1], "wav_truncated", "16000 bytes are declared, 15999 arrived"),
        ("half", riff(STEREO, full)[:8000], "wav_truncated", "arrived"),
        ("data of 3 GB declared", riff(STEREO, data(b"1234", size=3 * 2**30)), "wav_truncated", "4 arrived"),
        ("data declared, none there", riff(STEREO, data(b"", size=400)), "wav_truncated", "0 arrived"),
        (
            "RF64 one byte short",
            riff(ds64(16001), STEREO, data(music(2), size=2**32 - 1), form=b"RF64"),
            "wav_truncated",
            "16001",
        ),
        ("data of 0 bytes", riff(STEREO, data(b"")), "wav_no_samples", "not a single"),
        ("data of 0 bytes, LIST", riff(STEREO, data(b""), chunk(b"LIST", INFO)), "wav_no_samples", "not a single"),
        ("streamed, none there", riff(STEREO, data(b"", size=2**32 - 1)), "wav_no_samples", "not a single"),
        ("less than a frame", riff(STEREO, data(b"123")), "wav_no_samples", "not a single"),
        ("less than an ADPCM header", riff(fmt(IMA_ADPCM, 2, 8000, 4, 256), data(b"123")), "wav_no_samples", "not"),
        ("less than a GSM block", riff(fmt(GSM, 1, 8000, 0, 65), data(bytes(64))), "wav_no_samples", "not"),
        ("damaged IMA ADPCM", riff(fmt(IMA_ADPCM, 1, 8000, 4, 256), broken), "wav_samples_corrupt", "damaged"),
        ("damaged MS ADPCM", riff(fmt(MS_ADPCM, 1, 8000, 4, 256), broken), "wav_samples_corrupt", "damaged"),
    ]
    late = {"wav_truncated", "wav_data_missing", "wav_no_samples"}
    return [Hostile(name, upload, code, says, early=code not in late) for name, upload, code, says in rows]


def refusal(blocks: list[bytes], *, to_the_end: bool = True) -> Problem:
    """The problem that comes of these blocks."""
    reader = PcmReader()
    try:
        for block in blocks:
            reader.feed(block)
        if to_the_end:
            reader.finish()
    except Problem as problem:
        return problem
    pytest.fail("it was read")


class TestHostileUploads:
    @pytest.mark.parametrize("row", hostile(), ids=lambda row: row.name)
    def test_it_is_refused_with_its_code_and_reason(self, row: Hostile) -> None:
        problem = refusal([row.upload], to_the_end=not row.early)
        assert problem.code == row.code
        assert problem.status in (415, 422)
        assert row.says in problem.detail

    @pytest.mark.parametrize("row", hostile(), ids=lambda row: row.name)
    def test_single_bytes_are_refused_alike(self, row: Hostile) -> None:
        problem = refusal([row.upload[at : at + 1] for at in range(len(row.upload))])
        assert (problem.code, problem.detail) == (row.code, refusal([row.upload]).detail)

    def test_a_refused_reader_stays_refused(self) -> None:
        reader = PcmReader()
        for _ in range(2):
            with pytest.raises(Problem, match="text"):
                reader.feed(b"not a recording")
        with pytest.raises(Problem, match="text"):
            reader.finish()


class TestBounds:
    def test_a_long_recording_is_read_in_flat_memory(self) -> None:
        for size in (0, 400 * 2**20):
            reader = PcmReader()
            reader.feed(riff(STEREO, data(b"", size=size)))
            block = music(2, 65536 // 4).tobytes()
            for _ in range(100):
                reader.feed(block)
            tracemalloc.start()
            for _ in range(800):
                reader.feed(block)
            held, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert held < 1_000_000
            assert peak < 3_000_000

    def test_a_file_that_is_all_names_of_chunks_costs_no_more_than_its_length(self) -> None:
        wav = riff(STEREO, data(b"LIST\0\0\0\0" * 50_000 + b"LIST\xf0\0\0\0" * 20_000, size=0), b"x")
        reader = PcmReader()
        pcm = reader.feed(wav) + reader.finish()
        assert len(pcm) == 400_040  # the rest is a chain of chunks

    def test_a_call_gives_at_most_ten_times_what_it_took(self) -> None:
        for header in (fmt(GSM, 1, 8000, 0, 65), fmt(MS_ADPCM, 1, 8000, 4, 32), fmt(IMA_ADPCM, 1, 8000, 4, 32)):
            reader = PcmReader()
            reader.feed(riff(header, data(b"", size=10**9)))
            assert len(reader.feed(bytes(65536))) <= 10 * 65536
