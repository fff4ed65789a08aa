"""The tables of schema `records`. Written by uploads, read and deleted by records; nobody else has rights on them."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, DOUBLE_PRECISION

SCHEMA = "records"

metadata = sa.MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    },
)

record = sa.Table(
    "record",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("wav_bytes", sa.BigInteger, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", BYTEA, nullable=False),
    sa.Column("chunk_size", sa.Integer, nullable=False),
    sa.Column("sample_count", sa.BigInteger, nullable=False),
    sa.Column("sample_rate_hz", sa.Integer, nullable=False),
    sa.Column("channels", sa.SmallInteger, nullable=False),
    sa.Column("encoding", sa.Text, nullable=False),
    sa.Column("bits_per_sample", sa.SmallInteger, nullable=False),
    sa.Column("peak_dbfs", DOUBLE_PRECISION),
    sa.Column("rms_dbfs", DOUBLE_PRECISION),
    sa.Column("peaks", BYTEA, nullable=False),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Index("ix_record_user_id_created_at_id", "user_id", sa.text("created_at DESC"), sa.text("id DESC")),
)
"""A recording. Never changed once written. `peaks` are int8 pairs (min, max) per bucket."""

record_chunk = sa.Table(
    "record_chunk",
    metadata,
    sa.Column("record_id", sa.Uuid, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("data", BYTEA, nullable=False),
    sa.PrimaryKeyConstraint("record_id", "seq"),
    # Deferred: chunks are written as the MP3 arrives, the row when its hash is known, both in one transaction.
    sa.ForeignKeyConstraint(
        ["record_id"], ["records.record.id"], ondelete="CASCADE", deferrable=True, initially="DEFERRED"
    ),
)
"""The MP3 in blocks of `record.chunk_size` bytes; written and read by COPY alone (see records/chunks.py)."""

idempotency_key = sa.Table(
    "idempotency_key",
    metadata,
    sa.Column("user_id", sa.Uuid, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("claim_id", sa.Uuid, nullable=False),
    sa.Column("leased_until", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.Column("wav_sha256", BYTEA),
    sa.Column("record_id", sa.Uuid),
    sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint("user_id", "key"),
    sa.Index(None, "created_at"),
)
"""A key that an upload was sent with. `record_id` is null while the upload runs; it outlives the record."""
