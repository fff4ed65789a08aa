"""The tables of the schema `users`, which this service alone may touch."""

import sqlalchemy as sa

SCHEMA = "users"
SERVICE_ROLE = "users_service"

metadata = sa.MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    },
)

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256 of the token's 16 bytes"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name="name_length"),
    sa.CheckConstraint("octet_length(token_sha256) = 32", name="token_sha256_length"),
)

idempotency_key = sa.Table(
    "idempotency_key",
    metadata,
    sa.Column("key_sha256", sa.LargeBinary, primary_key=True, comment="SHA-256 of the key's 16 bytes"),
    # Deferred: the key is claimed before its account is made.
    sa.Column(
        "user_id",
        sa.Uuid,
        sa.ForeignKey(account.c.id, ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    sa.Column("sealed_token", sa.LargeBinary, comment="Only the key opens it; NULL once the token has been replaced"),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, index=True),
    sa.CheckConstraint("octet_length(key_sha256) = 32", name="key_sha256_length"),
    sa.CheckConstraint("octet_length(sealed_token) = 16", name="sealed_token_length"),
)
