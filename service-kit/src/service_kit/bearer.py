"""The access token of an `Authorization: Bearer` header (RFC 6750, section 2.1)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service_kit.identifiers import parse_uuid
from service_kit.problems import Unauthorized

_scheme = HTTPBearer(auto_error=False, bearerFormat="UUID", description="The token that POST /user answered")


async def _optional_bearer_token(
    given: Annotated[HTTPAuthorizationCredentials | None, Security(_scheme)], request: Request
) -> UUID | None:
    if "Authorization" not in request.headers:
        return None
    try:
        return parse_uuid(given.credentials if given else "")
    except ValueError:
        raise Unauthorized from None


async def _bearer_token(token: Annotated[UUID | None, Depends(_optional_bearer_token)]) -> UUID:
    if token is None:
        raise Unauthorized
    return token


BearerToken = Annotated[UUID, Depends(_bearer_token)]
"""A route's parameter; a missing or malformed token is refused with 401."""

OptionalBearerToken = Annotated[UUID | None, Depends(_optional_bearer_token)]
"""The same for a route that takes its token elsewhere too: None without the header."""
