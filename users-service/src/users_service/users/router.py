"""The routes of users: HTTP in and out, nothing else."""

from typing import Annotated

from fastapi import Depends, Header, Request, Response, status

from service_kit.app import new_router
from service_kit.bearer import BearerToken
from service_kit.problems import documented
from users_service.errors import IdempotencyKeyInUse, IdempotencyKeyReused, IdempotencyKeySpent
from users_service.users.schemas import NewUser, RandomUuid, TokenOwner, TokenToVerify, User, UserWithToken
from users_service.users.service import IssuedToken, UserService

router = new_router()


async def _users(request: Request) -> UserService:
    users: UserService = request.app.state.users
    return users


Users = Annotated[UserService, Depends(_users)]

IdempotencyKey = Annotated[
    RandomUuid | None,
    Header(
        alias="Idempotency-Key",
        description="A random UUID (version 4) that makes a retry safe: the same key and name give the same user and "
        "token again. Nobody is logged in here, so the key is the only secret that guards the token: "
        "use it once and keep it to yourself.",
        examples=["c56a4180-65aa-42ec-a945-5fd21dec0538"],
    ),
]

TOKEN_HEADERS = {
    "Cache-Control": {"description": "no-store: the answer holds a token", "schema": {"type": "string"}},
}
REPLAYED_HEADER = {
    "Idempotency-Replayed": {
        "description": "true when an earlier request with this Idempotency-Key had made the user",
        "schema": {"type": "string", "enum": ["true"]},
    },
}


@router.post(
    "/user",
    status_code=status.HTTP_201_CREATED,
    tags=["users"],
    summary="Make a user",
    responses={
        201: {"description": "The user and its token, shown this once", "headers": TOKEN_HEADERS | REPLAYED_HEADER},
        **documented(IdempotencyKeyInUse, IdempotencyKeyReused, IdempotencyKeySpent),
    },
)
async def create_user(
    body: NewUser, users: Users, response: Response, idempotency_key: IdempotencyKey = None
) -> UserWithToken:
    """Anyone may make a user. Keep the token: it is stored as a hash and cannot be shown again."""
    issued = await users.create(body.name, idempotency_key)
    if issued.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return _with_token(issued, response)


@router.get("/user", tags=["users"], summary="Show the user of the access token")
async def show_user(token: BearerToken, users: Users) -> User:
    """The account that the token belongs to."""
    found = await users.get(token)
    return User(id=found.id, name=found.name, created_at=found.created_at)


@router.post(
    "/user/token",
    status_code=status.HTTP_201_CREATED,
    tags=["users"],
    summary="Replace the access token",
    responses={201: {"description": "The user and its new token, shown this once", "headers": TOKEN_HEADERS}},
)
async def replace_token(token: BearerToken, users: Users, response: Response) -> UserWithToken:
    """The old token is dead at once."""
    return _with_token(await users.replace_token(token), response)


@router.post("/internal/token/verify", include_in_schema=False)
async def verify_token(body: TokenToVerify, users: Users) -> TokenOwner:
    """For the other services; the gateway does not pass it on."""
    return TokenOwner(user_id=await users.verify(body.token, body.user_id))


def _with_token(issued: IssuedToken, response: Response) -> UserWithToken:
    response.headers["Cache-Control"] = "no-store"
    return UserWithToken(id=issued.id, name=issued.name, created_at=issued.created_at, token=issued.token)
