"""What the images bring along."""

from pathlib import Path

import pytest

from acceptance.containers.compose import compose

pytestmark = pytest.mark.containers

LOAD = (
    "from transcoder_service.lame.library import load_lame; load_lame(''); "
    "print(*{line.split()[-1] for line in open('/proc/self/maps') if 'lame' in line})"
)


def test_the_transcoder_encodes_with_a_libmp3lame_for_its_processor() -> None:
    loaded = compose("exec", "--no-TTY", "transcoder-service", "python", "-c", LOAD)

    built = "avx2" in Path("/proc/cpuinfo").read_text()
    assert ("glibc-hwcaps/x86-64-v3/libmp3lame.so.0" if built else "lameenc") in loaded
