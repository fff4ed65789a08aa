"""Migrates schema `records`: `alembic upgrade head` with RECORDS_MIGRATION_DATABASE_URL set."""

from records_service.db import SCHEMA, metadata
from service_kit.migrations import run_migrations

run_migrations(metadata, schema=SCHEMA, url_variable="RECORDS_MIGRATION_DATABASE_URL", service_role="records_service")
