"""Ranges against a slice model, cold (the service is read) and warm (the cache is)."""

import os
import re
from dataclasses import dataclass
from uuid import uuid4

import pytest
from gateway_process import Answer, GatewayProcess
from played_services import PlayedRecords, Recording

SIZE = 150_000
BODY = os.urandom(SIZE)
EDGES = (0, 1, SIZE - 1, SIZE, SIZE + 1)
RANGES = [
    *(f"bytes={first}-{last}" for first in EDGES for last in EDGES),
    *(f"bytes={first}-" for first in (0, 1, SIZE // 2, SIZE - 1, SIZE, SIZE + 1)),
    *(f"bytes=-{length}" for length in (0, 1, 2, SIZE - 1, SIZE, SIZE + 1)),
    *("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=--1", "bytes=0-1-2", "bytes=0x1-2", "junk"),
    *("items=0-1", "bytes=0-0,-1", "bytes=0-1,5-9", f"bytes=0-0,{SIZE}-", "bytes= 0-1", "Bytes=0-1"),
    *("bytes=0-99999999999999999999", "bytes=99999999999999999999-", "bytes=-99999999999999999999"),
]  # fmt: skip


@dataclass(frozen=True)
class Expected:
    """`part` is None for the whole; `refused` for a 416."""

    part: slice | None = None
    refused: bool = False


def model(header: str) -> Expected:
    """RFC 9110, 14.1.2 and 14.2. What is not well-formed may be refused, and nginx does; also offsets past 2^63."""
    unit, _, wanted = header.partition("=")
    if unit.lower() != "bytes" or not wanted:
        return Expected()
    found = [re.fullmatch(r" *(\d*)-(\d*)", each) for each in wanted.split(",")]
    bounds = [each.groups() for each in found if each and any(each.groups())]
    if len(bounds) < len(found) or any(int(bound or 0) >= 1 << 63 for both in bounds for bound in both):
        return Expected(refused=True)
    parts = [_part(*both) for both in bounds]
    satisfiable = [part for part in parts if part.start < part.stop]
    if len(satisfiable) > 1:
        return Expected()
    return Expected(satisfiable[0]) if satisfiable else Expected(refused=True)


def _part(first: str, last: str) -> slice:
    if not first:
        return slice(max(0, SIZE - int(last)), SIZE)
    return slice(int(first), min(SIZE, int(last) + 1) if last else SIZE)


def judge(answer: Answer, expected: Expected) -> None:
    if expected.refused:
        assert answer.status == 416
        assert answer.headers["Content-Range"] == f"bytes */{SIZE}"
        assert answer.headers["Cache-Control"] in ("private, no-cache", "no-store")
        assert answer.problem()["code"] == "range_not_satisfiable"
        return
    part = expected.part or slice(0, SIZE)
    assert answer.status == (206 if expected.part else 200)
    assert answer.headers["Content-Length"] == str(part.stop - part.start)
    assert answer.headers["Content-Type"] == "audio/mpeg"
    if expected.part:
        assert answer.headers["Content-Range"] == f"bytes {part.start}-{part.stop - 1}/{SIZE}"
    assert answer.body == BODY[part]


@pytest.fixture
def link(records: PlayedRecords) -> str:
    """The link of a recording that is not cached yet."""
    record_id = str(uuid4())
    records.recordings[record_id] = Recording(BODY)
    return f"/record?id={record_id}&user={uuid4()}"


@pytest.mark.parametrize("header", RANGES)
class TestARange:
    def test_is_the_slice_cold_and_warm(self, gateway: GatewayProcess, link: str, header: str) -> None:
        for _ in range(3):
            judge(gateway.get(link, f"Range: {header}"), model(header))

    def test_is_the_slice_when_the_whole_was_asked_for_before(
        self, gateway: GatewayProcess, link: str, header: str
    ) -> None:
        assert gateway.get(link).body == BODY
        judge(gateway.get(link, f"Range: {header}"), model(header))


class TestIfRange:
    @pytest.mark.parametrize(("validator", "applies"), [("{etag}", True), ('"x"', False), ("W/{etag}", False)])
    def test_an_etag_decides(self, gateway: GatewayProcess, link: str, validator: str, applies: bool) -> None:
        etag = Recording(BODY).etag
        for _ in range(2):
            answer = gateway.get(link, "Range: bytes=10-19", f"If-Range: {validator.format(etag=etag)}")
            judge(answer, Expected(slice(10, 20) if applies else None))

    @pytest.mark.parametrize(("day", "applies"), [("24", True), ("23", False)])
    def test_a_date_decides(self, gateway: GatewayProcess, link: str, day: str, applies: bool) -> None:
        for _ in range(2):
            answer = gateway.get(link, "Range: bytes=10-19", f"If-Range: Tue, {day} Nov 2026 09:00:00 GMT")
            judge(answer, Expected(slice(10, 20) if applies else None))
