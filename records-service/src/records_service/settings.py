"""What records-service is told by its environment."""

from pydantic import Field, HttpUrl

from service_kit.database_url import DatabaseUrl
from service_kit.settings import ServiceSettings

GIB = 1024**3


class RecordsSettings(ServiceSettings):
    """A field's name in capitals is its variable's name."""

    records_database_url: DatabaseUrl = Field(description="postgresql://records_service:PASSWORD@HOST:PORT/recordings")
    records_database_pool_size: int = Field(10, ge=1, le=100, description="connections to PostgreSQL")
    users_url: HttpUrl = Field(HttpUrl("http://users-service:8000"), description="where users-service listens")
    transcoder_url: HttpUrl = Field(
        HttpUrl("http://transcoder-service:8000"), description="where transcoder-service listens"
    )
    users_timeout_seconds: float = Field(5, gt=0, le=60, description="how long users-service may take to answer")
    transcode_timeout_seconds: int = Field(
        60,
        ge=1,
        le=3600,
        description="longest silence of the transcoder, and the time it may take from the last byte to its answer",
    )
    public_base_url: HttpUrl | None = Field(
        None, description="what links start with; empty: the scheme, host and port that the client used"
    )
    max_upload_bytes: int = Field(2 * GIB, ge=1024, description="largest body of an upload")
    max_uploads: int = Field(64, ge=1, le=10_000, description="uploads in progress at a time; past it 503")
    upload_idle_timeout_seconds: int = Field(
        30, ge=1, le=3600, description="longest silence of a client between two blocks of its upload"
    )
    idempotency_hours: int = Field(24, ge=24, le=24 * 365, description="how long an Idempotency-Key is remembered")
