"""Any usable libmp3lame will do, and one that will not do is named with the reason."""

import ctypes.util
import sys
from pathlib import Path

import lameenc
import pytest
from yardstick import changing_music

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

    @pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (44100, 1), (16000, 1), (8000, 2), (96000, 2)])
    def test_that_is_built_for_this_processor_makes_the_same_mp3s(self, rate: int, channels: int) -> None:
        built = Path(sys.prefix, "lib", "libmp3lame.so.0")
        system = ctypes.util.find_library("mp3lame")
        if not built.exists() or not system or Lame(system).version != Lame(str(built)).version:
            pytest.skip("needs what `make lame` builds, and the system's library of the same version")
        pcm = changing_music(20, rate, channels).tobytes()

        def mp3_by(lame: Lame) -> bytes:
            with Encoder(lame, EncoderSettings(), PcmFormat(rate, channels), tag=True) as encoder:
                return encoder.encode(pcm) + encoder.finish() + encoder.tag()

        assert load_lame("").path == str(built)
        assert mp3_by(Lame(str(built))) == mp3_by(Lame(system))
