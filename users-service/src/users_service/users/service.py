"""The rules of accounts and tokens. Knows no HTTP and no SQL."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from service_kit.database import Database
from service_kit.problems import Unauthorized
from users_service.errors import IdempotencyKeyInUse, IdempotencyKeyReused, IdempotencyKeySpent
from users_service.users import repository
from users_service.users.repository import Account
from users_service.users.tokens import digest, is_digest_of, open_seal, seal


@dataclass(frozen=True)
class IssuedToken:
    """An account and its token in clear; `replayed` when an earlier request had made them."""

    id: UUID
    name: str
    created_at: datetime
    token: UUID
    replayed: bool = False


class UserService:
    """Makes accounts, replaces tokens and says whose a token is."""

    def __init__(self, database: Database, *, keep_keys_for: timedelta) -> None:
        self._database = database
        self._keep_keys_for = keep_keys_for

    async def create(self, name: str, key: UUID | None) -> IssuedToken:
        """A new account; with a key that was used before, the account which that made.

        Raises IdempotencyKeyReused when the key made an account of another name, IdempotencyKeySpent when the token
        it made has been replaced, IdempotencyKeyInUse when its request has not ended yet.
        """
        if key is None:
            return await self._database.run(lambda connection: _create(connection, uuid4(), name, uuid4()))
        return await self._database.run(lambda connection: self._create_once(connection, name, key))

    def _create_once(self, connection: sa.Connection, name: str, key: UUID) -> IssuedToken:
        user_id, token = uuid4(), uuid4()
        if not repository.claim_key(connection, digest(key), user_id, seal(token, key), self._keep_keys_for):
            return _replay(connection, name, key)
        repository.sweep_expired_keys(connection)
        return _create(connection, user_id, name, token)

    async def get(self, token: UUID) -> Account:
        """The token's account; raises Unauthorized."""
        found = await self._database.read(
            lambda connection: repository.find_account_by_token(connection, digest(token))
        )
        if found is None or not is_digest_of(token, found.token_sha256):
            raise Unauthorized
        return found

    async def replace_token(self, token: UUID) -> IssuedToken:
        """A new token for the account of the given one, which is dead from then on; raises Unauthorized."""

        def work(connection: sa.Connection) -> IssuedToken:
            new_token = uuid4()
            found = repository.replace_token(connection, digest(token), digest(new_token))
            if found is None:
                raise Unauthorized
            repository.drop_sealed_tokens(connection, found.id)
            return IssuedToken(found.id, found.name, found.created_at, new_token)

        return await self._database.run(work)

    async def verify(self, token: UUID, user_id: UUID | None) -> UUID:
        """Whose the token is; Unauthorized, and no word why, when it is nobody's or not that user's."""
        found = await self.get(token)
        if user_id is not None and found.id != user_id:
            raise Unauthorized
        return found.id


def _create(connection: sa.Connection, user_id: UUID, name: str, token: UUID) -> IssuedToken:
    created_at = repository.insert_account(connection, user_id, name, digest(token))
    return IssuedToken(user_id, name, created_at, token)


def _replay(connection: sa.Connection, name: str, key: UUID) -> IssuedToken:
    found = repository.find_account_by_key(connection, digest(key))
    if found is None:
        raise IdempotencyKeyInUse  # it expired between two statements; the next try makes a new account
    account, sealed_token = found
    if account.name != name:
        raise IdempotencyKeyReused
    if sealed_token is None:
        raise IdempotencyKeySpent
    return IssuedToken(account.id, account.name, account.created_at, open_seal(sealed_token, key), replayed=True)
