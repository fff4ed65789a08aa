"""Any usable libmp3lame will do, and one that will not do is named with the reason."""

import ctypes.util
from pathlib import Path

import lameenc
import pytest

from transcoder_service.lame.encoder import Encoder, EncoderSettings, PcmFormat
from transcoder_service.lame.library import Lame, LameUnusableError, load_lame


class TestTheLibrary:
    def test_of_the_wheel_is_usable(self) -> None:
        with Encoder(Lame(lameenc.__file__), EncoderSettings(), PcmFormat(44100, 2), tag=True) as encoder:
            assert encoder.encode(b"\0" * 4 * 44100) + encoder.finish()

    def test_is_found_without_being_named(self) -> None:
        assert load_lame("").version >= "3.100"

    @pytest.mark.parametrize("path", ["/nowhere/libmp3lame.so", ctypes.util.find_library("c"), str(Path(__file__))])
    def test_that_is_none_is_refused_by_its_path(self, path: str) -> None:
        with pytest.raises(LameUnusableError, match=path):
            load_lame(path)
