"""What other programs make of the files: checkers of MP3 streams find nothing wrong, and all agree on the length."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from acceptance.api import Account, Api
from acceptance.waves import music, wav

pytestmark = pytest.mark.players

FORMATS = [(44100, 2), (48000, 2), (32000, 1), (22050, 2), (16000, 1), (8000, 1)]
# Long enough for several segments of each.
SECONDS = 130


def run(program: str, *arguments: str) -> str:
    """What a program prints, on both of its outputs."""
    path = shutil.which(program)
    assert path, f"{program} must be installed for this test"
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def owner(api: Api) -> Account:
    """Of all recordings here."""
    return api.new_account()


@pytest.fixture(scope="module", params=FORMATS, ids=lambda value: f"{value[0]} Hz, {value[1]} ch")
def downloaded(
    request: pytest.FixtureRequest, api: Api, owner: Account, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A WAV and the MP3 that became of it."""
    rate, channels = request.param
    folder = tmp_path_factory.mktemp("players")
    recorded, mp3 = folder / "recorded.wav", folder / "downloaded.mp3"
    recorded.write_bytes(wav(music(SECONDS, sample_rate_hz=rate, channels=channels), rate))
    mp3.write_bytes(api.client.get(api.store(owner, recorded.read_bytes()).url).content)
    return recorded, mp3


class TestADownloadedFile:
    def test_is_a_clean_stream_for_mpg123(self, downloaded: tuple[Path, Path]) -> None:
        said = run("mpg123", "--test", "--verbose", str(downloaded[1])).lower()
        for word in ("error", "warning", "junk", "resync"):
            assert word not in said

    def test_has_nothing_that_mp3val_would_mend(self, downloaded: tuple[Path, Path]) -> None:
        said = run("mp3val", str(downloaded[1])).splitlines()
        warnings = [line for line in said if "WARNING" in line and "No supported tags" not in line]
        assert warnings == []
        assert any("Xing header" in line for line in said)

    def test_shows_its_length_before_it_is_decoded(self, downloaded: tuple[Path, Path]) -> None:
        """By its tag alone; whole frames, as ffprobe counts them."""
        described = json.loads(run("ffprobe", "-v", "error", "-of", "json", "-show_format", str(downloaded[1])))
        longest_frame = 576 / 8000
        assert SECONDS <= float(described["format"]["duration"]) < SECONDS + 3 * longest_frame

    def test_decodes_to_the_very_samples_of_the_lame_command(
        self, downloaded: tuple[Path, Path], tmp_path: Path
    ) -> None:
        recorded, ours = downloaded
        theirs = tmp_path / "lame.mp3"
        run("lame", "--quiet", "-V4", "-q", "5", str(recorded), str(theirs))
        decoded = []
        for mp3 in (ours, theirs):
            run("lame", "--quiet", "--decode", str(mp3), str(tmp_path / "decoded.wav"))
            decoded.append((tmp_path / "decoded.wav").read_bytes())
        assert decoded[0] == decoded[1]
