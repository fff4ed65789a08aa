"""The link that downloads a recording."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from pydantic import HttpUrl
from starlette.datastructures import Headers

from service_kit.problems import MalformedRequest

_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")


class Links:
    """Builds links on the configured base URL, else on the scheme, host and port that the client used.

    The gateway tells those in `X-Forwarded-Proto` and `X-Forwarded-Host`.
    """

    def __init__(self, public_base_url: HttpUrl | None) -> None:
        self._base = str(public_base_url).rstrip("/") if public_base_url else None

    def base(self, headers: Headers) -> str:
        """`http://host:port` without a slash at the end; MalformedRequest if the request names no usable host."""
        if self._base is not None:
            return self._base
        scheme = headers.get("X-Forwarded-Proto", "http").lower()
        host = headers.get("X-Forwarded-Host") or headers.get("Host", "")
        if scheme not in ("http", "https") or not _HOST.fullmatch(host):
            raise MalformedRequest("The Host header is not a host name with an optional port")
        return f"{scheme}://{host}"

    def record(self, headers: Headers, *, record_id: UUID, user_id: UUID) -> str:
        """The link to one recording."""
        return f"{self.base(headers)}/record?id={record_id}&user={user_id}"


async def _links(request: Request) -> Links:
    links: Links = request.app.state.links
    return links


LinksOfApp = Annotated[Links, Depends(_links)]
"""What a route builds links with."""
