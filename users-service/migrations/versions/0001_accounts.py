"""Accounts, and the keys that make a retry of POST /user safe."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token's 16 bytes"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 100", name=op.f("ck_account_name_length")),
        sa.CheckConstraint("octet_length(token_sha256) = 32", name=op.f("ck_account_token_sha256_length")),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("token_sha256", name="uq_account_token_sha256"),
        schema="users",
    )
    op.create_table(
        "idempotency_key",
        sa.Column("key_sha256", sa.LargeBinary(), nullable=False, comment="SHA-256 of the key's 16 bytes"),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "sealed_token",
            sa.LargeBinary(),
            nullable=True,
            comment="Only the key opens it; NULL once the token has been replaced",
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(key_sha256) = 32", name=op.f("ck_idempotency_key_key_sha256_length")),
        sa.CheckConstraint("octet_length(sealed_token) = 16", name=op.f("ck_idempotency_key_sealed_token_length")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.account.id"],
            name="fk_idempotency_key_user_id_account",
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("key_sha256", name="pk_idempotency_key"),
        schema="users",
    )
    op.create_index("ix_idempotency_key_expires_at", "idempotency_key", ["expires_at"], unique=False, schema="users")
    op.create_index("ix_idempotency_key_user_id", "idempotency_key", ["user_id"], unique=False, schema="users")


def downgrade() -> None:
    op.drop_index("ix_idempotency_key_user_id", table_name="idempotency_key", schema="users")
    op.drop_index("ix_idempotency_key_expires_at", table_name="idempotency_key", schema="users")
    op.drop_table("idempotency_key", schema="users")
    op.drop_table("account", schema="users")
