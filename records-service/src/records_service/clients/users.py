"""users-service, as far as records needs it: whose token is this?"""

from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from records_service.errors import UsersTimeout, UsersUnavailable
from service_kit.problems import Unauthorized
from service_kit.request_id import HEADER, current_request_id


class _Owner(BaseModel):
    user_id: UUID


class UsersClient:
    """Asks `POST /internal/token/verify`. The answer is never kept: a replaced token is dead at once."""

    def __init__(self, base_url: str, *, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout_seconds,
            # Short-lived, so that the load follows when users-service is scaled.
            limits=httpx.Limits(max_keepalive_connections=8, keepalive_expiry=5),
            trust_env=False,
        )

    async def owner_of(self, token: UUID, *, claimed: UUID | None = None) -> UUID:
        """The id of the token's owner, who must be `claimed` if that is given.

        Raises Unauthorized, UsersUnavailable or UsersTimeout.
        """
        answer = await self._ask({"token": str(token), "user_id": None if claimed is None else str(claimed)})
        if answer.status_code == 401:
            raise Unauthorized
        if answer.status_code != 200:
            raise UsersUnavailable(log_detail=f"token check answered {answer.status_code}")
        try:
            return _Owner.model_validate_json(answer.content).user_id
        except ValidationError as error:
            raise UsersUnavailable(log_detail=str(error)) from None

    async def check(self) -> None:
        """Raises unless users-service is ready."""
        (await self._client.get("/readyz")).raise_for_status()

    async def aclose(self) -> None:
        """Close idle connections."""
        await self._client.aclose()

    async def _ask(self, question: dict[str, str | None]) -> httpx.Response:
        """Asks again once when the connection broke, which an idle one may at any time; asking changes nothing."""
        headers = {HEADER: current_request_id()}
        for last_try in (False, True):
            try:
                return await self._client.post("/internal/token/verify", json=question, headers=headers)
            except httpx.TimeoutException as error:
                raise UsersTimeout(log_detail=repr(error)) from None
            except httpx.TransportError as error:
                if last_try:
                    raise UsersUnavailable(log_detail=repr(error)) from None
        raise AssertionError("unreachable")
