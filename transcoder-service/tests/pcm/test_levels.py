"""Levels and the outline, against numbers computed in one go."""

import base64
import json
import math

import numpy as np
import pytest
from wav_files import PCM, Samples, data, fmt, music, riff

from transcoder_service.pcm.facts import RecordingFacts
from transcoder_service.pcm.reader import PcmReader


def facts_of(samples: Samples, block_bytes: int = 65536) -> RecordingFacts:
    wav = riff(fmt(PCM, samples.shape[1], 16000, 16), data(samples))
    reader = PcmReader()
    for start in range(0, len(wav), block_bytes):
        reader.feed(wav[start : start + block_bytes])
    reader.finish()
    return reader.facts()


class TestLevels:
    @pytest.mark.parametrize("block_bytes", [1001, 65536, 2**20])
    def test_rms_is_exact_over_all_blocks(self, block_bytes: int) -> None:
        noise = np.random.default_rng(3).integers(-3, 3, (300_001, 2), endpoint=True).astype("<i2")
        rms = math.sqrt(int((noise.astype(np.int64) ** 2).sum()) / noise.size)
        assert facts_of(noise, block_bytes).rms_dbfs == pytest.approx(20 * math.log10(rms / 32768), abs=1e-9)

    def test_full_scale_is_0_dbfs(self) -> None:
        square = np.tile(np.array([[-32768], [-32768]], "<i2"), (500, 1))
        facts = facts_of(square)
        assert facts.peak_dbfs == 0
        assert facts.rms_dbfs == 0

    def test_half_scale_is_6_db_below(self) -> None:
        assert facts_of(np.full((10, 1), -16384, "<i2")).peak_dbfs == pytest.approx(-6.0206, abs=1e-4)

    def test_silence_has_no_level(self) -> None:
        facts = facts_of(np.zeros((1000, 2), "<i2"))
        assert facts.peak_dbfs is None
        assert facts.rms_dbfs is None
        assert set(facts.peaks) == {0}


class TestWaveform:
    @pytest.mark.parametrize("frames", [1, 15, 16, 17, 999, 16_000, 16_001, 32_767, 32_768, 40_001, 3_000_001])
    @pytest.mark.parametrize("channels", [1, 2])
    def test_the_outline_touches_the_extremes(self, frames: int, channels: int) -> None:
        samples = np.random.default_rng(frames).integers(-32768, 32767, (frames, channels)).astype("<i2")
        pairs = np.frombuffer(facts_of(samples).peaks, np.int8).reshape(-1, 2)
        assert len(pairs) == min(-(-frames // 16), 1000)
        assert (pairs[:, 0] <= pairs[:, 1]).all()
        scale = 127 / 32768
        assert pairs[:, 0].min() == round(int(samples.min()) * scale)
        assert pairs[:, 1].max() == round(int(samples.max()) * scale)

    def test_a_click_stands_where_it_is(self) -> None:
        samples = np.zeros((2_000_000, 1), "<i2")
        samples[1_500_000] = 32767
        pairs = np.frombuffer(facts_of(samples).peaks, np.int8).reshape(-1, 2)
        assert np.flatnonzero(pairs[:, 1]).tolist() == [pytest.approx(750, abs=1)]

    def test_the_size_of_the_blocks_makes_no_difference(self) -> None:
        samples = np.random.default_rng(1).integers(-999, 999, (200_003, 2)).astype("<i2")
        assert facts_of(samples, 4097).peaks == facts_of(samples, 10**9).peaks

    def test_hours_of_samples_keep_to_a_thousand_pairs(self) -> None:
        reader = PcmReader()
        reader.feed(riff(fmt(PCM, 1, 16000, 16), data(b"", size=0)))
        block = music(1, 2**20).tobytes()
        for _ in range(300):
            reader.feed(block)
        reader.finish()
        assert len(reader.facts().peaks) == 2000


class TestHeader:
    def test_it_is_one_line_of_ascii_json(self) -> None:
        facts = facts_of(music(2))
        line = facts.to_header()
        assert line.isascii()
        assert line.isprintable()
        told = json.loads(line)
        assert base64.b64decode(told.pop("peaks")) == facts.peaks
        assert told == {
            "duration_seconds": 0.25,
            "sample_rate_hz": 16000,
            "channels": 2,
            "sample_count": 4000,
            "encoding": "pcm",
            "bits_per_sample": 16,
            "peak_dbfs": 0.0,
            "rms_dbfs": facts.rms_dbfs,
        }
