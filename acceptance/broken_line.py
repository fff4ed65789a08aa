"""A line to the gateway that breaks after so many bytes of answer: what a bad network does to a download."""

import socket
import threading
from urllib.parse import urlsplit


class BrokenLine:
    """Listens on a port of 127.0.0.1 and passes one connection on; closes it once `answer_bytes` have come back."""

    def __init__(self, base_url: str, answer_bytes: int) -> None:
        address = urlsplit(base_url)
        assert address.hostname
        assert address.port
        self._target = (address.hostname, address.port)
        self._answer_bytes = answer_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "BrokenLine":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(30)
        self._listener.close()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.create_connection(self._target) as gateway:
            gateway.sendall(client.recv(65536))
            left = self._answer_bytes
            while left:
                block = gateway.recv(min(left, 65536))
                if not block:
                    return
                client.sendall(block)
                left -= len(block)
