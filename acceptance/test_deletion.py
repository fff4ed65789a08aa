"""Deleted means gone: at once for the list and the service, within a second for every cache."""

import threading
import time
from dataclasses import dataclass, field

import httpx

from acceptance.api import Account, Api, Stored, assert_problem

READERS = 4
READS_AFTER = 1000
CACHE_SECONDS = 1.0


@dataclass
class Readers:
    """Threads that read one link as fast as they can and note when each read began and how it was answered."""

    url: str
    reads: list[tuple[float, int]] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._threads = [threading.Thread(target=self._read) for _ in range(READERS)]
        for thread in self._threads:
            thread.start()

    def _read(self) -> None:
        with httpx.Client(timeout=30) as client:
            while not self.enough.is_set():
                began = time.monotonic()
                self.reads.append((began, client.get(self.url).status_code))

    def stop(self) -> None:
        self.enough.set()
        for thread in self._threads:
            thread.join()

    def since(self, moment: float) -> list[int]:
        """The statuses of the reads that began after a moment."""
        return [status for began, status in list(self.reads) if began >= moment]


class TestDeleting:
    def test_what_is_deleted_is_gone_for_everyone(self, api: Api, account: Account, stored: Stored) -> None:
        response = api.request("DELETE", "/record", params=stored.query, headers=account.bearer)
        assert (response.status_code, response.content) == (204, b"")
        assert_problem(
            api.request("DELETE", "/record", params=stored.query, headers=account.bearer), 404, "record_not_found"
        )
        assert_problem(api.request("GET", "/record", params=stored.query), 404, "record_not_found")
        assert_problem(api.request("GET", "/record/info", params=stored.query), 404, "record_not_found")
        assert api.ids_of(account) == []

    def test_other_records_stay(self, api: Api, account: Account, clip: bytes) -> None:
        first, second = api.store(account, clip), api.store(account, clip)
        api.request("DELETE", "/record", params=first.query, headers=account.bearer)
        assert api.ids_of(account) == [second.id]
        assert api.client.get(second.url).status_code == 200


class TestAWarmCache:
    def test_serves_no_read_one_second_after_the_deletion_under_load(
        self, api: Api, account: Account, stored: Stored
    ) -> None:
        readers = Readers(stored.url)
        try:
            time.sleep(1.5)
            api.request("DELETE", "/record", params=stored.query, headers=account.bearer)
            deleted = time.monotonic()
            while len(readers.since(deleted + CACHE_SECONDS)) < READS_AFTER and time.monotonic() < deleted + 60:
                time.sleep(0.1)
        finally:
            readers.stop()
        before = [status for began, status in readers.reads if began < deleted - 0.5]
        after = readers.since(deleted + CACHE_SECONDS)
        assert before.count(200) == len(before) > 100
        assert len(after) >= READS_AFTER
        assert after.count(404) == len(after)

    def test_serves_no_range_and_no_condition_either(self, api: Api, account: Account, stored: Stored) -> None:
        etag = api.client.get(stored.url).headers["ETag"]
        api.request("DELETE", "/record", params=stored.query, headers=account.bearer)
        time.sleep(CACHE_SECONDS)
        for headers in ({"Range": "bytes=0-9"}, {"If-None-Match": etag}, {"If-Range": etag, "Range": "bytes=0-9"}):
            assert_problem(api.request("GET", "/record", params=stored.query, headers=headers), 404, "record_not_found")
