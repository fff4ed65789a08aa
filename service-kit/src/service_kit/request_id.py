"""The request id: taken from the gateway or made here, bound to the context, in every log line and every answer."""

import re
import uuid
from contextvars import ContextVar

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request being served, or an empty string outside one."""
    return _current.get()


def begin_request(given: str | None) -> str:
    """Bind the given id if it is well-formed, else a new one, and return it."""
    request_id = given if given and _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
    _current.set(request_id)
    return request_id
