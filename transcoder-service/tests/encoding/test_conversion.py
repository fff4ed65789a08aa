"""One recording on the scheduler's threads: it comes to an end whatever happens to it, within its memory."""

import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wav_files
from yardstick import changing_music, decoded, one_pass

from transcoder_service.encoding.assembly import Assembly
from transcoder_service.encoding.conversion import Conversion, Mp3
from transcoder_service.encoding.engine import Engine
from transcoder_service.encoding.scheduler import Scheduler
from transcoder_service.errors import SpoolFull
from transcoder_service.lame.encoder import EncoderSettings
from transcoder_service.lame.library import load_lame

RATE = 44100
BLOCK_BYTES = 256 * 1024


@pytest.fixture
def engine() -> Iterator[Engine]:
    scheduler = Scheduler(2)
    yield Engine(load_lame(""), EncoderSettings(), scheduler, spool_directory="")
    scheduler.stop()


class Feeder:
    """Feeds as the service does: not more than there is room for. Notes the most memory that was held."""

    def __init__(self, engine: Engine, wav: bytes) -> None:
        self.changed = threading.Event()
        self.conversion = Conversion(engine, self.changed.set)
        self.most_held_bytes = 0
        self._engine, self._wav = engine, wav

    def run(self) -> Mp3:
        """The MP3; raises the conversion's failure, AssertionError when it stands still for 20 s."""
        for at in range(0, len(self._wav), BLOCK_BYTES):
            self.conversion.feed([self._wav[at : at + BLOCK_BYTES]], last=at + BLOCK_BYTES >= len(self._wav))
            self._wait(lambda: self.conversion.held_bytes <= self._engine.room_bytes)
        self._wait(lambda: self.conversion.mp3 is not None)
        assert self.conversion.mp3 is not None
        return self.conversion.mp3

    def _wait(self, ready: Any) -> None:
        while True:
            self.changed.clear()
            if self.conversion.failure is not None:
                raise self.conversion.failure
            self.most_held_bytes = max(self.most_held_bytes, self.conversion.held_bytes)
            if ready():
                return
            assert self.changed.wait(20), "the conversion stands still"


def stereo(seconds: float) -> bytes:
    samples = changing_music(seconds, RATE, 2)
    return wav_files.riff(wav_files.fmt(wav_files.PCM, 2, RATE, 16), wav_files.data(samples))


def read_all(mp3: Mp3) -> bytes:
    content = mp3.tag + mp3.frames.read(0, mp3.frames.size_bytes)
    mp3.close()
    return content


class TestASeamThatIsNoGood:
    @pytest.mark.parametrize("good", ["none", "every second"])
    def test_is_encoded_over_by_the_one_before(
        self, engine: Engine, monkeypatch: pytest.MonkeyPatch, good: str
    ) -> None:
        asked = []
        fits = Assembly.fits

        def judge(assembly: Assembly, *segments: Any) -> bool:
            asked.append(segments)
            return fits(assembly, *segments) and good != "none" and len(asked) % 2 == 0

        monkeypatch.setattr(Assembly, "fits", judge)
        mp3 = read_all(Feeder(engine, stereo(80)).run())

        assert len(asked) >= 2
        assert np.array_equal(decoded(mp3), decoded(one_pass(changing_music(80, RATE, 2), RATE)))


class TestMemory:
    def test_is_bounded_for_what_is_compressed(self, engine: Engine) -> None:
        """GSM 6.10 grows tenfold when it is decoded."""
        blocks = b"\xd0" + b"\x11" * 64
        extension = struct.pack("<HH", 2, 320)
        wav = wav_files.riff(
            wav_files.fmt(wav_files.GSM, 1, 8000, 0, 65, extension), wav_files.data(blocks * (4 * 2**20 // 65))
        )
        busy = threading.Event()
        share = engine.scheduler.open_share()

        def occupy() -> None:
            busy.wait(1)

        for _ in range(2):  # nothing is encoded while all of it is offered
            share.add(0, occupy)
        feeder = Feeder(engine, wav)
        threading.Timer(0.5, busy.set).start()
        read_all(feeder.run())
        share.close()

        assert feeder.most_held_bytes < 2 * engine.room_bytes


class TestAnAbandonedConversion:
    def test_frees_what_it_holds_within_a_second(self, engine: Engine) -> None:
        feeder = Feeder(engine, stereo(60))
        for at in range(0, 6 * 2**20, BLOCK_BYTES):
            feeder.conversion.feed([feeder._wav[at : at + BLOCK_BYTES]])
        feeder.conversion.abandon()
        started = time.monotonic()
        while not feeder.conversion.released and time.monotonic() - started < 1:
            time.sleep(0.01)

        assert feeder.conversion.released
        assert not engine.scheduler.has_work


class TestAFullDisk:
    def test_is_said(self, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
        full = Path("/dev/full")
        if not full.exists():
            pytest.skip("there is no device here that is always full")
        monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: full.open("r+b", buffering=0))
        with pytest.raises(SpoolFull) as refusal:
            Feeder(engine, stereo(60)).run()

        assert (refusal.value.status, refusal.value.retry_after_seconds) == (503, 30)
