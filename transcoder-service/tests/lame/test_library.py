"""Any usable libmp3lame will do, and one that will not do is named with the reason."""

import ctypes.util
import subprocess
import sys
from pathlib import Path

import lameenc
import pytest
from yardstick import changing_music

from transcoder_service.lame.encoder import Encoder, EncoderSettings, PcmFormat
from transcoder_service.lame.library import Lame, LameUnusableError, load_lame

ENCODE = """
import pathlib, sys
from transcoder_service.lame.encoder import Encoder, EncoderSettings, PcmFormat
from transcoder_service.lame.library import Lame
lame = Lame(sys.argv[1])
with Encoder(lame, EncoderSettings(), PcmFormat(int(sys.argv[2]), int(sys.argv[3])), tag=True) as encoder:
    mp3 = encoder.encode(sys.stdin.buffer.read()) + encoder.finish() + encoder.tag()
maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
loaded = next(line.split()[-1] for line in maps if "libmp3lame" in line)
sys.stdout.buffer.write(f"{loaded}\\n{lame.version}\\n".encode() + mp3)
"""


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
        if not built.exists() or not ctypes.util.find_library("mp3lame"):
            pytest.skip("needs what `make lame` builds, and the system's library")
        assert load_lame("").path == str(built)
        pcm = changing_music(20, rate, channels).tobytes()

        by_built, by_system = (mp3_by(library, pcm, rate, channels) for library in (str(built), "libmp3lame.so.0"))

        assert by_built[:2] == (str(built.resolve()), "3.100")
        assert by_system[0] != by_built[0]
        if by_system[1] != "3.100":
            pytest.skip(f"the system's library is LAME {by_system[1]}")
        assert by_system[2] == by_built[2]


def mp3_by(library: str, pcm: bytes, rate: int, channels: int) -> tuple[str, str, bytes]:
    """The file that was really loaded, its version, and the MP3.

    In a process of its own: in this one the loader would take the library of that name which is there already.
    """
    command = [sys.executable, "-c", ENCODE, library, str(rate), str(channels)]
    done = subprocess.run(command, input=pcm, capture_output=True, check=True)
    path, version, mp3 = done.stdout.split(b"\n", 2)
    return path.decode(), version.decode(), mp3
