"""Uploads pass through as they come, and a refusal that comes early reaches the client as it is."""

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from gateway_process import Answer, GatewayProcess, chunked, read_answer
from played_services import PlayedRecords, eventually

MIB = 1 << 20
BLOCK = bytes(range(256)) * 4096
LIMIT = 128 * MIB


def upload(
    gateway: GatewayProcess, blocks: int, query: str = "", *, in_chunks: bool, pause_seconds: float = 0
) -> Answer:
    """POST `blocks` MiB, all sent before the answer is read."""
    body: Iterable[bytes] = (BLOCK for _ in range(blocks))
    framing = "Transfer-Encoding: chunked" if in_chunks else f"Content-Length: {blocks * MIB}"
    head = f"POST /record{query} HTTP/1.1\r\nHost: gateway.test\r\nContent-Type: audio/wav\r\n{framing}\r\n\r\n"
    return gateway.send_each(_joined(head.encode(), chunked(body) if in_chunks else body), pause_seconds)


def _joined(head: bytes, body: Iterable[bytes]) -> Iterable[bytes]:
    yield head
    yield from body


@pytest.mark.parametrize("in_chunks", [False, True])
class TestAnUpload:
    def test_arrives_whole(self, gateway: GatewayProcess, records: PlayedRecords, in_chunks: bool) -> None:
        answer = upload(gateway, 20, "?user=1", in_chunks=in_chunks)
        assert answer.status == 201
        assert json.loads(answer.body)["sha256"] == hashlib.sha256(BLOCK * 20).hexdigest()
        (request,) = records.requests
        assert (request["path"], request["query"]) == ("/record", "user=1")

    def test_arrives_while_it_is_sent(self, gateway: GatewayProcess, records: PlayedRecords, in_chunks: bool) -> None:
        framing = b"Transfer-Encoding: chunked" if in_chunks else b"Content-Length: %d" % (2 * MIB)
        with gateway.connect() as connection:
            connection.sendall(b"POST /record HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n")
            halves = list(chunked([BLOCK, BLOCK])) if in_chunks else [BLOCK, BLOCK]
            connection.sendall(halves[0])
            eventually(lambda: records.bytes_in == MIB)
            for half in halves[1:]:
                connection.sendall(half)
            assert read_answer(connection).status == 201

    def test_over_the_limit_is_a_413(self, gateway: GatewayProcess, records: PlayedRecords, in_chunks: bool) -> None:
        answer = upload(gateway, LIMIT // MIB + 1, in_chunks=in_chunks)
        assert answer.status == 413
        assert answer.problem()["code"] == "upload_too_large"
        assert records.bytes_in <= LIMIT

    def test_at_the_limit_passes(self, gateway: GatewayProcess, in_chunks: bool) -> None:
        assert upload(gateway, LIMIT // MIB, in_chunks=in_chunks).status == 201


@pytest.mark.parametrize("in_chunks", [False, True])
@pytest.mark.parametrize("way", ["401", "413", "415", "refused_late"])
class TestAnEarlyRefusal:
    def test_reaches_a_client_that_sends_on(self, gateway: GatewayProcess, way: str, in_chunks: bool) -> None:
        """100 MB each, of which the service reads nothing or one block before it answers."""
        expected = 415 if way == "refused_late" else int(way)
        tries = 100 if way == "401" and not in_chunks else 25
        with ThreadPoolExecutor(2) as pool:
            answers = pool.map(lambda _: upload(gateway, 96, f"?as={way}", in_chunks=in_chunks), range(tries))
            problems = [(answer.status, answer.problem()["code"]) for answer in answers]
        code = {401: "unauthorized", 413: "upload_too_large", 415: "not_a_wav"}[expected]
        assert problems == [(expected, code)] * tries

    def test_reaches_a_slow_client(self, gateway: GatewayProcess, way: str, in_chunks: bool) -> None:
        answer = upload(gateway, 8, f"?as={way}", in_chunks=in_chunks, pause_seconds=0.15)
        assert answer.problem()["status"] == (415 if way == "refused_late" else int(way))

    def test_comes_before_the_body_has_ended(self, gateway: GatewayProcess, way: str, in_chunks: bool) -> None:
        framing = b"Transfer-Encoding: chunked" if in_chunks else b"Content-Length: %d" % (100 * MIB)
        block = next(iter(chunked([BLOCK]))) if in_chunks else BLOCK
        with gateway.connect() as connection:
            connection.sendall(
                f"POST /record?as={way} HTTP/1.1\r\nHost: a\r\n".encode() + framing + b"\r\n\r\n" + block
            )
            assert read_answer(connection).problem()["status"] == (415 if way == "refused_late" else int(way))


class TestTooManyAtATime:
    def test_from_one_address_is_a_429(self, nginx_binary: Path, records: PlayedRecords, tmp_path: Path) -> None:
        variables = {"RECORDS_UPSTREAM": records.address, "UPLOADS_PER_CLIENT": "2"}
        with GatewayProcess(nginx_binary, tmp_path, variables) as gateway, ThreadPoolExecutor(2) as pool:
            held = [pool.submit(upload, gateway, 1, "?as=held", in_chunks=False) for _ in range(2)]
            eventually(lambda: records.bytes_in == 2 * MIB)
            answer = upload(gateway, 1, in_chunks=False)
            assert answer.problem()["code"] == "too_many_requests"
            assert answer.headers["Retry-After"] == "1"
            assert gateway.get("/record?id=none").status == 404
            records.hold.set()
            assert [done.result().status for done in held] == [201, 201]
            assert upload(gateway, 1, in_chunks=False).status == 201


class TestAClientThatGoesAway:
    def test_in_mid_upload_is_noticed(self, gateway: GatewayProcess, records: PlayedRecords) -> None:
        with gateway.connect() as connection:
            connection.sendall(
                b"POST /record HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\nX-Request-ID: gone-1\r\n\r\n"
            )
            connection.sendall(BLOCK)
            eventually(lambda: records.bytes_in == MIB)
        assert gateway.log_line("gone-1")["status"] in (400, 499)
