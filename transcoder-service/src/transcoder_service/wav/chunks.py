"""Chunk names, pad bytes, and the chunks that follow samples of unknown length."""

import re
import struct

from transcoder_service.wav.identify import is_printable

HEADER_BYTES = 8
LOOK_AHEAD_BYTES = 5

# fmt: off
_TRAILING_NAMES = frozenset({
    b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"axml", b"aXML", b"chna", b"cue ", b"smpl", b"inst", b"acid",
    b"fact", b"plst", b"note", b"labl", b"ltxt", b"adtl", b"cart", b"DISP", b"JUNK", b"junk", b"PAD ", b"FLLR",
    b"_PMX", b"afsp", b"levl", b"umid", b"minf", b"elm1", b"regn", b"slnt", b"strc", b"CSET", b"PEAK",
})
# fmt: on
_TRAILING_NAME = re.compile(b"(?=" + b"|".join(map(re.escape, sorted(_TRAILING_NAMES))) + b")")
_KNOWN_NAMES = _TRAILING_NAMES | {b"fmt ", b"data", b"ds64"}


def is_chunk_name(name: bytes) -> bool:
    """Four characters of ASCII; some writers fill a short name with NULs in place of spaces."""
    return len(name) == 4 and is_printable(name.rstrip(b"\0")) and name[0] != 0


def after_pad(ahead: bytes) -> bytes:
    """`ahead` without the pad byte that follows a chunk of odd length, where there is one.

    `ahead` are the 5 bytes (fewer at the end of the file) after the chunk. Some writers forget the pad byte, so a
    chunk's name that stands right there is believed, a well-known one before any other.
    """
    if ahead[:1] == b"\0":
        return ahead[1:]
    if ahead[:4] in _KNOWN_NAMES:
        return ahead
    if ahead[1:] not in _KNOWN_NAMES and is_chunk_name(ahead[:4]) and not is_chunk_name(ahead[1:]):
        return ahead
    return ahead[1:]


def samples_end(tail: bytes | bytearray, block_bytes: int) -> int:
    """Where the samples end in the last bytes of a file whose data chunk does not say.

    It is the start of the first chain of chunks that begins with a well-known name and ends where the file does, a few
    stray bytes aside that make no chunk, else the end. Costs time in proportion to `tail`, whatever is in it: each
    position is followed up once.
    """
    visited = bytearray(len(tail))
    for found in _TRAILING_NAME.finditer(tail):
        start = found.start()
        if _chain_ends_with_file(tail, start, visited):
            # For blocks of one byte the pad byte would be a sample, in unsigned PCM a click at full scale.
            return start - 1 if block_bytes == 1 and start and tail[start - 1] == 0 else start
    return len(tail)


def _chain_ends_with_file(tail: bytes | bytearray, start: int, visited: bytearray) -> bool:
    """Follow chunk after chunk from `start`, but not from positions that an earlier chain has visited."""
    pending = [start]
    while pending:
        at = pending.pop()
        if at + HEADER_BYTES > len(tail) or visited[at] or not is_chunk_name(bytes(tail[at : at + 4])):
            continue
        visited[at] = 1
        (size,) = struct.unpack_from("<I", tail, at + 4)
        end = at + HEADER_BYTES + size
        if 0 <= len(tail) - end < HEADER_BYTES:
            return True
        pending += [end, end + 1] if size % 2 else [end]
    return False
