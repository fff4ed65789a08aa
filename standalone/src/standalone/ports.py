"""Ports of this machine and what answers on them."""

import errno
import http.client
import socket
from contextlib import ExitStack

from standalone.process import StartFailure

ANSWER_SECONDS = 2.0


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1, all different, that nothing listened on a moment ago."""
    with ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def require_free(port: int, variable: str) -> None:
    """Raise StartFailure, naming the variable, if `port` cannot be listened on."""
    with socket.socket() as probe:
        # As nginx and PostgreSQL do; without it a port with connections that just ended counts as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
            probe.listen()
        except OSError as error:
            reason = "is already in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise StartFailure(f"Port {port} {reason}; choose another with {variable}") from None


def answers_ok(port: int, path: str) -> bool:
    """Whether GET on 127.0.0.1 is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
