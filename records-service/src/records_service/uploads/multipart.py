"""multipart/form-data (RFC 7578) as a stream of events. Keeps nothing of a part's content.

python-multipart finds boundaries and headers. Its reading of Content-Disposition is not used: filenames.py says why.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from records_service.errors import MultipartIncomplete, MultipartMalformed

MAX_PARTS = 16
MAX_HEADERS = 16
MAX_HEADER_BYTES = 128 * 1024  # a file name of 10,000 characters, percent-encoded, is 90 to 120 kB
MAX_BOUNDARY_CHARACTERS = 70  # RFC 2046, 5.1.1

_BOUNDARY = re.compile(
    r"""multipart/form-data[ \t]*;(?:[^"]*;)?[ \t]*boundary[ \t]*=[ \t]*(?:"([^"\\]+)"|([^\s;",]+))[ \t]*(?:;.*)?""",
    re.IGNORECASE,
)
# RFC 2046 allows these; a boundary ends with no space.
_BOUNDARY_CHARACTERS = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]*[0-9A-Za-z'()+_,\-./:=?]")


@dataclass(frozen=True)
class PartBegan:
    """A part's headers are known: names in lower case, of equal names the first counts."""

    headers: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartContent:
    """Some of the current part's content: a block as it came, where nothing else is in it."""

    data: bytes


class PartEnded:
    """The current part is whole."""


Event = PartBegan | PartContent | PartEnded


def boundary_of(content_type: str) -> bytes:
    """The boundary in a multipart/form-data media type; MultipartMalformed if there is none that can be used."""
    match = _BOUNDARY.fullmatch(content_type.strip())
    boundary = match and (match[1] or match[2])
    if not boundary or len(boundary) > MAX_BOUNDARY_CHARACTERS or not _BOUNDARY_CHARACTERS.fullmatch(boundary):
        raise MultipartMalformed("The Content-Type header names no usable boundary")
    return boundary.encode("ascii")


class MultipartEvents:
    """Turns blocks into events. However the body is cut into blocks, the events tell the same."""

    def __init__(self, boundary: bytes) -> None:
        self._events: list[Event] = []
        self._headers: dict[str, bytes] = {}
        self._name = bytearray()
        self._value = bytearray()
        self._parts = 0
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def feed(self, block: bytes) -> Iterator[Event]:
        """The events of one more block; MultipartMalformed if it cannot be read."""
        try:
            self._parser.write(block)
        except FormParserError as error:
            raise MultipartMalformed(str(error)) from None
        events, self._events = self._events, []
        return iter(events)

    def finish(self) -> None:
        """Say that no more blocks come; MultipartIncomplete unless the final boundary was seen."""
        if not self._ended:
            raise MultipartIncomplete

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise MultipartMalformed(f"There are more than {MAX_PARTS} parts")
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers.setdefault(self._name.decode("latin-1").lower(), bytes(self._value))
        self._name.clear()
        self._value.clear()

    def _on_headers_finished(self) -> None:
        self._events.append(PartBegan(self._headers))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(PartContent(data[start:end]))  # a whole slice of bytes is no copy

    def _on_part_end(self) -> None:
        self._events.append(PartEnded())

    def _on_end(self) -> None:
        self._ended = True
