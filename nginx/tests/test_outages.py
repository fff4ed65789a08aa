"""A service that is down, slow or breaks off ends in a problem within its deadline; replicas come and go unnoticed."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from gateway_process import GatewayProcess, free_port
from played_services import PlayedRecords, eventually

LINK = "/record?id=00000000-0000-4000-8000-000000000001&user=00000000-0000-4000-8000-000000000002"
PATHS = ("/user", LINK, "/record/info", "/records", "/health", "/health/transcoder", "/docs/users.json")
SECONDS_OF = {"/health": 5.0, "/health/transcoder": 5.0}
READ_SECONDS = 15.0


@contextmanager
def listening(*, answer: bytes | None) -> Iterator[str]:
    """A port that takes connections and says nothing, or `answer` and then closes."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        server.settimeout(0.1)
        ended = threading.Event()
        thread = threading.Thread(target=_take, args=(server, answer, ended), daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        thread.join()


def _take(server: socket.socket, answer: bytes | None, ended: threading.Event) -> None:
    taken = []
    while not ended.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        if answer is None:
            taken.append(connection)
            continue
        with connection:
            connection.recv(65536)
            connection.sendall(answer)
    for connection in taken:
        connection.close()


@contextmanager
def gateway_to(address: str, binary: Path, folder: Path) -> Iterator[GatewayProcess]:
    """A gateway whose services are all at one address."""
    variables = {f"{name}_UPSTREAM": address for name in ("USERS", "RECORDS", "TRANSCODER")}
    with GatewayProcess(binary, folder, variables) as gateway:
        yield gateway


class TestAServiceThatIsDown:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_is_a_503_at_once(self, nginx_binary: Path, tmp_path: Path, method: str) -> None:
        paths = PATHS if method == "GET" else ("/user", "/record")
        with gateway_to(f"127.0.0.1:{free_port()}", nginx_binary, tmp_path) as gateway:
            for path in paths:
                began = time.monotonic()
                answer = gateway.get(path, "Content-Length: 0", method=method)
                assert time.monotonic() - began < 1
                assert answer.status == 503
                assert answer.problem()["code"] == "service_unavailable"
                assert answer.headers["Retry-After"] == "2"

    def test_serves_as_soon_as_it_is_back(self, nginx_binary: Path, tmp_path: Path) -> None:
        port = free_port()
        with gateway_to(f"127.0.0.1:{port}", nginx_binary, tmp_path) as gateway:
            assert [gateway.get("/records").status for _ in range(5)] == [503] * 5
            with PlayedRecords(port=port):
                assert [gateway.get("/records").status for _ in range(5)] == [200] * 5


class TestAServiceThatIsSlow:
    def test_is_a_504_at_its_deadline(self, nginx_binary: Path, tmp_path: Path) -> None:
        with listening(answer=None) as address, gateway_to(address, nginx_binary, tmp_path) as gateway:

            def ask(path: str) -> tuple[str, float]:
                began = time.monotonic()
                answer = gateway.get(path)
                assert answer.status == 504
                assert answer.problem()["code"] == "service_timeout"
                assert answer.headers["Retry-After"] == "5"
                return path, time.monotonic() - began

            with ThreadPoolExecutor(len(PATHS)) as pool:
                for path, seconds in pool.map(ask, PATHS):
                    assert 0 <= seconds - SECONDS_OF.get(path, READ_SECONDS) < 1, (path, seconds)


class TestAServiceThatBreaks:
    @pytest.mark.parametrize(
        "said", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
    )
    def test_before_its_answer_is_a_503(self, nginx_binary: Path, tmp_path: Path, said: bytes) -> None:
        with listening(answer=said) as address, gateway_to(address, nginx_binary, tmp_path) as gateway:
            for path in ("/user", "/records", LINK):
                answer = gateway.get(path)
                assert answer.status == 503
                assert answer.problem()["code"] == "service_unavailable"

    def test_in_mid_answer_breaks_the_connection(self, nginx_binary: Path, tmp_path: Path) -> None:
        said = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-Accel-Expires: 60\r\n\r\nabc"
        with listening(answer=said) as address, gateway_to(address, nginx_binary, tmp_path) as gateway:
            for _ in range(2):  # were the part cached as if whole, the second answer would be 200 with 3 bytes
                answer = gateway.get(LINK)
                assert (answer.headers["Content-Length"], answer.body) == ("10", b"abc")

    def test_in_mid_answer_without_a_length_breaks_the_chunks(self, nginx_binary: Path, tmp_path: Path) -> None:
        said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Accel-Expires: 60\r\n\r\n3\r\nabc\r\n"
        with listening(answer=said) as address, gateway_to(address, nginx_binary, tmp_path) as gateway:
            for _ in range(2):
                with gateway.connect() as connection:
                    connection.sendall(f"GET {LINK} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                    with connection.makefile("rb") as stream:
                        assert stream.read().endswith(b"3\r\nabc\r\n")


class _Names:
    """A DNS server for one name, whose addresses the test sets."""

    def __init__(self, addresses: list[str]) -> None:
        self.addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._answer, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _answer(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(512)
            except OSError:
                return
            records = [b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 600, 4) + socket.inet_aton(a) for a in self.addresses]
            # RFC 1035, 4.1.1: the query's id, flags of an answer, one question, so many answers
            header = query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(records), 0, 0)
            self._socket.sendto(header + query[12:] + b"".join(records), client)


class TestReplicas:
    def test_come_and_go_without_an_error(self, nginx_binary: Path, tmp_path: Path) -> None:
        with (
            PlayedRecords("127.0.0.1") as first,
            PlayedRecords("127.0.0.2", first.port) as second,
            closing(_Names(["127.0.0.1"])) as names,
            GatewayProcess(
                nginx_binary,
                tmp_path,
                {"RECORDS_UPSTREAM": f"records.test:{first.port}", "RESOLVER": names.address},
            ) as gateway,
        ):
            eventually(lambda: gateway.get("/records").status == 200)

            def takes_traffic(replica: PlayedRecords) -> bool:
                replica.reset()
                assert {gateway.get("/records").status for _ in range(20)} == {200}
                return bool(replica.requests)

            assert takes_traffic(first)
            assert not takes_traffic(second)
            names.addresses = ["127.0.0.1", "127.0.0.2"]
            eventually(lambda: takes_traffic(second), 3)
            assert takes_traffic(first)
            names.addresses = ["127.0.0.2"]
            eventually(lambda: not takes_traffic(first), 3)

    def test_that_is_gone_is_passed_over(self, nginx_binary: Path, tmp_path: Path) -> None:
        with (
            PlayedRecords("127.0.0.1") as only,
            closing(_Names(["127.0.0.1", "127.0.0.3"])) as names,
            GatewayProcess(
                nginx_binary,
                tmp_path,
                {"RECORDS_UPSTREAM": f"records.test:{only.port}", "RESOLVER": names.address},
            ) as gateway,
        ):
            eventually(lambda: gateway.get("/records").status == 200)
            assert {gateway.get("/records").status for _ in range(50)} == {200}
            uploads = [gateway.get("/record", "Content-Length: 0", method="POST").status for _ in range(50)]
            assert set(uploads) == {201}
