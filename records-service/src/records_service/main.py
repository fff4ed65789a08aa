"""Builds records-service and runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from records_service.clients.transcoder import TranscoderClient
from records_service.clients.users import UsersClient
from records_service.links import Links
from records_service.neighbours import neighbours_router
from records_service.records.router import router as records_router
from records_service.records.service import RecordsService
from records_service.settings import RecordsSettings
from records_service.uploads.idempotency import Keys
from records_service.uploads.router import BodyLimits
from records_service.uploads.router import router as uploads_router
from records_service.uploads.service import UploadService
from service_kit.app import build_app
from service_kit.database import Database, install_database_problem_handlers
from service_kit.logs import configure_logs
from service_kit.server import serve
from service_kit.settings import load_settings

DESCRIPTION = "Takes WAV recordings, keeps them as MP3 and serves them by link."


def create_app(settings: RecordsSettings) -> FastAPI:
    """The app; routers find what they work with on `app.state`."""
    database = Database(
        settings.records_database_url,
        pool_size=settings.records_database_pool_size,
        application_name="records-service",
    )
    users = UsersClient(str(settings.users_url), timeout_seconds=settings.users_timeout_seconds)
    transcoder = TranscoderClient(str(settings.transcoder_url), timeout_seconds=settings.transcode_timeout_seconds)
    keys = Keys(database, lifetime=timedelta(hours=settings.idempotency_hours))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await users.aclose()
        await transcoder.aclose()
        database.close()

    app = build_app(
        title="Records",
        description=DESCRIPTION,
        routers=[
            uploads_router,
            records_router,
            neighbours_router({"database": database.check, "users": users.check, "transcoder": transcoder.check}),
        ],
        checks={"database": database.check},
        lifespan=lifespan,
    )
    install_database_problem_handlers(app)
    app.state.database = database
    app.state.users = users
    app.state.records = RecordsService(database, users)
    app.state.uploads = UploadService(database, users, transcoder, keys, max_uploads=settings.max_uploads)
    app.state.body_limits = BodyLimits(settings.max_upload_bytes, settings.upload_idle_timeout_seconds)
    app.state.links = Links(settings.public_base_url)
    return app


def main() -> None:
    """Run the service until told to stop."""
    settings = load_settings(RecordsSettings)
    configure_logs("records-service", settings)
    serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
