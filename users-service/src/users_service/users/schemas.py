"""What clients send and get: the JSON of users."""

import unicodedata
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from service_kit.identifiers import CanonicalUuid

NAME_CHARACTERS = 100
# Cc: control characters, NUL among them; Cs: halves of surrogate pairs; Zl, Zp: line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# The same for the document; surrogates are left out, as no valid JSON has half a pair.
_REFUSED = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_NAME_PATTERN = rf"^\s*[^\s{_REFUSED}]([^{_REFUSED}]{{0,98}}[^\s{_REFUSED}])?\s*$"
_KEY_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"


def trimmed_name(text: str) -> str:
    """The name without white space around it; raises ValueError when what is left is no name."""
    name = text.strip()
    if not 1 <= len(name) <= NAME_CHARACTERS:
        raise ValueError(f"must have 1 to {NAME_CHARACTERS} characters, white space around them not counted")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in name):
        raise ValueError("must not have control characters or line breaks")
    return name


def _random_uuid(key: UUID) -> UUID:
    if key.version != 4:
        raise ValueError("must be a random UUID (version 4)")
    return key


Name = Annotated[
    str,
    AfterValidator(trimmed_name),
    WithJsonSchema({"type": "string", "minLength": 1, "pattern": _NAME_PATTERN}),
    Field(description="A label in any script, 1 to 100 characters after trimming; need not be unique"),
]

RandomUuid = Annotated[
    CanonicalUuid,
    AfterValidator(_random_uuid),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": _KEY_PATTERN}),
]


class NewUser(BaseModel):
    """Body of POST /user."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Ada"}]})

    name: Name


class User(BaseModel):
    """An account as its owner sees it."""

    id: UUID = Field(examples=["0b9a4f6e-7f3c-4a53-9c1e-2f6d5b8a7e10"])
    name: str = Field(examples=["Ada"])
    created_at: datetime = Field(examples=["2026-01-31T12:00:00.123456Z"])


class UserWithToken(User):
    """An account with a token just made; it is shown this once."""

    token: UUID = Field(examples=["6f1d2c3b-4a5e-4f60-8b7a-9c8d7e6f5a4b"])


class TokenToVerify(BaseModel):
    """Body of POST /internal/token/verify: a token, and whose it should be if that matters."""

    model_config = ConfigDict(extra="forbid")

    token: CanonicalUuid
    user_id: CanonicalUuid | None = None


class TokenOwner(BaseModel):
    """Whose the token is."""

    user_id: UUID
