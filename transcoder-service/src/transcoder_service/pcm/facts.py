"""What is known of a recording once it has been read to its end."""

import base64
import json
from dataclasses import dataclass

from transcoder_service.wav.format import Encoding


@dataclass(frozen=True)
class RecordingFacts:
    """Rate, channels, encoding and bits are the source's; levels and peaks those of the 16-bit samples made of it.

    `sample_count` is per channel. Levels are None for digital silence. `peaks` are pairs of signed bytes.
    """

    duration_seconds: float
    sample_rate_hz: int
    channels: int
    sample_count: int
    encoding: Encoding
    bits_per_sample: int
    peak_dbfs: float | None
    rms_dbfs: float | None
    peaks: bytes

    def to_header(self) -> str:
        """One line of ASCII JSON, the peaks in base64."""
        return json.dumps({**vars(self), "peaks": base64.b64encode(self.peaks).decode()}, separators=(",", ":"))
