"""URLs of PostgreSQL databases, as settings and migrations are given them."""

from typing import Annotated

import sqlalchemy as sa
from pydantic import AfterValidator, SecretStr

URL_SCHEMES = frozenset({"postgresql+psycopg2", "postgresql", "postgres"})


def checked_url(url: str) -> str:
    """The URL of a PostgreSQL database as SQLAlchemy takes it; ValueError, which does not repeat it, if it is none.

    `postgresql://` and `postgres://`, which managed servers hand out, mean the driver that is used here.
    """
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        parsed = None
    if parsed is None or parsed.drivername not in URL_SCHEMES or not parsed.database:
        raise ValueError("must be postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE")
    return parsed.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def _checked_secret(url: SecretStr) -> SecretStr:
    return SecretStr(checked_url(url.get_secret_value()))


DatabaseUrl = Annotated[SecretStr, AfterValidator(_checked_secret)]
"""A setting that holds the URL of a PostgreSQL database, password included."""
