"""Downloads come from the cache at once, and a recording that is deleted is gone within a second all the same."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from gateway_process import GatewayProcess
from played_services import MODIFIED, PlayedRecords, Recording, eventually

SIZE = 300_000


@pytest.fixture
def record_id() -> str:
    """A new one for each test: what an earlier one left in the cache has another address."""
    return str(uuid4())


@pytest.fixture
def recording(records: PlayedRecords, record_id: str) -> Recording:
    """A recording that the service has."""
    recording = Recording(os.urandom(SIZE))
    records.recordings[record_id] = recording
    return recording


@pytest.fixture
def link(record_id: str) -> str:
    """The recording's link."""
    return link_of(record_id)


def link_of(record_id: str) -> str:
    """A link as records-service makes it."""
    return f"/record?id={record_id}&user={uuid4()}"


def at_the_start_of_a_second() -> None:
    """What is cached is fresh until the end of the second, so a test that counts requests begins with one."""
    time.sleep(1.02 - time.time() % 1)


def bytes_in(folder: Path) -> int:
    """Of all files there, those left out that nginx removes meanwhile."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += file.stat().st_size if file.is_file() else 0
    return total


class TestTheCache:
    def test_answers_as_the_service_does(self, gateway: GatewayProcess, recording: Recording, link: str) -> None:
        cold, warm = gateway.get(link), gateway.get(link)
        for answer in (cold, warm):
            assert (answer.status, answer.body) == (200, recording.body)
            assert answer.headers["Content-Type"] == "audio/mpeg"
            assert answer.headers["Content-Length"] == str(SIZE)
            for name in ("ETag", "Last-Modified", "Accept-Ranges", "Cache-Control", "Content-Disposition"):
                assert answer.headers.get_all(name) == [recording.headers()[name]]
            assert "X-Accel-Expires" not in answer.headers
            assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert cold.headers["X-Request-ID"] != warm.headers["X-Request-ID"]

    def test_asks_the_service_once_a_second(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, link: str
    ) -> None:
        at_the_start_of_a_second()
        assert {gateway.get(link).body for _ in range(20)} == {recording.body}
        assert len(records.requests) == 1
        at_the_start_of_a_second()
        assert {gateway.get(link).body for _ in range(20)} == {recording.body}
        assert len(records.requests) == 2
        assert records.requests[1]["headers"]["if-none-match"] == recording.etag

    def test_keeps_the_new_bytes_of_an_address(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, record_id: str, link: str
    ) -> None:
        gateway.get(link)
        records.recordings[record_id] = Recording(b"another")
        at_the_start_of_a_second()
        assert [gateway.get(link).body for _ in range(3)] == [b"another"] * 3

    def test_tells_addresses_apart_that_differ_in_their_query_only(
        self, gateway: GatewayProcess, records: PlayedRecords
    ) -> None:
        links = {name: link_of(str(uuid4())) for name in ("a", "b")}
        records.recordings.update({link[11:47]: Recording(name.encode()) for name, link in links.items()})
        for name in ("a", "b", "a", "b"):
            assert gateway.get(links[name]).body == name.encode()

    @pytest.mark.parametrize("asked", ["/record?id={id}&user={user}", "/record?user={user}&id={id}"])
    def test_keeps_a_link_with_its_arguments_in_either_order(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, record_id: str, asked: str
    ) -> None:
        at_the_start_of_a_second()
        asked = asked.format(id=record_id, user=uuid4())
        assert {gateway.get(asked).body for _ in range(3)} == {recording.body}
        assert len(records.requests) == 1

    @pytest.mark.parametrize(
        "asked",
        [
            "/record?id={id}&user={user}&n=1",
            "/record?id={id}&user={user}&",
            "/record?id={id}&user={user}?",
            "/record?id={id}&&user={user}",
            "/record?id={id}&user={USER}",
            "/record?id={id}&user=%7B{user}",
            "/record?id={id}&id={id}",
            "/record?id={id}",
            "/%72ecord?id={id}&user={user}",
        ],
    )
    def test_does_not_keep_other_spellings_of_a_link(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, record_id: str, asked: str
    ) -> None:
        user = str(uuid4())
        asked = asked.format(id=record_id, user=user, USER=user.upper())
        at_the_start_of_a_second()
        assert {gateway.get(asked).body for _ in range(3)} == {recording.body}
        assert len(records.requests) == 3

    def test_answers_head(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, link: str
    ) -> None:
        at_the_start_of_a_second()
        for _ in range(3):
            answer = gateway.get(link, method="HEAD")
            assert (answer.status, answer.headers["Content-Length"]) == (200, str(SIZE))
            assert answer.headers["ETag"] == recording.etag
        assert gateway.get(link).body == recording.body
        assert len(records.requests) == 1

    def test_reads_a_link_once_that_many_open_at_once(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, link: str
    ) -> None:
        recording.block_pause_seconds = 0.05
        at_the_start_of_a_second()
        with ThreadPoolExecutor(8) as pool:
            bodies = list(pool.map(lambda _: gateway.get(link).body, range(8)))
        assert bodies == [recording.body] * 8
        assert len([seen for seen in records.requests if "if-none-match" not in seen["headers"]]) == 1

    @pytest.mark.parametrize("size", [0, 1, 65536])
    def test_takes_any_size(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, link: str, size: int
    ) -> None:
        recording.body = os.urandom(size)
        assert [gateway.get(link).body for _ in range(2)] == [recording.body] * 2

    def test_serves_what_took_the_place_of_a_hot_recording(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, record_id: str, link: str
    ) -> None:
        """Whichever worker still has the file open that was there before."""
        with ThreadPoolExecutor(8) as pool:
            assert {answer.body for answer in pool.map(lambda _: gateway.get(link), range(100))} == {recording.body}
            records.recordings[record_id] = Recording(os.urandom(SIZE))
            time.sleep(1.1)
            bodies = {answer.body for answer in pool.map(lambda _: gateway.get(link), range(100))}
        assert bodies == {records.recordings[record_id].body}

    def test_stays_within_its_size(self, nginx_binary: Path, records: PlayedRecords, tmp_path: Path) -> None:
        mp3 = Recording(os.urandom(1 << 20))
        variables = {"RECORDS_UPSTREAM": records.address, "CACHE_MAX_BYTES": str(4 << 20)}
        with GatewayProcess(nginx_binary, tmp_path, variables) as gateway:
            for _ in range(20):
                record_id = str(uuid4())
                records.recordings[record_id] = mp3
                assert gateway.get(link_of(record_id)).status == 200
            kept = tmp_path / "cache"
            eventually(lambda: bytes_in(kept) <= 5 << 20, 15)


class TestADeletedRecording:
    def test_is_gone_within_a_second(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, record_id: str, link: str
    ) -> None:
        for offset in (0.05, 0.5, 0.95):
            records.recordings[record_id] = recording
            at_the_start_of_a_second()
            time.sleep(offset)
            with ThreadPoolExecutor(4) as pool:
                assert {answer.status for answer in pool.map(lambda _: gateway.get(link), range(20))} == {200}
                del records.recordings[record_id]
                time.sleep(1)
                late = list(pool.map(lambda _: gateway.get(link), range(100)))
            assert {answer.status for answer in late} == {404}
            assert late[0].problem()["code"] == "record_not_found"

    def test_is_not_served_while_the_service_is_down(
        self, nginx_binary: Path, recording: Recording, record_id: str, link: str, tmp_path: Path
    ) -> None:
        with stopping(PlayedRecords()) as own:
            own.recordings[record_id] = recording
            with GatewayProcess(nginx_binary, tmp_path, {"RECORDS_UPSTREAM": own.address}) as gateway:
                assert gateway.get(link).status == 200
                own.__exit__(None, None, None)
                time.sleep(1.1)
                answer = gateway.get(link)
                assert answer.status == 503
                assert answer.problem()["code"] == "service_unavailable"

    def test_breaks_a_download_in_progress(
        self, gateway: GatewayProcess, records: PlayedRecords, recording: Recording, link: str
    ) -> None:
        recording.cut_after = 131072
        for _ in range(2):
            answer = gateway.get(link)
            assert answer.headers["Content-Length"] == str(SIZE)
            assert answer.body == recording.body[: len(answer.body)]
            assert len(answer.body) < SIZE
        recording.cut_after = None
        assert [gateway.get(link).body for _ in range(2)] == [recording.body] * 2


class TestConditions:
    @pytest.mark.parametrize(
        ("header", "status"),
        [
            ("If-None-Match: {etag}", 304),
            ("If-None-Match: W/{etag}", 304),
            ('If-None-Match: "x", {etag}', 304),
            ("If-None-Match: *", 304),
            ('If-None-Match: "x"', 200),
            (f"If-Modified-Since: {MODIFIED}", 304),
            ("If-Modified-Since: Tue, 24 Nov 2026 09:00:01 GMT", 304),
            ("If-Modified-Since: Tue, 24 Nov 2026 08:59:59 GMT", 200),
            ("If-Match: {etag}", 200),
            ('If-Match: "x"', 412),
            (f"If-Unmodified-Since: {MODIFIED}", 200),
            ("If-Unmodified-Since: Tue, 24 Nov 2026 08:59:59 GMT", 412),
        ],
    )
    def test_are_judged_cold_and_warm_alike(
        self, gateway: GatewayProcess, recording: Recording, link: str, header: str, status: int
    ) -> None:
        for _ in range(2):
            answer = gateway.get(link, header.format(etag=recording.etag))
            assert answer.status == status
            if status == 200:
                assert answer.body == recording.body
            if status == 304:
                assert answer.headers["ETag"] == recording.etag
                assert answer.headers["Cache-Control"] == "private, no-cache"
            if status == 412:
                assert answer.problem()["code"] == "precondition_failed"
            # a request is logged when it has ended: an answer that leaves it open would hold its connection
            assert gateway.log_line(answer.headers["X-Request-ID"])["status"] == status

    @pytest.mark.parametrize("header", ["If-Match:", "If-Unmodified-Since:"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_that_are_empty_do_no_harm(
        self, gateway: GatewayProcess, recording: Recording, link: str, header: str, method: str
    ) -> None:
        cold = gateway.get(link, header, method=method)
        assert gateway.get(link).body == recording.body
        warm = gateway.get(link, header, method=method)
        at_the_start_of_a_second()
        stale = gateway.get(link, header, method=method)
        for answer in (cold, warm, stale):
            assert answer.status == 412
            assert gateway.log_line(answer.headers["X-Request-ID"])["status"] == 412
        assert gateway.get(link).body == recording.body
        assert "[alert]" not in gateway.error_log.read_text()


@contextmanager
def stopping(service: PlayedRecords) -> Iterator[PlayedRecords]:
    """The service, started; the test may stop it itself."""
    with service:
        yield service


class TestRefusals:
    def test_are_never_cached(self, gateway: GatewayProcess, records: PlayedRecords, record_id: str, link: str) -> None:
        assert gateway.get(link).status == 404
        records.recordings[record_id] = Recording(b"now it is there")
        assert gateway.get(link).body == b"now it is there"

    def test_of_a_get_with_a_large_body(self, gateway: GatewayProcess, recording: Recording, link: str) -> None:
        answer = gateway.get(link, "Content-Length: 100000")
        assert answer.status == 413
        assert answer.problem()["code"] == "upload_too_large"
