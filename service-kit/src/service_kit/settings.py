"""What every service is told by its environment, and how a bad value stops the start."""

import sys
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """Settings that all services share. A field's name in capitals is its variable's name."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    listen_host: str = Field("127.0.0.1", description="address to listen on")
    listen_port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    log_format: Literal["auto", "json", "console"] = Field("auto", description="auto: console on a terminal, else JSON")
    drain_seconds: float = Field(1.0, ge=0, le=60, description="how long to go on accepting after SIGTERM")
    shutdown_timeout_seconds: int = Field(30, ge=1, le=3600, description="how long requests in flight may take to end")


Settings = TypeVar("Settings", bound=BaseSettings)


def load_settings(settings_class: type[Settings]) -> Settings:
    """Read the environment; on a bad value print one line for each and leave with exit code 2."""
    try:
        return settings_class()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            variable = str(next(iter(problem["loc"]), "settings")).upper()
            print(f"{variable}: {problem['msg'].removeprefix('Value error, ')}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
