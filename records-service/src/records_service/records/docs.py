"""What the OpenAPI document says of downloads, which FastAPI cannot read off their types."""

from typing import Any

RECORD_ID = "0b3f6d0e-3c5a-4f0e-9b1d-6a7c8e9f0a1b"
USER_ID = "3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f"

_ETAG = '"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"'


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


_CACHING = {
    "ETag": _header("Strong; the MP3's SHA-256", _ETAG),
    "Cache-Control": _header("Keep it, but ask each time", "private, no-cache"),
}
_HEADERS = {
    **_CACHING,
    "Content-Length": _header("Bytes that follow", "9812345"),
    "Content-Disposition": _header("The name to save it under (RFC 6266)", 'inline; filename="interview.mp3"'),
    "Accept-Ranges": _header("Always `bytes`", "bytes"),
    "Last-Modified": _header("When it was stored", "Thu, 31 Jan 2030 12:00:00 GMT"),
    "Repr-Digest": _header(
        "SHA-256 of the whole MP3 (RFC 9530)", "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:"
    ),
}
_PART_HEADERS = {**_HEADERS, "Content-Range": _header("Which bytes these are", "bytes 0-1023/9812345")}
_MP3 = {"audio/mpeg": {"schema": {"type": "string", "format": "binary"}}}

AUDIO: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole MP3", "headers": _HEADERS, "content": _MP3},
    206: {"description": "The range that was asked for", "headers": _PART_HEADERS, "content": _MP3},
    304: {"description": "The client's copy is still right", "headers": _CACHING},
}
"""Answers to GET."""

AUDIO_HEADERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The headers of the whole MP3", "headers": _HEADERS, "content": _MP3},
    304: AUDIO[304],
}
"""Answers to HEAD."""


def _parameter(name: str, description: str, example: str) -> dict[str, Any]:
    return {"in": "header", "required": False, "name": name, **_header(description, example)}


RANGE_HEADERS = [
    _parameter("Range", "One range of bytes; several are answered with the whole", "bytes=0-1023"),
    _parameter("If-Range", "The range counts only if this is still the entity tag or date", _ETAG),
    _parameter("If-None-Match", "304 if the client's copy has this entity tag", _ETAG),
]
"""Request headers of GET."""
