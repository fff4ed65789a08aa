"""A stretch of a recording with an encoder of its own."""

from collections import deque

from transcoder_service.lame.encoder import Encoder


class Segment:
    """Samples wait in `chunks` and leave as `mp3`. `encode_next` and the encoder are for one thread at a time."""

    def __init__(self, number: int, encoder: Encoder) -> None:
        self.number = number
        self.encoder = encoder
        self.chunks: deque[bytes] = deque()
        self.waiting_bytes = 0
        self.mp3 = bytearray()
        self.scheduled = False
        self.input_ended = False

    def add(self, chunk: bytes) -> None:
        """The next samples."""
        self.chunks.append(chunk)
        self.waiting_bytes += len(chunk)

    def encode_next(self) -> None:
        """Encode the oldest chunk that waits."""
        chunk = self.chunks[0]
        self.mp3 += self.encoder.encode(chunk)
        self.chunks.popleft()
        self.waiting_bytes -= len(chunk)
