"""Shares the cores out between recordings, slice by slice.

A recording in progress holds a `Share`. A thread that is free takes one slice of the share that has been served
least; a slice is some milliseconds of CPU, so a short recording waits for no long one to end. A new share starts
level with the least served of those at work, and a little ahead, so that a clip is done before its turn is over. One
that had nothing to do, because its upload is slow, has not saved that time up: it goes on from where a new one starts.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush

Slice = Callable[[], None]

HEAD_START_SECONDS = 0.25
# Encoding yields to event loops and to the gateway, which have little to do but must do it at once.
THREAD_NICENESS = 10


class Share:
    """One recording's claim on the cores. Made by `Scheduler.open_share`, to be closed."""

    def __init__(self, scheduler: "Scheduler", served_seconds: float) -> None:
        self._scheduler = scheduler
        self.served_seconds = served_seconds
        self.slices: list[tuple[int, int, Slice]] = []
        self.running = 0
        self.closed = False

    def add(self, order: int, run: Slice) -> None:
        """Have `run` called by a thread; of a share's slices those with a lower `order` go first. It must not raise."""
        self._scheduler.add(self, order, run)

    def close(self) -> None:
        """Forget slices that have not begun; later ones are ignored."""
        self._scheduler.close_share(self)


class Scheduler:
    """Threads, one per core unless told otherwise."""

    def __init__(self, threads: int = 0) -> None:
        self.threads = threads or len(
            os.sched_getaffinity(0) if sys.platform == "linux" else range(os.cpu_count() or 1)
        )
        self._changed = threading.Condition()
        self._shares: set[Share] = set()
        self._level_seconds = 0.0
        self._added = 0
        self._stopping = False
        self._workers = [
            threading.Thread(target=self._work, name=f"encoder-{number}", daemon=True) for number in range(self.threads)
        ]
        for worker in self._workers:
            worker.start()

    @property
    def has_work(self) -> bool:
        """Whether a slice runs or waits."""
        with self._changed:
            return any(share.slices or share.running for share in self._shares)

    def open_share(self) -> Share:
        """A new recording's claim."""
        with self._changed:
            share = Share(self, self._start_seconds())
            self._shares.add(share)
            return share

    def stop(self) -> None:
        """End the threads when their slices have ended."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()

    def add(self, share: Share, order: int, run: Slice) -> None:
        """See `Share.add`."""
        with self._changed:
            if not share.closed:
                if not share.slices and not share.running:
                    share.served_seconds = max(share.served_seconds, self._start_seconds())
                self._added += 1
                heappush(share.slices, (order, self._added, run))
                self._changed.notify()

    def close_share(self, share: Share) -> None:
        """See `Share.close`."""
        with self._changed:
            share.closed = True
            share.slices.clear()
            self._shares.discard(share)

    def _start_seconds(self) -> float:
        """Where a share begins: the level never falls, not even while nobody happens to be at work."""
        at_work = [share.served_seconds for share in self._shares if share.slices or share.running]
        self._level_seconds = max(self._level_seconds, min(at_work, default=0.0))
        return self._level_seconds - HEAD_START_SECONDS

    def _work(self) -> None:
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), THREAD_NICENESS)
        while (taken := self._take()) is not None:
            share, run = taken
            started = time.thread_time()
            run()
            with self._changed:
                share.served_seconds += time.thread_time() - started
                share.running -= 1

    def _take(self) -> tuple[Share, Slice] | None:
        with self._changed:
            while not self._stopping:
                ready = [share for share in self._shares if share.slices]
                if ready:
                    share = min(ready, key=lambda ready_share: ready_share.served_seconds)
                    share.running += 1
                    return share, heappop(share.slices)[2]
                self._changed.wait()
            return None
