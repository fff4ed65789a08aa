"""What all conversions share."""

from dataclasses import dataclass

from transcoder_service.encoding.cutter import SEGMENT_BYTES
from transcoder_service.encoding.scheduler import Scheduler
from transcoder_service.lame.encoder import Encoder, EncoderSettings, PcmFormat
from transcoder_service.lame.library import Lame

# However many cores there are, memory for one recording stays within a few segments.
MOST_SEGMENTS_AT_ONCE = 4


@dataclass(frozen=True)
class Engine:
    """Segments have `segment_bytes` of samples, some MP3 frames less."""

    lame: Lame
    settings: EncoderSettings
    scheduler: Scheduler
    spool_directory: str
    segment_bytes: int = SEGMENT_BYTES

    @property
    def segments_at_once(self) -> int:
        """Of one recording."""
        return min(self.scheduler.threads, MOST_SEGMENTS_AT_ONCE)

    @property
    def room_bytes(self) -> int:
        """How much of a recording may wait in memory: a segment for each thread, and a little of the next."""
        return self.segments_at_once * self.segment_bytes + self.segment_bytes // 8

    def new_encoder(self, pcm: PcmFormat, *, tag: bool) -> Encoder:
        """To be closed."""
        return Encoder(self.lame, self.settings, pcm, tag=tag)
