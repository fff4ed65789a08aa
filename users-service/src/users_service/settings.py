"""What the environment tells this service."""

from pydantic import Field

from service_kit.database_url import DatabaseUrl
from service_kit.settings import ServiceSettings


class UsersSettings(ServiceSettings):
    """A field's name in capitals is its variable's name."""

    users_database_url: DatabaseUrl = Field(description="postgresql://users_service:PASSWORD@HOST:PORT/recordings")
    users_database_pool_size: int = Field(10, ge=1, le=100, description="connections to PostgreSQL of one process")
    idempotency_hours: int = Field(24, ge=24, le=24 * 365, description="how long an Idempotency-Key is remembered")
