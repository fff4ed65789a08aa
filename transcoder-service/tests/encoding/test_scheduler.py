"""The cores are shared out by what each recording has had, and nobody saves up or loses a turn by being idle."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from transcoder_service.encoding.scheduler import HEAD_START_SECONDS, Scheduler, Share


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    scheduler = Scheduler(1)
    yield scheduler
    scheduler.stop()


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


class Recording:
    """Has a slice of work at all times until it is stopped."""

    def __init__(self, scheduler: Scheduler, share: Share | None = None) -> None:
        self.share = share or scheduler.open_share()
        self.slices = 0
        self._stopped = False

    def start(self) -> "Recording":
        self.share.add(0, self._slice)
        return self

    def stop(self) -> None:
        self._stopped = True
        self.share.close()

    def _slice(self) -> None:
        burn(0.002)
        self.slices += 1
        if not self._stopped:
            self.share.add(0, self._slice)


def wait_until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class TestTwoRecordings:
    def test_get_the_same(self, scheduler: Scheduler) -> None:
        first, second = Recording(scheduler).start(), Recording(scheduler).start()
        wait_until(lambda: first.slices + second.slices > 400)
        first.stop()
        second.stop()

        assert abs(first.slices - second.slices) < 0.2 * (first.slices + second.slices)

    def test_one_that_began_while_the_other_had_nothing_to_do_does_not_starve_it(self, scheduler: Scheduler) -> None:
        old = Recording(scheduler)
        old.share.served_seconds = 60.0  # an hour of audio, which then waited for its client
        scheduler._level_seconds = 60.0
        new = Recording(scheduler).start()
        old.start()
        wait_until(lambda: old.slices > 20)
        old.stop()
        new.stop()

        assert new.slices < 20 + 2 * HEAD_START_SECONDS / 0.002

    def test_one_that_was_idle_for_long_does_not_starve_the_other(self, scheduler: Scheduler) -> None:
        idle = Recording(scheduler)
        busy = Recording(scheduler).start()
        wait_until(lambda: busy.slices > 300)
        idle.start()
        had = busy.slices
        wait_until(lambda: busy.slices > had + 20)
        idle.stop()
        busy.stop()

        assert idle.slices < 20 + 2 * HEAD_START_SECONDS / 0.002


class TestAClip:
    def test_goes_first(self, scheduler: Scheduler) -> None:
        long = Recording(scheduler).start()
        wait_until(lambda: long.slices > 50)
        slices_when: dict[str, int] = {}
        done = threading.Event()

        def clip() -> None:
            slices_when["begun"] = long.slices
            done.set()

        def upload() -> None:
            slices_when["uploaded"] = long.slices
            scheduler.open_share().add(0, clip)

        long.share.add(-1, upload)  # by the thread that does the work: nothing runs between
        assert done.wait(5)
        long.stop()

        assert slices_when["begun"] == slices_when["uploaded"]


class TestAClosedShare:
    def test_runs_nothing_more(self, scheduler: Scheduler) -> None:
        recording = Recording(scheduler).start()
        wait_until(lambda: recording.slices > 0)
        recording.share.close()
        time.sleep(0.05)
        had = recording.slices
        recording.share.add(0, recording._slice)
        time.sleep(0.05)

        assert recording.slices == had
        assert not scheduler.has_work
