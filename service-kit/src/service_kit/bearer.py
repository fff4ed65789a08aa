"""The access token of an `Authorization: Bearer` header (RFC 6750, section 2.1)."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service_kit.identifiers import parse_uuid
from service_kit.problems import Unauthorized

_scheme = HTTPBearer(auto_error=False, bearerFormat="UUID", description="The token that POST /user answered")


async def _bearer_token(given: Annotated[HTTPAuthorizationCredentials | None, Security(_scheme)]) -> UUID:
    try:
        return parse_uuid(given.credentials if given else "")
    except ValueError:
        raise Unauthorized from None


BearerToken = Annotated[UUID, Depends(_bearer_token)]
"""A route's parameter; a missing or malformed token is refused with 401."""
