"""Conditional requests (RFC 9110, section 13): is the record's content what the client has, or expects?

Records never change once stored, so both validators are strong: the entity tag is the hash of the content, and no
second version can carry the same date.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum, auto

_ENTITY_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
# RFC 9110, 5.6.7: the one that is sent today, and two old ones that must still be understood.
_DATE_FORMATS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


class Outcome(Enum):
    """What the conditions of a request make of it."""

    PROCEED = auto()
    NOT_MODIFIED = auto()
    FAILED = auto()


@dataclass(frozen=True)
class Validators:
    """What identifies a record's content: `etag` with its quotes, `last_modified` in whole seconds."""

    etag: str
    last_modified: datetime

    @classmethod
    def of(cls, sha256: bytes, created_at: datetime) -> "Validators":
        """The validators of a content with this hash, stored at this time."""
        return cls(f'"{sha256.hex()}"', created_at.astimezone(UTC).replace(microsecond=0))

    @property
    def http_date(self) -> str:
        """The value of `Last-Modified`."""
        return format_datetime(self.last_modified, usegmt=True)


@dataclass(frozen=True)
class Conditions:
    """The conditional headers of a request, as sent; None where there is none."""

    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: str | None = None
    if_unmodified_since: str | None = None
    if_range: str | None = None

    @classmethod
    def from_headers(cls, values: Callable[[str], list[str]]) -> "Conditions":
        """Collect them; `values` gives all lines of a header, which RFC 9110 (5.3) lets us join by commas."""

        def joined(name: str) -> str | None:
            lines = values(name)
            return ", ".join(lines) if lines else None

        return cls(
            joined("If-Match"),
            joined("If-None-Match"),
            joined("If-Modified-Since"),
            joined("If-Unmodified-Since"),
            joined("If-Range"),
        )

    def outcome(self, validators: Validators) -> Outcome:
        """For GET and HEAD of something that exists, in the order of RFC 9110, 13.2.2."""
        if self.if_match is not None:
            if not self._names_strongly(self.if_match, validators):
                return Outcome.FAILED
        elif (date := parse_http_date(self.if_unmodified_since)) and validators.last_modified > date:
            return Outcome.FAILED
        if self.if_none_match is not None:
            named = self._names_weakly(self.if_none_match, validators)
            return Outcome.NOT_MODIFIED if named else Outcome.PROCEED
        if (date := parse_http_date(self.if_modified_since)) and validators.last_modified <= date:
            return Outcome.NOT_MODIFIED
        return Outcome.PROCEED

    def range_applies(self, validators: Validators) -> bool:
        """Whether `Range` counts: without `If-Range`, or if that names exactly this content (13.1.5)."""
        if self.if_range is None:
            return True
        if self.if_range.strip(" \t") == validators.etag:
            return True
        return parse_http_date(self.if_range) == validators.last_modified

    @staticmethod
    def _names_strongly(field: str, validators: Validators) -> bool:
        return field.strip(" \t") == "*" or any(not weak and tag == validators.etag for weak, tag in _tags(field))

    @staticmethod
    def _names_weakly(field: str, validators: Validators) -> bool:
        return field.strip(" \t") == "*" or any(tag == validators.etag for _, tag in _tags(field))


def _tags(field: str) -> Iterator[tuple[bool, str]]:
    """Each entity tag of a list: is it weak, and its opaque part with the quotes."""
    for match in _ENTITY_TAG.finditer(field):
        yield match[1] is not None, match[2]


def parse_http_date(text: str | None) -> datetime | None:
    """A date of any of HTTP's three formats; None for anything else, which RFC 9110 (13.1.3) tells us to ignore."""
    if text is None or not text.isascii():
        return None
    for date_format in _DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(" \t"), date_format).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
