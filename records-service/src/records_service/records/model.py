"""A recording as it is kept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Record:
    """A row of `records.record`; see db.py for what is behind each field.

    `sha256` and `size_bytes` are the MP3's, `wav_bytes`, `encoding`, `bits_per_sample`, `sample_rate_hz` and
    `channels` the uploaded WAV's. `sample_count` is per channel. `peaks` are int8 pairs (min, max), 127 is full scale.
    """

    id: UUID
    user_id: UUID
    name: str
    wav_bytes: int
    size_bytes: int
    sha256: bytes
    chunk_size: int
    sample_count: int
    sample_rate_hz: int
    channels: int
    encoding: str
    bits_per_sample: int
    peak_dbfs: float | None
    rms_dbfs: float | None
    peaks: bytes
    created_at: datetime

    @property
    def duration_seconds(self) -> float:
        """Exact: samples per channel by samples per second."""
        return self.sample_count / self.sample_rate_hz
