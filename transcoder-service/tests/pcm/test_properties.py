"""What holds for any bytes: a Problem or PCM, the same however the upload is split."""

import importlib.util
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from flavours import flavours
from hypothesis import given, settings
from hypothesis import strategies as st
from wav_files import PCM, chunk, fmt, riff

from service_kit.problems import Problem
from transcoder_service.pcm.reader import PcmReader

WAVS = [row.wav[:3000] for row in flavours() if len(row.wav) < 40_000]

names = st.sampled_from([b"fmt ", b"data", b"fact", b"ds64", b"LIST", b"id3 ", b"junk"])
sizes = st.one_of(st.none(), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 0x7FFFF000, 0xFFFFFFFF]))
any_chunk = st.builds(
    lambda name, body, size, pad: chunk(name, body, size=size, pad=pad),
    names,
    st.binary(max_size=80),
    sizes,
    st.sampled_from([b"\0", b"", b"x"]),
)
any_riff = st.builds(
    lambda form, chunks: riff(*chunks, form=form),
    st.sampled_from([b"RIFF", b"RF64", b"BW64"]),
    st.lists(st.one_of(any_chunk, st.just(fmt(PCM, 2, 44100, 16))), max_size=8),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A row of the flavour table with some bytes of its start replaced, inserted or cut out."""
    wav = bytearray(draw(st.sampled_from(WAVS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, min(len(wav), 100)))
        wav[at : at + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return bytes(wav)


uploads = st.one_of(st.binary(max_size=300), any_riff, mutated())


def read(blocks: Iterable[bytes | memoryview]) -> object:
    """PCM and facts, or the problem's code and detail."""
    reader = PcmReader()
    try:
        pcm = b"".join([reader.feed(block) for block in blocks]) + reader.finish()
    except Problem as problem:
        return problem.code, problem.detail
    return pcm, reader.facts()


class TestAnyBytes:
    @given(uploads)
    @settings(max_examples=1500, deadline=None)
    def test_they_are_read_or_refused(self, upload: bytes) -> None:
        read([upload])

    @given(uploads, st.lists(st.integers(0, 3200), max_size=6))
    @settings(max_examples=1500, deadline=None)
    def test_any_split_gives_what_one_block_gives(self, upload: bytes, cuts: list[int]) -> None:
        edges = [0, *sorted(min(cut, len(upload)) for cut in cuts), len(upload)]
        blocks = [upload[start:end] for start, end in pairwise(edges)]
        assert read(blocks) == read([upload])

    @given(uploads)
    @settings(max_examples=300, deadline=None)
    def test_views_of_a_buffer_that_is_used_again_give_the_same(self, upload: bytes) -> None:
        buffer = bytearray(64)

        def views() -> Iterator[memoryview]:
            for start in range(0, len(upload), 64):
                block = upload[start : start + 64]
                buffer[: len(block)] = block
                yield memoryview(buffer)[: len(block)]

        assert read(views()) == read([upload])


class TestFuzzTarget:
    def test_it_still_runs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        target = load_fuzz_target()
        monkeypatch.setattr("transcoder_service.wav.stream.HELD_BYTES", 256)
        target.run_random(1, tmp_path)
        assert list(tmp_path.iterdir()) == []


def load_fuzz_target() -> ModuleType:
    path = Path(__file__).parent.parent / "fuzz" / "fuzz_wav.py"
    spec = importlib.util.spec_from_file_location("fuzz_wav", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
