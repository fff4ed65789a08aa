"""The `Range` request header (RFC 9110, section 14): one range of bytes, or the whole."""

import re
from dataclasses import dataclass

_SPECIFIER = re.compile(r"bytes=(.*)", re.IGNORECASE | re.DOTALL)
_SPEC = re.compile(r"([0-9]*)-([0-9]*)")

# Behind the end of any record. Python refuses to convert more than 4,300 digits, and a header can carry more.
_FAR_DIGITS = 18
_FAR = 10**_FAR_DIGITS


@dataclass(frozen=True)
class ByteRange:
    """The bytes from `start` up to, but without, `stop`; never empty."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """The value of `Content-Range` for this part of `size` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


class RangeUnsatisfiable(Exception):
    """The range asked for has no byte in common with the record."""


def find_range(header: str | None, size: int) -> ByteRange | None:
    """The part of `size` bytes that a `Range` header asks for; None if the whole is to be sent.

    A header that breaks the syntax, has another unit, or lists several ranges is answered with the whole, as RFC 9110
    (14.2) allows: one body costs less than parts that a player then has to put together.
    Raises RangeUnsatisfiable (14.1.2): a start at or behind the end, or a suffix of no bytes.
    """
    specifier = _SPECIFIER.fullmatch(header) if header is not None else None
    if specifier is None:
        return None
    specs = [spec.strip(" \t") for spec in specifier[1].split(",")]
    specs = [spec for spec in specs if spec]
    spec = _SPEC.fullmatch(specs[0]) if len(specs) == 1 else None
    if spec is None or spec[0] == "-":
        return None
    first, last = (_number(digits) for digits in spec.groups())
    if first is None:
        return _suffix(last or 0, size)
    if last is not None and last < first:
        return None
    if first >= size:
        raise RangeUnsatisfiable
    return ByteRange(first, size if last is None else min(last + 1, size))


def _suffix(length: int, size: int) -> ByteRange:
    if length == 0 or size == 0:
        raise RangeUnsatisfiable
    return ByteRange(max(size - length, 0), size)


def _number(digits: str) -> int | None:
    if not digits:
        return None
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _FAR_DIGITS else _FAR
