"""The shares of many channels in two."""

import numpy as np
import pytest
from wav_files import PCM, extensible

from transcoder_service.pcm.downmix import DownMix, stereo_matrix
from transcoder_service.wav.format import WavFormat, parse_format


def surround(channels: int, mask: int) -> WavFormat:
    return parse_format(extensible(PCM, channels, 48000, 16, mask=mask)[8:])


class TestDownMix:
    @pytest.mark.parametrize("channels", range(3, 9))
    @pytest.mark.parametrize("mask", [0, 0x3F, 0xFF, 0x63F, 0xFFFFFFFF, 0x8, 0x3FFC0])
    @pytest.mark.parametrize("level", [-32768, 32767])
    def test_all_channels_at_full_scale_do_not_clip(self, channels: int, mask: int, level: int) -> None:
        samples = np.full((1000, channels), level, "<i2").tobytes()
        mixed = np.frombuffer(DownMix(surround(channels, mask)).mix(samples), "<i2").astype(int)
        assert np.sign(mixed).tolist() == [np.sign(level)] * 2000
        assert np.abs(mixed).max() >= 32766

    def test_left_stays_left_and_the_low_frequencies_are_left_out(self) -> None:
        matrix = stereo_matrix(6, 0x3F)
        assert matrix[0, 1] == matrix[1, 0] == 0
        assert matrix[3].tolist() == [0, 0]
        assert matrix[2, 0] == matrix[2, 1]
        assert matrix[0, 0] / matrix[4, 0] == pytest.approx(2**0.5)
