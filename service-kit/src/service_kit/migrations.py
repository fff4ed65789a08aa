"""What the services' alembic environments share.

Each service keeps to its own schema, its version table included. Two migrators at once queue on a session lock.
"""

import os
import sys

import sqlalchemy as sa
from alembic import context

from service_kit.database_url import checked_url


def run_migrations(metadata: sa.MetaData, *, schema: str, url_variable: str, service_role: str) -> None:
    """Bring `schema` up to date as the role of the URL in `url_variable`; `service_role` may not touch the versions.

    A bad URL ends the process with one line and exit code 2, as bad settings of a service do.
    """

    def is_ours(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
        if kind == "schema":
            return name == schema
        if kind == "table":
            return parents["schema_name"] == schema and name != "alembic_version"
        return True

    options = {
        "target_metadata": metadata,
        "version_table_schema": schema,
        "include_schemas": True,
        "include_name": is_ours,
        "transaction_per_migration": True,
        "compare_type": True,
        "compare_server_default": True,
    }
    if context.is_offline_mode():
        context.configure(dialect_name="postgresql", literal_binds=True, **options)  # type: ignore[arg-type]
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = sa.create_engine(_url_in(url_variable), poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        # The role's lock_timeout is for tables in use; a migrator waits for another one as long as that takes.
        connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_lock(hashtext(:key))"), {"key": f"alembic:{schema}"})
        connection.commit()
        context.configure(connection=connection, **options)  # type: ignore[arg-type]
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        # Default privileges reach the version table too; the service may read it, no more.
        if sa.inspect(connection).has_table("alembic_version", schema):
            connection.execute(
                sa.text(f"REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {schema}.alembic_version FROM {service_role}")
            )
        connection.commit()


def _url_in(variable: str) -> str:
    try:
        return checked_url(os.environ.get(variable, ""))
    except ValueError as error:
        print(f"{variable}: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
