"""However many segments a recording is encoded in, a decoder hears what one pass of LAME gives, sample for sample."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from yardstick import Samples, changing_music, decoded, one_pass

from transcoder_service.encoding.assembly import Assembly
from transcoder_service.encoding.engine import Engine
from transcoder_service.encoding.scheduler import Scheduler
from transcoder_service.encoding.segments import Segments
from transcoder_service.encoding.spool import Spool
from transcoder_service.lame.encoder import EncoderSettings, PcmFormat
from transcoder_service.lame.library import load_lame

# MPEG-1, MPEG-2 and MPEG-2.5, frames of 1152 and of 576 samples, rates that LAME keeps and rates that it changes; and
# how many seconds a segment needs, so that its encoder has settled before it ends.
FORMATS = [
    (44100, 2, 6),
    (48000, 2, 6),
    (32000, 2, 7),
    (44100, 1, 6),
    (22050, 1, 6),
    (16000, 1, 9),
]
FURTHER_FORMATS = [(24000, 1, 6), (8000, 1, 17), (96000, 2, 10), (64000, 1, 15)]
COUNTS = [1, 2, 3, 12]
# What is encoded in one piece, see new_grid.
WHOLE = [(24000, 2), (22050, 2), (16000, 2), (12000, 1), (11025, 1), (11025, 2), (8000, 2)]
BLOCK_BYTES = 64 * 1024
# A segment's length is rounded down to a few frames of the MP3.
ROUNDING_FRAMES = 5000


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Two threads, which these tests leave idle: they encode in an order of their own."""
    scheduler = Scheduler(2)
    yield Engine(load_lame(""), EncoderSettings(), scheduler, spool_directory="")
    scheduler.stop()


def encode_in_segments(engine: Engine, samples: Samples, rate: int, count: int) -> tuple[bytes, int]:
    """The MP3, and how many encoders wrote parts of it; `count` are asked for."""
    pcm = samples.tobytes()
    engine = replace(engine, segment_bytes=(len(samples) // count + ROUNDING_FRAMES) * samples.shape[1] * 2)
    spool = Spool("")
    assembly = Assembly(spool)
    segments = Segments(engine, PcmFormat(rate, samples.shape[1]), threading.Lock())
    numbers = {0}
    for at in range(0, len(pcm), BLOCK_BYTES):
        segments.add(pcm[at : at + BLOCK_BYTES])
        numbers.update(segment.number for segment in segments.in_order if segment is not segments.in_order[-1])
        if len(segments.in_order) > engine.segments_at_once:  # no more are started before the first is out
            first, second = segments.in_order[:2]
            while first.items:
                segments.encode_slice(first)
            while second.items and second.before_seam is None:
                segments.encode_slice(second)
            segments.join(assembly)
    segments.end()
    tag = None
    while tag is None:
        for segment in list(segments.in_order):
            while segment.items:
                segments.encode_slice(segment)
        numbers.update(segment.number for segment in segments.in_order)
        tag = segments.join(assembly)
    segments.close()
    mp3 = tag + spool.read(0, spool.size_bytes)
    spool.close()
    return mp3, len(numbers)


class TestSegments:
    @pytest.mark.parametrize(
        ("rate", "channels", "seconds", "count"),
        [(*each, count) for each in FORMATS for count in COUNTS] + [(*each, 3) for each in FURTHER_FORMATS],
    )
    def test_decode_to_what_one_pass_gives(
        self, engine: Engine, rate: int, channels: int, seconds: int, count: int
    ) -> None:
        samples = changing_music(seconds * count, rate, channels)
        mp3, used = encode_in_segments(engine, samples, rate, count)

        assert used == count
        ours, theirs = decoded(mp3), decoded(one_pass(samples, rate))
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() == 0

    @pytest.mark.parametrize(("rate", "channels"), WHOLE)
    def test_are_one_where_a_seam_could_be_heard(self, engine: Engine, rate: int, channels: int) -> None:
        samples = changing_music(40, rate, channels)
        mp3, used = encode_in_segments(engine, samples, rate, 2)

        assert used == 1
        assert mp3 == one_pass(samples, rate)

    def test_at_constant_bit_rate_are_one(self, engine: Engine) -> None:
        settings = EncoderSettings(mode="cbr")
        samples = changing_music(20, 44100, 2)

        assert encode_in_segments(replace(engine, settings=settings), samples, 44100, 2) == (
            one_pass(samples, 44100, settings),
            1,
        )
