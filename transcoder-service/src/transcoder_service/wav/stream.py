"""Finds the samples in a RIFF/WAVE file that arrives in blocks of any size.

Sources: Microsoft/IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF); EBU Tech 3306 (RF64);
ITU-R BS.2088 (BW64). Holds a few bytes of a header and, for files whose length is unknown, a bounded tail; all else
is passed on or skipped. The size of the RIFF chunk itself is not looked at: what arrives is what counts.
"""

import struct
from collections.abc import Generator, Iterator
from typing import TypeVar

from transcoder_service.errors import (
    NotAWav,
    UploadEmpty,
    WavBigEndian,
    WavChunkInvalid,
    WavChunkRepeated,
    WavDataMissing,
    WavFormatInvalid,
    WavFormatMissing,
    WavHeaderTooLong,
    WavTooManyChunks,
    WavTruncated,
)
from transcoder_service.wav.chunks import HEADER_BYTES, LOOK_AHEAD_BYTES, after_pad, is_chunk_name, samples_end
from transcoder_service.wav.format import MAX_FORMAT_BYTES, MIN_FORMAT_BYTES, WavFormat, parse_format
from transcoder_service.wav.identify import looks_like

MAX_CHUNKS = 1000
MAX_BYTES_BEFORE_DATA = 32 * 1024 * 1024  # cover art and padding of DAWs are some MB at most
HELD_BYTES = 256 * 1024

DS64_BYTES = 24
SIZE_IN_DS64 = 0xFFFFFFFF
UNKNOWN_64 = 0xFFFFFFFFFFFFFFFF

Result = TypeVar("Result")
Steps = Generator[memoryview | None, None, Result]
"""A part of the parser: yields pieces of sample data, and None where it needs more of the file."""


def may_be_streamed(size: int) -> bool:
    """Whether a data chunk's size is one that writers leave when they cannot go back to fill it in.

    0 (GStreamer, many recorders), 0x7FFFFxxx (SoX, arecord) or close to 0xFFFFFFFF (FFmpeg).
    """
    return size == 0 or 0x7FFFF000 <= size <= 0x80000000 or size >= 0xFFFFF000


