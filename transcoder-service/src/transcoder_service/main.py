"""Builds the transcoder service and runs it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import structlog
from fastapi import FastAPI

from service_kit.app import build_app
from service_kit.logs import configure_logs
from service_kit.server import serve
from service_kit.settings import load_settings
from transcoder_service.encoding.engine import Engine
from transcoder_service.encoding.scheduler import Scheduler
from transcoder_service.encoding.spool import check_writable
from transcoder_service.lame.encoder import Encoder, EncoderSettings, PcmFormat
from transcoder_service.lame.library import LameUnusableError, load_lame
from transcoder_service.memory import share_and_keep_memory
from transcoder_service.settings import TranscoderSettings
from transcoder_service.transcodes.router import router
from transcoder_service.transcodes.service import Transcoder

log = structlog.get_logger()


def create_app(settings: TranscoderSettings) -> FastAPI:
    """The app and its encoding threads; raises LameUnusableError."""
    lame = load_lame(settings.lame_library)
    log.info("lame.loaded", version=lame.version, library=lame.path)
    engine = Engine(
        lame=lame,
        settings=EncoderSettings(
            settings.mp3_mode, settings.mp3_vbr_quality, settings.mp3_cbr_kbps, settings.mp3_effort
        ),
        scheduler=Scheduler(settings.transcoder_threads),
        spool_directory=settings.spool_directory,
    )

    async def check_lame() -> None:
        Encoder(engine.lame, engine.settings, PcmFormat(44100, 2), tag=False).close()

    async def check_spool() -> None:
        await asyncio.to_thread(check_writable, settings.spool_directory)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        engine.scheduler.stop()

    app = build_app(
        title="Transcoder",
        description="Turns a WAV into an MP3 while it uploads.",
        routers=[router],
        checks={"lame": check_lame, "spool": check_spool},
        lifespan=lifespan,
    )
    app.state.transcoder = Transcoder(
        engine,
        most_at_once=settings.max_transcodes,
        max_upload_bytes=settings.max_upload_bytes,
        idle_seconds=settings.upload_idle_timeout_seconds,
    )
    return app


def main() -> None:
    """Serve until SIGTERM; a library or a spool that cannot be used stops the start with a line that names it."""
    share_and_keep_memory()
    settings = load_settings(TranscoderSettings)
    configure_logs("transcoder", settings)
    try:
        check_writable(settings.spool_directory)
        app = create_app(settings)
    except OSError as error:
        _refuse(f"SPOOL_DIRECTORY: {error}")
    except LameUnusableError as error:
        _refuse(f"LAME_LIBRARY: {error}")
    serve(app, settings)


def _refuse(reason: str) -> NoReturn:
    print(reason, file=sys.stderr)  # noqa: T201
    raise SystemExit(2)


if __name__ == "__main__":
    main()
