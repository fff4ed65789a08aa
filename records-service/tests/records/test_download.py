"""`GET` and `HEAD /record` over HTTP: the bytes, the headers, the conditions."""

import base64
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from records_service.main import create_app
from records_service.records.model import Record
from records_service.settings import RecordsSettings

CHUNK = 1024  # small, so that windows of 16 chunks are crossed by small contents
WINDOW = 16 * CHUNK


Store = Callable[..., tuple[Record, bytes]]
ServeApp = Callable[..., AbstractContextManager[str]]


def link(record: Record) -> str:
    """The path and query of a record's link."""
    return f"/record?id={record.id}&user={record.user_id}"


class TestTheWhole:
    @pytest.mark.parametrize(
        "size", [1, CHUNK - 1, CHUNK, CHUNK + 1, WINDOW - 1, WINDOW, WINDOW + 1, 2 * WINDOW, 2 * WINDOW + CHUNK + 7]
    )
    def test_arrives_as_it_was_stored(self, client: httpx.Client, store: Store, size: int) -> None:
        record, content = store(size, chunk_size=CHUNK)
        answer = client.get(link(record))
        assert answer.status_code == 200
        assert answer.content == content
        assert answer.headers["Content-Length"] == str(size)

    def test_carries_what_players_and_caches_need(self, client: httpx.Client, store: Store) -> None:
        record, content = store(5000, name="запись.wav")
        before = int(time.time())
        headers = client.get(link(record)).headers
        digest = hashlib.sha256(content).digest()
        assert headers["Content-Type"] == "audio/mpeg"
        assert headers["Accept-Ranges"] == "bytes"
        assert headers["ETag"] == f'"{digest.hex()}"'
        assert headers["Last-Modified"] == record.created_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        assert headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
        assert headers["Cache-Control"] == "private, no-cache"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Disposition"].startswith('inline; filename="______.mp3"; filename*=UTF-8')
        assert before <= int(headers["X-Accel-Expires"].removeprefix("@")) <= time.time()

    def test_is_read_once_for_all_who_ask_at_once_but_anew_for_who_comes_later(
        self, client: httpx.Client, store: Store, query: Callable[..., Any]
    ) -> None:
        record, content = store(3 * WINDOW, chunk_size=CHUNK)
        query("BEGIN")
        query("LOCK records.record IN ACCESS EXCLUSIVE MODE")

        def reading() -> int:
            ((count,),) = query(
                "SELECT count(*) FROM pg_locks WHERE relation = 'records.record'::regclass AND NOT granted"
            )
            return int(count)

        with ThreadPoolExecutor(21) as pool:
            answers = [pool.submit(client.get, link(record)) for _ in range(20)]
            time.sleep(1)
            at_once = reading()
            answers.append(pool.submit(client.get, link(record)))
            time.sleep(1)
            later = reading()
            query("COMMIT")
            assert {answer.result().content for answer in answers} == {content}
        assert (at_once, later) == (1, 2)

    def test_is_fresh_for_the_second_in_which_the_database_was_asked(
        self, client: httpx.Client, store: Store, query: Callable[..., Any]
    ) -> None:
        record, _ = store(1000)
        query("BEGIN")
        query("LOCK records.record IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(1) as pool:
            asked = int(time.time())
            waiting = pool.submit(client.get, link(record))
            time.sleep(2)
            query("COMMIT")
            fresh_until = int(waiting.result().headers["X-Accel-Expires"].removeprefix("@"))
        assert asked <= fresh_until <= asked + 1

    @pytest.mark.parametrize("size", [1000, 3 * WINDOW])
    def test_head_has_the_same_headers_and_no_body(self, client: httpx.Client, store: Store, size: int) -> None:
        record, _ = store(size, chunk_size=CHUNK)
        varying = ("date", "x-request-id", "x-accel-expires")
        got, headed = (
            {name: value for name, value in client.request(method, link(record)).headers.items() if name not in varying}
            for method in ("GET", "HEAD")
        )
        assert headed == got
        assert client.head(link(record), headers={"Range": "bytes=0-1"}).status_code == 200

    def test_the_longest_names_leave_room_in_a_proxys_header_buffer(self, client: httpx.Client, store: Store) -> None:
        record, _ = store(10, name="🎤" * 255)
        assert sum(len(name) + len(value) + 4 for name, value in client.get(link(record)).headers.raw) < 2048


class TestRanges:
    N = 2 * WINDOW + CHUNK + 7
    EDGES = (0, 1, CHUNK - 1, CHUNK, WINDOW - 1, WINDOW, WINDOW + 1, N - 1, N, N + 1)

    def test_agree_with_slices_at_every_edge(self, client: httpx.Client, store: Store) -> None:
        record, content = store(self.N, chunk_size=CHUNK)
        for first in self.EDGES:
            for last in self.EDGES:
                answer = client.get(link(record), headers={"Range": f"bytes={first}-{last}"})
                if first > last:
                    assert (answer.status_code, answer.content) == (200, content), (first, last)
                elif first >= self.N:
                    assert answer.status_code == 416, (first, last)
                else:
                    stop = min(last + 1, self.N)
                    assert (answer.status_code, answer.content) == (206, content[first:stop]), (first, last)
                    assert answer.headers["Content-Range"] == f"bytes {first}-{stop - 1}/{self.N}"
                    assert answer.headers["Content-Length"] == str(stop - first)

    def test_suffixes_and_open_ends(self, client: httpx.Client, store: Store) -> None:
        record, content = store(self.N, chunk_size=CHUNK)
        for edge in self.EDGES[1:]:
            suffix = client.get(link(record), headers={"Range": f"bytes=-{edge}"})
            assert (suffix.status_code, suffix.content) == (206, content[-edge:])
            open_ended = client.get(link(record), headers={"Range": f"bytes={edge}-"})
            expected = (206, content[edge:]) if edge < self.N else (416, open_ended.content)
            assert (open_ended.status_code, open_ended.content) == expected

    def test_a_part_has_the_wholes_validators_and_is_not_for_the_gateways_cache(
        self, client: httpx.Client, store: Store
    ) -> None:
        record, _ = store()
        whole = client.get(link(record)).headers
        part = client.get(link(record), headers={"Range": "bytes=1-2"}).headers
        for name in ("ETag", "Last-Modified", "Repr-Digest", "Content-Disposition", "Accept-Ranges", "Cache-Control"):
            assert part[name] == whole[name]
        assert "X-Accel-Expires" not in part

    def test_a_range_outside_is_a_problem_that_tells_the_size(self, client: httpx.Client, store: Store) -> None:
        record, _ = store(1000)
        answer = client.get(link(record), headers={"Range": "bytes=1000-"})
        assert answer.status_code == 416
        assert answer.headers["Content-Range"] == "bytes */1000"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "range_not_satisfiable"

    @pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=x", "items=0-1", "bytes=5-4", ""])
    def test_what_is_no_single_range_gets_the_whole(self, client: httpx.Client, store: Store, header: str) -> None:
        record, content = store()
        answer = client.get(link(record), headers={"Range": header})
        assert (answer.status_code, answer.content) == (200, content)

    def test_two_range_headers_get_the_whole(self, client: httpx.Client, store: Store) -> None:
        record, content = store()
        answer = client.get(link(record), headers=[("Range", "bytes=0-1"), ("Range", "bytes=2-3")])
        assert (answer.status_code, answer.content) == (200, content)


class TestConditions:
    @pytest.fixture
    def known(self, client: httpx.Client, store: Store) -> tuple[Record, str, str]:
        """A record with its entity tag and its date."""
        record, _ = store()
        headers = client.head(link(record)).headers
        return record, headers["ETag"], headers["Last-Modified"]

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_copy_that_is_still_right_is_not_sent_again(
        self, client: httpx.Client, known: tuple[Record, str, str], method: str
    ) -> None:
        record, etag, date = known
        for headers in ({"If-None-Match": f'"x", W/{etag}'}, {"If-None-Match": "*"}, {"If-Modified-Since": date}):
            answer = client.request(method, link(record), headers=headers)
            assert answer.status_code == 304
            assert answer.content == b""
            assert answer.headers["ETag"] == etag
            assert answer.headers["Cache-Control"] == "private, no-cache"
            assert answer.headers["X-Accel-Expires"].startswith("@")
            assert "Content-Length" not in answer.headers

    def test_another_tag_beats_the_same_date(self, client: httpx.Client, known: tuple[Record, str, str]) -> None:
        record, _, date = known
        answer = client.get(link(record), headers={"If-None-Match": '"x"', "If-Modified-Since": date})
        assert answer.status_code == 200

    def test_a_304_beats_a_range(self, client: httpx.Client, known: tuple[Record, str, str]) -> None:
        record, etag, _ = known
        headers = {"If-None-Match": etag, "Range": "bytes=999999-"}
        assert client.get(link(record), headers=headers).status_code == 304

    def test_a_failed_precondition_is_a_problem(self, client: httpx.Client, known: tuple[Record, str, str]) -> None:
        record, etag, _ = known
        yesterday = "Thu, 01 Jan 1970 00:00:00 GMT"
        for headers in ({"If-Match": '"x"'}, {"If-Match": f"W/{etag}"}, {"If-Unmodified-Since": yesterday}):
            answer = client.get(link(record), headers=headers | {"Range": "bytes=999999-"})
            assert answer.status_code == 412
            assert answer.json()["code"] == "precondition_failed"

    def test_if_range_decides_whether_a_download_is_resumed(
        self, client: httpx.Client, known: tuple[Record, str, str]
    ) -> None:
        record, etag, date = known
        for value, status in ((etag, 206), (date, 206), ('"x"', 200), (f"W/{etag}", 200), ("junk", 200)):
            headers = {"Range": "bytes=10-", "If-Range": value}
            assert client.get(link(record), headers=headers).status_code == status

    def test_a_304_and_a_head_read_one_row_and_no_chunk(
        self,
        client: httpx.Client,
        known: tuple[Record, str, str],
        query: Callable[..., object],
    ) -> None:
        record, etag, _ = known
        query("DELETE FROM records.record_chunk WHERE record_id = %s", str(record.id))
        assert client.get(link(record), headers={"If-None-Match": etag}).status_code == 304
        assert client.head(link(record)).status_code == 200
        assert client.get(link(record)).status_code == 404


class TestALinkThatLeadsNowhere:
    @pytest.mark.parametrize(("method", "path"), [("GET", "/record"), ("HEAD", "/record"), ("GET", "/record/info")])
    def test_unknown_ids_and_wrong_pairs_are_not_found(
        self, client: httpx.Client, store: Store, method: str, path: str
    ) -> None:
        mine, others = store()[0], store()[0]
        for record_id, user_id in ((uuid4(), mine.user_id), (mine.id, uuid4()), (mine.id, others.user_id)):
            query = {"id": str(record_id), "user": str(user_id)}
            answer = client.request(method, path, params=query, headers={"If-None-Match": "*", "If-Match": '"x"'})
            assert answer.status_code == 404
            if method == "GET":
                assert answer.json()["code"] == "record_not_found"
                assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("", 422),
            ("id=x&user=y", 422),
            ("id={id}", 422),
            ("id={hex}&user={user}", 422),
            ("id={id}&user={user}&v=1", 400),
            ("id={id}&id={id}&user={user}", 400),
            ("ID={id}&user={user}", 400),
        ],
    )
    def test_a_malformed_query_is_refused(self, client: httpx.Client, store: Store, query: str, status: int) -> None:
        record, _ = store()
        filled = query.format(id=record.id, hex=record.id.hex, user=record.user_id)
        for path in ("/record", "/record/info"):
            assert client.get(f"{path}?{filled}").status_code == status


class TestCost:
    @pytest.mark.parametrize(("size", "transactions"), [(40_000, 1), (3 * 1024 * 1024, 3), (3 * 1024 * 1024 + 1, 4)])
    def test_a_connection_per_window_and_none_besides(
        self,
        make_settings: Callable[..., RecordsSettings],
        serve_app: ServeApp,
        store: Store,
        size: int,
        transactions: int,
    ) -> None:
        record, content = store(size)
        begun = 0

        def count(_connection: sa.Connection) -> None:
            nonlocal begun
            begun += 1

        app = create_app(make_settings())
        sa.event.listen(app.state.database.engine, "begin", count)
        with serve_app(app) as url:
            assert httpx.get(url + link(record), trust_env=False).content == content
        assert begun == transactions
