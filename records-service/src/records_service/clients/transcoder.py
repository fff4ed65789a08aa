"""transcoder-service, as far as records needs it: a WAV goes in as it arrives, the MP3 and its facts come out."""

import base64
import binascii
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from records_service.clients.duplex import DuplexTransport
from records_service.errors import (
    TranscoderBusy,
    TranscoderTimeout,
    TranscoderUnavailable,
    WavRefused,
)
from service_kit.request_id import HEADER, current_request_id

CONNECT_SECONDS = 3.0
FACTS_HEADER = "X-Recording-Facts"
PROBLEM_BYTES = 64 * 1024
MISDIRECTED = (401, 403, 404, 405)


def _from_base64(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError) as error:
        raise ValueError(str(error)) from None


class RecordingFacts(BaseModel):
    """What the transcoder learned of a WAV. `peaks` are int8 pairs (min, max) per bucket, 127 is full scale."""

    sample_count: int = Field(ge=0)
    sample_rate_hz: int = Field(gt=0)
    channels: int = Field(gt=0)
    encoding: str
    bits_per_sample: int = Field(ge=0)
    peak_dbfs: float | None
    rms_dbfs: float | None
    peaks: Annotated[bytes, BeforeValidator(_from_base64)]


@dataclass(frozen=True)
class Conversion:
    """A finished MP3 that is still at the transcoder's."""

    facts: RecordingFacts
    size_bytes: int
    _answer: httpx.Response

    async def stream_mp3(self) -> AsyncIterator[bytes]:
        """The MP3 in parts of any size, `size_bytes` in all; TranscoderUnavailable or TranscoderTimeout."""
        try:
            async for part in self._answer.aiter_raw():
                yield part
        except httpx.TransportError as error:
            raise _neighbours_fault(error) from None


class TranscoderClient:
    """Sends `POST /transcode`."""

    def __init__(self, base_url: str, *, timeout_seconds: float) -> None:
        self._client = httpx.AsyncClient(
            base_url=base_url,
            transport=DuplexTransport(),
            timeout=httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds)),
            trust_env=False,
        )

    @asynccontextmanager
    async def open_conversion(self, wav: AsyncIterator[bytes]) -> AsyncIterator[Conversion]:
        """Convert `wav`; what it raises goes up as it is, and leaving the context early cancels the conversion.

        Raises the transcoder's refusal, TranscoderBusy, TranscoderUnavailable or TranscoderTimeout.
        """
        request = self._client.build_request(
            "POST",
            "/transcode",
            content=wav,
            headers={"Content-Type": "audio/wav", HEADER: current_request_id()},
        )
        try:
            answer = await self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise _neighbours_fault(error) from None
        try:
            if answer.status_code != 200:
                raise await _refusal(answer)
            yield _conversion(answer)
        finally:
            await answer.aclose()

    async def check(self) -> None:
        """Raises unless the transcoder is ready."""
        (await self._client.get("/readyz")).raise_for_status()

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()


def _neighbours_fault(error: httpx.TransportError) -> TranscoderTimeout | TranscoderUnavailable:
    if isinstance(error, httpx.TimeoutException):
        return TranscoderTimeout(log_detail=repr(error))
    return TranscoderUnavailable(log_detail=repr(error))


def _conversion(answer: httpx.Response) -> Conversion:
    try:
        if not answer.extensions["request_written"]:
            raise ValueError("it answered 200 before the WAV had ended")
        facts = RecordingFacts.model_validate_json(answer.headers.get(FACTS_HEADER, ""))
        size_bytes = int(answer.headers["Content-Length"])
        if size_bytes == 0:
            raise ValueError("the MP3 is empty")
        return Conversion(facts, size_bytes, answer)
    except (ValidationError, ValueError, KeyError) as error:
        raise TranscoderUnavailable(log_detail=f"the answer cannot be used: {error}") from None


async def _refusal(answer: httpx.Response) -> Exception:
    body = bytearray()
    try:
        async for part in answer.aiter_raw():
            body += part
            if len(body) > PROBLEM_BYTES:
                break
    except httpx.TransportError as error:
        return _neighbours_fault(error)
    refused = f"it answered {answer.status_code}"
    try:
        problem = _TranscoderProblem.model_validate_json(bytes(body))
    except ValidationError as error:
        return TranscoderUnavailable(log_detail=f"{refused}, not with a problem: {error}")
    if problem.code == TranscoderBusy.code:
        return TranscoderBusy()
    if not 400 <= answer.status_code < 500 or answer.status_code in MISDIRECTED:
        return TranscoderUnavailable(log_detail=f"{refused}: {problem.code}: {problem.detail}")
    return WavRefused.of(answer.status_code, problem.code, problem.title, problem.detail)


class _TranscoderProblem(BaseModel):
    code: str
    title: str
    detail: str
