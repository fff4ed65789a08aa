"""uvicorn's HTTP/1.1, with a problem document where its parser gives up: its own answer is plain text."""

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service_kit.problems import MalformedRequest, problem_response
from service_kit.request_id import HEADER, begin_request

log = structlog.get_logger()


class ProblemProtocol(HttpToolsProtocol):
    """Serves one connection."""

    def send_400_response(self, msg: str) -> None:
        """Called when a request cannot be parsed, before the app has seen it; the connection ends with it."""
        # The gateway puts its headers in front of the client's, so the id is known unless the first line is to blame.
        given = dict(self.headers or ()).get(HEADER.lower().encode(), b"")
        request_id = begin_request(given.decode("latin-1"))
        headers = {HEADER: request_id, "X-Content-Type-Options": "nosniff", "Connection": "close"}
        problem = MalformedRequest()
        log.warning("problem.answered", code=problem.code, status=problem.status, reason=msg, request_id=request_id)
        answer = problem_response(problem, headers)
        lines = [b"%b: %b\r\n" % header for header in answer.raw_headers]
        self.transport.write(b"".join([STATUS_LINE[answer.status_code], *lines, b"\r\n", answer.body]))
        self.transport.close()
