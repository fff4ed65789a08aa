"""Where an MP3 grows until its recording has ended: in memory while small, then in an unlinked temporary file."""

import errno
import io
import tempfile
from typing import IO

from transcoder_service.errors import SpoolFull

IN_MEMORY_BYTES = 256 * 1024
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.ENOENT})


class Spool:
    """Append-only, then read from the start. The file has no name, so nothing is left when the process dies."""

    def __init__(self, directory: str) -> None:
        self._directory = directory or None
        self._file: IO[bytes] = io.BytesIO()
        self._in_memory = True
        self.size_bytes = 0

    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Raises SpoolFull when the disk takes no more."""
        try:
            if self._in_memory and self.size_bytes + len(data) > IN_MEMORY_BYTES:
                self._move_to_disk()
            self._write(data)
        except OSError as error:
            raise _problem(error) from error
        self.size_bytes += len(data)

    def read(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on."""
        self._file.seek(offset)
        return self._file.read(length)

    @property
    def in_memory(self) -> bool:
        """Whether reading touches no disk."""
        return self._in_memory

    def close(self) -> None:
        """Free the memory or the disk space."""
        self._file.close()

    def _move_to_disk(self) -> None:
        file = tempfile.TemporaryFile(dir=self._directory, buffering=0)  # noqa: SIM115
        small, self._file, self._in_memory = self._file, file, False
        with small:
            small.seek(0)
            self._write(small.read())

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        """All of it: an unbuffered file may take a part only, and tells why with the next write."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]


def check_writable(directory: str) -> None:
    """Raises OSError unless a temporary file can be made and written there."""
    with tempfile.TemporaryFile(dir=directory or None) as file:
        file.write(b"\0")


def _problem(error: OSError) -> Exception:
    return SpoolFull(log_detail=f"spool: {error}") if error.errno in _NO_ROOM else error
