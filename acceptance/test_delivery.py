"""Links as a good file server serves them: ranges, conditions, HEAD, the same from the database and from the cache."""

import base64
import hashlib
from dataclasses import dataclass

import httpx
import pytest

from acceptance.api import Api, Stored, assert_problem
from acceptance.waves import music, wav

COLD_AND_WARM = ["cold", "warm"]


@dataclass(frozen=True)
class Link:
    """A stored record whose MP3 is known byte by byte."""

    stored: Stored
    mp3: bytes

    def path(self, state: str) -> str:
        """Cold: a spelling that no cache keeps. Warm: the one that has just been downloaded."""
        return self.stored.url_never_asked() if state == "cold" else self.stored.url


@pytest.fixture(scope="module")
def link(api: Api) -> Link:
    """Forty seconds of music, 0.7 MB as MP3: several chunks, in several blocks of the gateway."""
    stored = api.store(api.new_account(), wav(music(40)), "music.wav")
    return Link(stored, api.client.get(stored.url).content)


@pytest.fixture(params=COLD_AND_WARM)
def path(request: pytest.FixtureRequest, api: Api, link: Link) -> str:
    """The link, from the database or from the cache."""
    if request.param == "warm":
        api.client.get(link.stored.url)
    return link.path(request.param)


def ranges_around(size: int) -> list[str]:
    """Headers that ask for parts of `size` bytes, near every edge there is."""
    edges = [0, 1, 2, size // 2, 65535, 65536, 65537, size - 2, size - 1, size, size + 1, 10**18]
    asked = [f"bytes={first}-{last}" for first in edges for last in edges if first <= last]
    asked += [f"bytes={first}-" for first in edges]
    asked += [f"bytes=-{length}" for length in edges]
    return asked


NO_RANGE = [
    "",
    "bytes",
    "bytes=",
    "bytes=-",
    "bytes=a-b",
    "bytes=5-2",
    "bytes=1-2x",
    "bytes=--5",
    "items=0-5",
    "0-5",
    "bytes=0-5,10-15",
    "bytes=0-0,-1",
    "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 400, 2)),
]
"""What is no single range; RFC 9110 lets all of it be answered with the whole."""


def expected_part(header: str, size: int) -> slice | None:
    """The part that a single range asks for, by Python's own slices; None if it cannot be had (416)."""
    first, _, last = header.removeprefix("bytes=").partition("-")
    if not first:
        part = slice(max(size - int(last), 0), size) if int(last) else slice(size, size)
    else:
        part = slice(int(first), min(int(last) + 1, size) if last else size)
    return part if part.start < size else None


class TestRanges:
    @pytest.mark.parametrize("state", COLD_AND_WARM)
    def test_every_single_range_is_the_slice_of_the_whole(self, api: Api, link: Link, state: str) -> None:
        size = len(link.mp3)
        for asked in ranges_around(size):
            response = api.request("GET", link.path(state), headers={"Range": asked})
            part = expected_part(asked, size)
            if part is None:
                assert_problem(response, 416, "range_not_satisfiable")
                assert response.headers["Content-Range"] == f"bytes */{size}", asked
                continue
            assert response.status_code == 206, asked
            assert response.content == link.mp3[part], asked
            assert response.headers["Content-Range"] == f"bytes {part.start}-{part.stop - 1}/{size}"
            assert response.headers["Content-Length"] == str(part.stop - part.start)
            self.assert_common_headers(response, link)

    @pytest.mark.parametrize("asked", NO_RANGE, ids=lambda text: text[:20] or "empty")
    def test_what_is_no_single_range_is_answered_with_the_whole(
        self, api: Api, link: Link, path: str, asked: str
    ) -> None:
        response = api.request("GET", path, headers={"Range": asked})
        if response.status_code == 416:
            # nginx refuses junk that it cannot read where RFC 9110 also lets it be ignored
            assert_problem(response, 416, "range_not_satisfiable")
            return
        assert response.status_code == 200
        assert response.content == link.mp3

    @staticmethod
    def assert_common_headers(response: httpx.Response, link: Link) -> None:
        sha256 = hashlib.sha256(link.mp3)
        assert response.headers["ETag"] == f'"{sha256.hexdigest()}"'
        assert response.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(sha256.digest()).decode()}:"
        assert response.headers["Content-Type"] == "audio/mpeg"
        assert response.status_code == 206 or response.headers["Accept-Ranges"] == "bytes"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert response.headers["Last-Modified"].endswith(" GMT")
        assert "X-Accel-Expires" not in response.headers


