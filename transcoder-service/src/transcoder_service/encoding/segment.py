"""A stretch of a recording with an encoder of its own."""

from collections import deque
from enum import Enum, auto

from transcoder_service.lame.encoder import Encoder


class Mark(Enum):
    """What a segment's encoder is to do between samples."""

    EMPTY_RESERVOIR = auto()
    STOP = auto()  # the next segment goes on from here
    FINISH = auto()  # the recording ends here


Item = bytes | Mark


class Segment:
    """Samples wait in `items` and leave as pieces of MP3.

    One that begins at a cut sets aside what it wrote before its seam, and keeps the samples after it until the seam
    has been checked. `encode` and the encoder are for one thread at a time; the rest changes under the conversion's
    lock.
    """

    def __init__(self, number: int, encoder: Encoder) -> None:
        self.number = number
        self.encoder = encoder
        self.items: deque[Item] = deque()
        self.waiting_bytes = 0
        self.mp3: deque[bytes] = deque()
        self.before_seam: bytes | None = None
        self.ended_with: Mark | None = None
        self.scheduled = self.dropped = False
        self._joined = self._past_seam = number == 0
        self._keeping = False
        self._kept: list[Item] = []
        self._kept_bytes = 0

    @property
    def held_bytes(self) -> int:
        """Samples in memory, those kept for the case that the seam is no good included."""
        return max(self.waiting_bytes, self._kept_bytes)

    def add(self, item: Item) -> None:
        """The next samples, or what to do after those before."""
        self.items.append(item)
        size = len(item) if isinstance(item, bytes) else 0
        self.waiting_bytes += size
        if self._keeping:
            self._kept.append(item)
            self._kept_bytes += size
        elif not self._joined and isinstance(item, Mark):
            self._keeping = True  # the first mark is the seam

    def encode(self, item: Item) -> None:
        """Do the oldest item; `done` must follow."""
        if isinstance(item, bytes):
            self.mp3.append(self.encoder.encode(item))
        elif item is Mark.FINISH:
            self.mp3.append(self.encoder.finish())
        elif item is Mark.EMPTY_RESERVOIR:
            self.mp3.append(self.encoder.empty_reservoir())

    def done(self) -> None:
        """The oldest item has been encoded."""
        item = self.items.popleft()
        if isinstance(item, bytes):
            self.waiting_bytes -= len(item)
        elif item is not Mark.EMPTY_RESERVOIR:
            self.ended_with = item
        elif not self._past_seam:
            self._past_seam, self.before_seam = True, b"".join(self.mp3)
            self.mp3.clear()

    def join(self) -> None:
        """The seam is good, so the samples after it are not needed again."""
        self._joined, self._keeping = True, False
        self._kept, self._kept_bytes = [], 0

    def take_over(self, following: "Segment") -> None:
        """Go on where another one began, whose seam is no good."""
        self.ended_with = None
        for item in following._kept:
            self.add(item)