class WavStream:
    """`feed` the file's blocks, then `finish`: both give the pieces of sample data as they are found.

    The pieces are views that hold until the next call. `format` is set before the first piece; `data_bytes` is the
    data chunk's declared size, None when it may go on to the end of the file; `fact_frames` is what a `fact` chunk
    before the samples says. Raises a Problem as soon as the file turns out to be none that can be read.
    """

    def __init__(self) -> None:
        self.format: WavFormat | None = None
        self.data_bytes: int | None = None
        self.fact_frames: int | None = None
        self._ds64_data_bytes: int | None = None
        self._input = memoryview(b"")
        self._ended = False
        self._position = 0
        self._chunks = 0
        self._pad_due = False
        self._steps = self._parse()

    def feed(self, block: bytes | memoryview) -> Iterator[memoryview]:
        """Take the next block in; the pieces must be consumed before the next call."""
        self._input = memoryview(block)
        return self._advance()

    def finish(self) -> Iterator[memoryview]:
        """The file has ended."""
        self._ended = True
        return self._advance()

    def _advance(self) -> Iterator[memoryview]:
        while (piece := next(self._steps, None)) is not None:
            yield piece

    def _parse(self) -> Steps[None]:
        yield from self._read_head()
        size = yield from self._read_until_data()
        if self.data_bytes is None:
            known = yield from self._pass_streamed_data(size)
            if not known:
                return
        else:
            yield from self._pass_data(self.data_bytes)
        yield from self._read_trailing_chunks()

    def _read_head(self) -> Steps[None]:
        head = yield from self._take(12)
        if not head:
            raise UploadEmpty
        if head[:4] == b"RIFX":
            raise WavBigEndian(f"The file starts with {head[:4].decode()}; expected RIFF, RF64 or BW64")
        if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
            raise NotAWav(f"It looks like {looks_like(head)}; expected RIFF, RF64 or BW64 of the form WAVE")

    def _read_until_data(self) -> Steps[int]:
        """Read the chunks before the samples; the result is the data chunk's size field."""
        while True:
            chunk = yield from self._next_chunk()
            if chunk is None:
                raise WavDataMissing("The file ended before a data chunk began")
            name, size = chunk
            if name == b"data":
                if self.format is None:
                    raise WavFormatMissing("The data chunk came before a fmt chunk")
                self.data_bytes = self._declared_data_bytes(size)
                return size
            self._check_chunk_before_data(name, size)
            if name == b"fmt ":
                yield from self._read_format(size)
            elif name == b"ds64" or name == b"fact":
                yield from self._read_sizes(name, size)
            else:
                yield from self._skip(name, size)

    def _check_chunk_before_data(self, name: bytes, size: int) -> None:
        if not is_chunk_name(name):
            raise WavChunkInvalid(f"At byte {self._position - HEADER_BYTES} stands 0x{name.hex()}; expected a chunk")
        if name == b"fmt " and not MIN_FORMAT_BYTES <= size <= MAX_FORMAT_BYTES:
            raise WavFormatInvalid(
                f"fmt: the chunk is {size} bytes long; expected {MIN_FORMAT_BYTES} to {MAX_FORMAT_BYTES}"
            )
        if self._position + size > MAX_BYTES_BEFORE_DATA:
            raise WavHeaderTooLong(
                f"The chunk {_text(name)} of {size} bytes ends after byte {MAX_BYTES_BEFORE_DATA}; "
                "expected the samples to begin before that"
            )

    def _read_format(self, size: int) -> Steps[None]:
        if self.format is not None:
            raise WavChunkRepeated("There is a second fmt chunk; expected one")
        body = yield from self._take_whole(b"fmt ", size)
        self.format = parse_format(body)

    def _read_sizes(self, name: bytes, size: int) -> Steps[None]:
        """`ds64` has the data chunk's size at byte 8; `fact` starts with the number of frames."""
        body = yield from self._take_whole(name, min(size, DS64_BYTES))
        if name == b"fact" and len(body) >= 4:
            (self.fact_frames,) = struct.unpack_from("<I", body)
        elif name == b"ds64":
            if len(body) < DS64_BYTES:
                raise WavChunkInvalid(f"ds64: the chunk is {size} bytes long; expected at least {DS64_BYTES}")
            (self._ds64_data_bytes,) = struct.unpack_from("<Q", body, 8)
        yield from self._skip(name, size - len(body))

    def _declared_data_bytes(self, size: int) -> int | None:
        # 0xFFFFFFFF says "see ds64"; some writers leave 0 there.
        if size in (SIZE_IN_DS64, 0) and self._ds64_data_bytes:
            return None if self._ds64_data_bytes == UNKNOWN_64 else self._ds64_data_bytes
        return None if may_be_streamed(size) else size

    def _pass_data(self, size: int) -> Steps[None]:
        missing = size
        while missing:
            piece = yield from self._piece(missing)
            if not piece:
                raise WavTruncated(f"data: {size} bytes are declared, {size - missing} arrived")
            missing -= len(piece)
            yield piece
        self._pad_due = size % 2 == 1

    def _pass_streamed_data(self, size: int) -> Steps[bool]:
        """Pass on all that comes, but for chunks at the end of the file.

        Returns True when as many bytes came as declared, so that the size field was right after all.
        """
        assert self.format is not None
        missing = size if 0 < size <= 0x80000000 else UNKNOWN_64
        tail = bytearray()
        while missing:
            piece = yield from self._piece(missing)
            if not piece:
                break
            missing -= len(piece)
            tail += piece
            if len(tail) >= 2 * HELD_BYTES:
                with memoryview(tail) as view:
                    ready = bytes(view[:-HELD_BYTES])
                del tail[:-HELD_BYTES]
                yield memoryview(ready)
        end = len(tail)
        if missing:
            # Of what happens to be held only as much is searched as always is, however the file was split.
            searched = max(0, len(tail) - HELD_BYTES)
            end = searched + samples_end(tail[searched:], self.format.block_bytes)
        if end:
            yield memoryview(bytes(tail[:end]))
        self._pad_due = size % 2 == 1
        return not missing

    def _read_trailing_chunks(self) -> Steps[None]:
        """The samples are complete, so junk after them is no reason to refuse them; other samples are."""
        while chunk := (yield from self._next_chunk()):
            name, size = chunk
            if not is_chunk_name(name):
                return
            if name in (b"fmt ", b"data"):
                raise WavChunkRepeated(f"There is a second {_text(name)} chunk after the samples; expected one")
            while size:
                piece = yield from self._piece(size)
                if not piece:
                    return
                size -= len(piece)

    def _next_chunk(self) -> Steps[tuple[bytes, int] | None]:
        """Name and size of the next chunk, None at the end of the file."""
        header = b""
        if self._pad_due:
            ahead = yield from self._take(LOOK_AHEAD_BYTES)
            header = after_pad(ahead)
        header += yield from self._take(HEADER_BYTES - len(header))
        if len(header) < HEADER_BYTES:
            return None
        self._chunks += 1
        if self._chunks > MAX_CHUNKS:
            raise WavTooManyChunks(f"There are more than {MAX_CHUNKS} chunks")
        name, size = struct.unpack("<4sI", header)
        self._pad_due = size % 2 == 1
        return name, size

    def _skip(self, name: bytes, size: int) -> Steps[None]:
        missing = size
        while missing:
            piece = yield from self._piece(missing)
            if not piece:
                raise WavTruncated(f"The file ended inside the chunk {_text(name)}, {missing} bytes before its end")
            missing -= len(piece)

    def _take_whole(self, name: bytes, size: int) -> Steps[bytes]:
        body = yield from self._take(size)
        if len(body) < size:
            raise WavTruncated(f"The file ended inside the chunk {_text(name)}, {size - len(body)} bytes too early")
        return body

    def _take(self, size: int) -> Steps[bytes]:
        """The next `size` bytes, fewer only at the end of the file."""
        taken = bytearray()
        while len(taken) < size:
            piece = yield from self._piece(size - len(taken))
            if not piece:
                break
            taken += piece
        return bytes(taken)

    def _piece(self, most: int) -> Steps[memoryview]:
        """The next bytes of the current block, `most` at most; none only at the end of the file."""
        while not self._input and not self._ended:
            yield None
        piece = self._input[:most]
        self._input = self._input[len(piece) :]
        self._position += len(piece)
        return piece


def _text(name: bytes) -> str:
    return repr(name.rstrip(b"\0 ").decode("ascii"))
