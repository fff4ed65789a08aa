"""UUIDs as they stand in URLs, forms and headers."""

import re
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator

_CANONICAL = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def parse_uuid(text: str) -> UUID:
    """A UUID in its 36-character form (RFC 9562, section 4); raises ValueError for any other spelling."""
    if not _CANONICAL.fullmatch(text):
        raise ValueError("must be a UUID such as 3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f")
    return UUID(text)


def _only_canonical(value: Any) -> Any:
    return parse_uuid(value) if isinstance(value, str) else value


CanonicalUuid = Annotated[UUID, BeforeValidator(_only_canonical)]
"""A UUID field that takes the 36-character form only."""
