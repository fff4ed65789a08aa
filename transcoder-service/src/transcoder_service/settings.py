"""What the environment tells this service."""

from typing import Literal

from pydantic import Field

from service_kit.settings import ServiceSettings


class TranscoderSettings(ServiceSettings):
    """A field's name in capitals is its variable's name."""

    lame_library: str = Field(
        "", description="path of libmp3lame; empty: one that `make lame` built, the system's or lameenc's"
    )
    mp3_mode: Literal["vbr", "cbr"] = Field(
        "vbr",
        description="vbr: cut into segments that are encoded side by side and decode to what one pass gives, sample "
        "for sample unless a frame soon after a seam needs more bits than LAME's highest bit rate has; "
        "cbr: always one pass, because its bit reservoir carries too far for that",
    )
    mp3_vbr_quality: int = Field(4, ge=0, le=9, description="VBR quality, 0 (best) to 9 (smallest)")
    mp3_cbr_kbps: Literal[32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320] = Field(
        128, description="bit rate for cbr in kbit/s; below 32 kHz LAME takes at most 160"
    )
    mp3_effort: int = Field(5, ge=0, le=9, description="LAME's -q, 0 (slowest) to 9 (fastest)")
    transcoder_threads: int = Field(0, ge=0, le=256, description="encoding threads; 0: one per core")
    max_transcodes: int = Field(32, ge=1, le=10_000, description="uploads in progress; past it the answer is 503")
    spool_directory: str = Field("", description="where MP3s wait for their end; empty: the system's temporary folder")
    max_upload_bytes: int = Field(2 * 1024**3, ge=1, description="largest WAV")
    upload_idle_timeout_seconds: int = Field(30, ge=1, le=3600, description="longest silence within an upload, seconds")
