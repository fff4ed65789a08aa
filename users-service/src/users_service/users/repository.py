"""The SQL of users. Every function works in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from service_kit.database import is_lock_timeout
from users_service.db import account, idempotency_key
from users_service.errors import IdempotencyKeyInUse

SWEEP_ROWS = 100

# Built once, not anew for each request: nearly every request of any service runs one of these two.
_INSERT_ACCOUNT = sa.insert(account).returning(account.c.created_at)
_FIND_BY_TOKEN = sa.select(account).where(account.c.token_sha256 == sa.bindparam("token"))


@dataclass(frozen=True)
class Account:
    """A row of `account`."""

    id: UUID
    name: str
    token_sha256: bytes
    created_at: datetime


def insert_account(connection: sa.Connection, user_id: UUID, name: str, token_sha256: bytes) -> datetime:
    """Add an account and return when it was made."""
    values = {"id": user_id, "name": name, "token_sha256": token_sha256}
    created_at: datetime = connection.execute(_INSERT_ACCOUNT, values).scalar_one()
    return created_at


def find_account_by_token(connection: sa.Connection, token_sha256: bytes) -> Account | None:
    """The account with this token, if there is one."""
    row = connection.execute(_FIND_BY_TOKEN, {"token": token_sha256}).one_or_none()
    return None if row is None else Account(**row._mapping)


def replace_token(connection: sa.Connection, old_sha256: bytes, new_sha256: bytes) -> Account | None:
    """Put a new token in the old one's place; None when the old one is nobody's. Of two at once one finds it gone."""
    statement = (
        sa.update(account)
        .where(account.c.token_sha256 == old_sha256)
        .values(token_sha256=new_sha256)
        .returning(account)
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else Account(**row._mapping)


def claim_key(
    connection: sa.Connection, key_sha256: bytes, user_id: UUID, sealed_token: bytes, keep_for: timedelta
) -> bool:
    """Take a key that is new or has expired; False when it belongs to an earlier request.

    Waits for another transaction that has just claimed the key; raises IdempotencyKeyInUse when that takes longer
    than the role's lock_timeout.
    """
    taken = {"user_id": user_id, "sealed_token": sealed_token, "expires_at": sa.func.now() + keep_for}
    statement = (
        insert(idempotency_key)
        .values(key_sha256=key_sha256, **taken)
        .on_conflict_do_update(
            index_elements=[idempotency_key.c.key_sha256],
            set_=taken,
            where=idempotency_key.c.expires_at <= sa.func.now(),
        )
        .returning(idempotency_key.c.user_id)
    )
    try:
        return connection.execute(statement).one_or_none() is not None
    except sa.exc.DBAPIError as error:
        if is_lock_timeout(error):
            raise IdempotencyKeyInUse(log_detail=str(error.orig)) from None
        raise


def find_account_by_key(connection: sa.Connection, key_sha256: bytes) -> tuple[Account, bytes | None] | None:
    """The account that was made under a key, with its sealed token as long as that is still the account's."""
    statement = (
        sa.select(account, idempotency_key.c.sealed_token)
        .join(idempotency_key, idempotency_key.c.user_id == account.c.id)
        .where(idempotency_key.c.key_sha256 == key_sha256)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    columns = dict(row._mapping)
    sealed_token: bytes | None = columns.pop("sealed_token")
    return Account(**columns), sealed_token


def drop_sealed_tokens(connection: sa.Connection, user_id: UUID) -> None:
    """Forget the sealed copies of a token that has been replaced."""
    connection.execute(sa.update(idempotency_key).where(idempotency_key.c.user_id == user_id).values(sealed_token=None))


def sweep_expired_keys(connection: sa.Connection) -> None:
    """Delete the longest expired keys, `SWEEP_ROWS` at most and none that another transaction holds."""
    expired = (
        sa.select(idempotency_key.c.key_sha256)
        .where(idempotency_key.c.expires_at <= sa.func.now())
        .order_by(idempotency_key.c.expires_at)
        .limit(SWEEP_ROWS)
        .with_for_update(skip_locked=True)
    )
    connection.execute(sa.delete(idempotency_key).where(idempotency_key.c.key_sha256.in_(expired)))
