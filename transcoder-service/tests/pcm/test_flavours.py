"""Every row of the flavour table: what comes out is the sound that went in."""

import numpy as np
import pytest
from flavours import Flavour, flavours

from transcoder_service.pcm.reader import PcmReader


def read(wav: bytes, block_bytes: int) -> tuple[bytes, PcmReader]:
    reader = PcmReader()
    pcm = [reader.feed(wav[start : start + block_bytes]) for start in range(0, len(wav), block_bytes)]
    return b"".join(pcm) + reader.finish(), reader


class TestFlavours:
    @pytest.mark.parametrize("row", flavours(), ids=lambda row: row.name)
    def test_a_flavour_is_read_as_the_sound_it_holds(self, row: Flavour) -> None:
        pcm, reader = read(row.wav, 65536)
        samples = np.frombuffer(pcm, "<i2").reshape(-1, reader.output_channels)
        assert samples.shape == row.expected.shape
        assert np.abs(samples.astype(int) - row.expected).max() <= row.tolerance

    @pytest.mark.parametrize("row", flavours(), ids=lambda row: row.name)
    def test_its_facts_are_those_of_the_source(self, row: Flavour) -> None:
        _, reader = read(row.wav, 65536)
        facts = reader.facts()
        assert (facts.encoding, facts.bits_per_sample) == (row.encoding, row.bits)
        assert (facts.channels, facts.sample_rate_hz) == (row.channels, row.rate_hz)
        assert facts.sample_count == len(row.expected)
        assert facts.duration_seconds == len(row.expected) / row.rate_hz

    @pytest.mark.parametrize("row", flavours(), ids=lambda row: row.name)
    def test_the_size_of_the_blocks_makes_no_difference(self, row: Flavour) -> None:
        pcm, reader = read(row.wav, len(row.wav))
        again, other = read(row.wav, 997)
        assert again == pcm
        assert other.facts() == reader.facts()

    def test_adpcm_is_close_to_the_sound_before_its_encoding(self) -> None:
        from wav_files import by_libsndfile, music

        sound = music(2, 20000, 44100)
        for subtype in ("IMA_ADPCM", "MS_ADPCM"):
            pcm, _ = read(by_libsndfile(sound, subtype, 44100), 65536)
            decoded = np.frombuffer(pcm, "<i2").reshape(-1, 2)[2000:9000].astype(float)
            original = sound[2000:9000].astype(float)
            assert np.sum(original**2) / np.sum((decoded - original) ** 2) > 10**2.5, subtype
