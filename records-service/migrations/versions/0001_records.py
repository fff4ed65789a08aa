"""Records, their chunks and idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, DOUBLE_PRECISION

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    _create_record()
    _create_record_chunk()
    _create_idempotency_key()


def _create_record() -> None:
    op.create_table(
        "record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wav_bytes", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", BYTEA(), nullable=False),
        sa.Column("chunk_size", sa.Integer(), nullable=False),
        sa.Column("sample_count", sa.BigInteger(), nullable=False),
        sa.Column("sample_rate_hz", sa.Integer(), nullable=False),
        sa.Column("channels", sa.SmallInteger(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("bits_per_sample", sa.SmallInteger(), nullable=False),
        sa.Column("peak_dbfs", DOUBLE_PRECISION()),
        sa.Column("rms_dbfs", DOUBLE_PRECISION()),
        sa.Column("peaks", BYTEA(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_record"),
        schema="records",
    )
    op.create_index(
        "ix_record_user_id_created_at_id",
        "record",
        ["user_id", sa.text("created_at DESC"), sa.text("id DESC")],
        schema="records",
    )


def _create_record_chunk() -> None:
    op.create_table(
        "record_chunk",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", BYTEA(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "seq", name="pk_record_chunk"),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["records.record.id"],
            name="fk_record_chunk_record_id_record",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        schema="records",
    )
    # MP3 does not compress: trying would cost CPU at every write. CREATE TABLE ... STORAGE needs PostgreSQL 16.
    op.execute("ALTER TABLE records.record_chunk ALTER COLUMN data SET STORAGE EXTERNAL")


def _create_idempotency_key() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("leased_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("wav_sha256", BYTEA()),
        sa.Column("record_id", sa.Uuid()),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_idempotency_key"),
        schema="records",
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"], schema="records")


def downgrade() -> None:
    """Drop everything."""
    op.drop_table("idempotency_key", schema="records")
    op.drop_table("record_chunk", schema="records")
    op.drop_table("record", schema="records")
