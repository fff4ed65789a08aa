"""Builds the users service and runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from service_kit.app import build_app
from service_kit.database import Database, install_database_problem_handlers
from service_kit.logs import configure_logs
from service_kit.server import serve
from service_kit.settings import load_settings
from users_service.settings import UsersSettings
from users_service.users.router import router
from users_service.users.service import UserService


def create_app(settings: UsersSettings) -> FastAPI:
    """The app; it opens connections to PostgreSQL when the first request needs one."""
    database = Database(
        settings.users_database_url, pool_size=settings.users_database_pool_size, application_name="users-service"
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    app = build_app(
        title="Users",
        description="Accounts and their access tokens.",
        routers=[router],
        checks={"database": database.check},
        lifespan=lifespan,
    )
    install_database_problem_handlers(app)
    app.state.users = UserService(database, keep_keys_for=timedelta(hours=settings.idempotency_hours))
    return app


def main() -> None:
    """Serve until SIGTERM."""
    settings = load_settings(UsersSettings)
    configure_logs("users", settings)
    serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
