"""HTTP by hand, for what a well-behaved client library will not send: bodies that lie, stop or go on too long."""

import json
import select
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

BOUNDARY = "acceptance-boundary"
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """Status, headers with names in lower case, and body; `sent_bytes` of the request's body had gone when it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_bytes: int
    seconds: float
    """From the first byte of the request to the end of the answer."""

    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json", (self.status, self.headers, self.body)
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["request_id"] == self.headers["x-request-id"]
        return problem


class Connection:
    """One connection to the gateway."""

    def __init__(self, base_url: str) -> None:
        address = urlsplit(base_url)
        assert address.hostname
        assert address.port
        self.host = address.netloc
        self._socket = socket.create_connection((address.hostname, address.port), timeout=ANSWER_SECONDS)
        self._started = time.monotonic()
        self._sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def begin(self, method: str, target: str, headers: Mapping[str, str]) -> None:
        """Send the request line and the headers; Host is added unless given."""
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in {"Host": self.host, **headers}.items()]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8"))

    def send(self, blocks: Iterable[bytes]) -> bool:
        """Send blocks of the body until all are gone, or the other side will take no more: then False."""
        try:
            for block in blocks:
                self._socket.sendall(block)
                self._sent += len(block)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def send_until_answered(self, blocks: Iterable[bytes]) -> None:
        """Send blocks, but stop as soon as an answer begins to come back."""
        for block in blocks:
            if select.select([self._socket], [], [], 0)[0] or not self.send([block]):
                return

    def no_more(self) -> None:
        """End the sending side; the answer can still be read."""
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self) -> Answer:
        """Read one answer to its end."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._read()
        head, _, body = received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers["content-length"]):
            body += self._read()
        seconds = time.monotonic() - self._started
        return Answer(int(status_line.split()[1]), headers, body, self._sent, seconds)

    def _read(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise ConnectionError("the connection ended before the answer did")
        return received


def chunked(blocks: Iterable[bytes]) -> Iterable[bytes]:
    """The blocks in chunked transfer coding, the last chunk included."""
    for block in blocks:
        yield b"%x\r\n%b\r\n" % (len(block), block)
    yield b"0\r\n\r\n"


def form_field(name: str, value: str) -> bytes:
    """A plain field of a form."""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def form_file(disposition: bytes, content_type: str = "audio/wav") -> bytes:
    """The head of the field `file`; its content, and `FORM_END`, follow. `disposition` goes on after name="file"."""
    head = b'--%b\r\nContent-Disposition: form-data; name="file"%b\r\n' % (BOUNDARY.encode(), disposition)
    return head + f"Content-Type: {content_type}\r\n\r\n".encode()


FORM_END = f"\r\n--{BOUNDARY}--\r\n".encode()
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