class TestWhole:
    def test_get_is_the_file_that_the_upload_told_of(self, api: Api, link: Link, path: str) -> None:
        response = api.request("GET", path)
        assert response.status_code == 200
        assert hashlib.sha256(response.content).hexdigest() == link.stored.facts["sha256"]
        assert response.headers["Content-Length"] == str(link.stored.facts["size_bytes"])
        TestRanges.assert_common_headers(response, link)

    def test_head_has_the_headers_of_get_and_no_body(self, api: Api, path: str) -> None:
        head, got = api.request("HEAD", path), api.request("GET", path)
        assert head.status_code == 200
        assert head.content == b""
        passing = {"date", "x-request-id", "connection"}
        assert {n: v for n, v in head.headers.items() if n not in passing} == {
            n: v for n, v in got.headers.items() if n not in passing
        }

    def test_each_answer_has_an_id_of_its_own(self, api: Api, path: str) -> None:
        ids = {api.request("GET", path).headers["X-Request-ID"] for _ in range(5)}
        assert len(ids) == 5

    def test_a_client_that_could_unpack_gets_no_packed_answer(self, api: Api, path: str) -> None:
        assert "Content-Encoding" not in api.request("GET", path, headers={"Accept-Encoding": "gzip"}).headers


class TestConditions:
    def test_a_copy_that_is_right_is_not_sent_again(self, api: Api, path: str) -> None:
        first = api.request("GET", path)
        for validator in (
            {"If-None-Match": first.headers["ETag"]},
            {"If-None-Match": f'"x", W/{first.headers["ETag"]}'},
            {"If-None-Match": "*"},
            {"If-Modified-Since": first.headers["Last-Modified"]},
        ):
            for method in ("GET", "HEAD"):
                response = api.request(method, path, headers=validator)
                assert response.status_code == 304, validator
                assert response.content == b""
                assert response.headers["ETag"] == first.headers["ETag"]

    def test_a_copy_that_is_wrong_is(self, api: Api, link: Link, path: str) -> None:
        for validator in (
            {"If-None-Match": '"x"'},
            {"If-None-Match": '"x"', "If-Modified-Since": "Fri, 31 Dec 2100 23:59:59 GMT"},
            {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
            {"If-Modified-Since": "yesterday"},
        ):
            response = api.request("GET", path, headers=validator)
            assert (response.status_code, response.content) == (200, link.mp3), validator

    def test_a_range_counts_only_if_the_copy_is_right(self, api: Api, link: Link, path: str) -> None:
        etag = api.request("HEAD", path).headers["ETag"]
        right = api.request("GET", path, headers={"Range": "bytes=10-19", "If-Range": etag})
        assert (right.status_code, right.content) == (206, link.mp3[10:20])
        for wrong in ('"x"', f"W/{etag}", "Sat, 01 Jan 2000 00:00:00 GMT"):
            response = api.request("GET", path, headers={"Range": "bytes=10-19", "If-Range": wrong})
            assert (response.status_code, response.content) == (200, link.mp3), wrong

    def test_a_precondition_that_fails_is_412(self, api: Api, path: str) -> None:
        for failing in ({"If-Match": '"x"'}, {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}):
            assert_problem(api.request("GET", path, headers=failing), 412, "precondition_failed")


class TestBadLinks:
    UNKNOWN = "3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f"

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_unknown_ids_are_not_found(self, api: Api, link: Link, method: str) -> None:
        stored = link.stored
        stranger = api.new_account().id
        for record, user in [
            (self.UNKNOWN, stored.owner.id),
            (stored.id, self.UNKNOWN),
            (stored.id, stranger),
            (stored.owner.id, stored.id),
        ]:
            response = api.request(method, "/record", params={"id": record, "user": user})
            assert response.status_code == 404
            if method == "GET":
                assert_problem(response, 404, "record_not_found")

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ("", 422, "invalid_request"),
            ("id={id}", 422, "invalid_request"),
            ("user={user}", 422, "invalid_request"),
            ("id=&user={user}", 422, "invalid_request"),
            ("id=7&user={user}", 422, "invalid_request"),
            ("id={id}%00&user={user}", 422, "invalid_request"),
            ("id=%ED%A0%80&user={user}", 422, "invalid_request"),
            ("id={id}&id={id}&user={user}", 400, "query_argument_repeated"),
            ("id={id}&user={user}&user={user}", 400, "query_argument_repeated"),
            ("id={id}&user={user}&download=1", 400, "query_argument_unknown"),
            ("id={id}&user={user}&ID={id}", 400, "query_argument_unknown"),
            ("id={id}&user={user}&=", 400, "query_argument_unknown"),
        ],
    )
    @pytest.mark.parametrize("route", ["/record", "/record/info"])
    def test_a_query_that_is_not_the_link_s(
        self, api: Api, link: Link, route: str, query: str, status: int, code: str
    ) -> None:
        path = f"{route}?{query.format(id=link.stored.id, user=link.stored.owner.id)}"
        assert_problem(api.request("GET", path), status, code)
