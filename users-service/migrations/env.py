"""Alembic's entry point: migrates the schema `users` and nothing else."""

from service_kit.migrations import run_migrations
from users_service.db import SCHEMA, SERVICE_ROLE, metadata

run_migrations(metadata, schema=SCHEMA, url_variable="USERS_MIGRATION_DATABASE_URL", service_role=SERVICE_ROLE)
