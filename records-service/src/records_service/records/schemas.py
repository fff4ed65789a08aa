"""JSON that describes recordings."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from records_service.records.model import Record

_SUMMARY_EXAMPLE: dict[str, JsonValue] = {
    "id": "0b3f6d0e-3c5a-4f0e-9b1d-6a7c8e9f0a1b",
    "url": "http://localhost:8080/record?id=0b3f6d0e-3c5a-4f0e-9b1d-6a7c8e9f0a1b"
    "&user=3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f",
    "user": "3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f",
    "name": "interview.wav",
    "duration_seconds": 600.0,
    "sample_rate_hz": 44100,
    "channels": 2,
    "size_bytes": 9812345,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_at": "2030-01-31T12:00:00.123456Z",
}
_INFO_EXAMPLE: dict[str, JsonValue] = {
    **_SUMMARY_EXAMPLE,
    "wav_bytes": 105840044,
    "encoding": "pcm",
    "bits_per_sample": 16,
    "peak_dbfs": -1.2,
    "rms_dbfs": -18.4,
    "peaks": [[-0.252, 0.2598], [-0.5039, 0.4961]],
}
_PAGE_EXAMPLE: dict[str, JsonValue] = {"items": [_SUMMARY_EXAMPLE], "next_cursor": "AAbg4xk2JkALP20OPFpPDpsdanyOnwob"}


class RecordSummary(BaseModel):
    """What an upload answers and what a list holds for each recording."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SUMMARY_EXAMPLE]})

    id: UUID = Field(description="The record's id")
    url: str = Field(description="The link that plays and downloads the MP3; whoever has it can use it")
    user: UUID = Field(description="The owner's id")
    name: str = Field(description="The uploaded file's name")
    duration_seconds: float = Field(description="Exact length in seconds")
    sample_rate_hz: int = Field(description="Samples per second of the WAV")
    channels: int = Field(description="Channels of the WAV")
    size_bytes: int = Field(description="Size of the MP3 in bytes")
    sha256: str = Field(description="SHA-256 of the MP3, hexadecimal")
    created_at: datetime = Field(description="When it was stored, UTC")

    @classmethod
    def of(cls, record: Record, url: str) -> "RecordSummary":
        """The summary of a stored recording whose link is `url`."""
        return cls(
            id=record.id,
            url=url,
            user=record.user_id,
            name=record.name,
            duration_seconds=record.duration_seconds,
            sample_rate_hz=record.sample_rate_hz,
            channels=record.channels,
            size_bytes=record.size_bytes,
            sha256=record.sha256.hex(),
            created_at=record.created_at,
        )


class RecordInfo(RecordSummary):
    """All that is known of a recording."""

    model_config = ConfigDict(json_schema_extra={"examples": [_INFO_EXAMPLE]})

    wav_bytes: int = Field(description="Size of the uploaded WAV in bytes")
    encoding: str = Field(description="How the WAV held its samples", examples=["pcm"])
    bits_per_sample: int = Field(description="Bits of one sample of the WAV", examples=[16])
    peak_dbfs: float | None = Field(description="Loudest sample in dB below full scale; null for silence")
    rms_dbfs: float | None = Field(description="Loudness (RMS) in dB below full scale; null for silence")
    peaks: list[tuple[float, float]] = Field(
        description="The waveform: lowest and highest sample, -1 to 1, of at most 1,000 spans of equal length",
        examples=[[[-0.252, 0.2598], [-0.5039, 0.4961]]],
    )

    @classmethod
    def of(cls, record: Record, url: str) -> "RecordInfo":
        """The description of a stored recording whose link is `url`."""
        return cls(
            **RecordSummary.of(record, url).model_dump(),
            wav_bytes=record.wav_bytes,
            encoding=record.encoding,
            bits_per_sample=record.bits_per_sample,
            peak_dbfs=record.peak_dbfs,
            rms_dbfs=record.rms_dbfs,
            peaks=levels_of(record.peaks),
        )


class RecordPage(BaseModel):
    """A page of one's own recordings, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PAGE_EXAMPLE]})

    items: list[RecordSummary]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null at the end")


def levels_of(peaks: bytes) -> list[tuple[float, float]]:
    """Pairs of int8 (min, max), 127 for full scale, as pairs of -1 to 1."""
    levels = [_LEVELS[value] for value in peaks]
    return list(zip(levels[::2], levels[1::2], strict=True))


# Indexed by the byte that holds an int8; -128 has no positive counterpart and counts as full scale.
_LEVELS = [round(max(value - 256 if value > 127 else value, -127) / 127, 4) for value in range(256)]
