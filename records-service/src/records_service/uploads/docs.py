"""What the OpenAPI document says of uploads, whose body is read by hand."""

from typing import Any

from records_service.errors import (
    ContentDigestMalformed,
    ContentDigestMismatch,
    ContentTypeUnsupported,
    FieldInvalid,
    FieldMissing,
    FieldRepeated,
    FieldUnknown,
    FileEmpty,
    IdempotencyKeyInUse,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    MultipartIncomplete,
    MultipartMalformed,
    RecordNotFound,
    RecordsBusy,
    TranscoderBusy,
    TranscoderTimeout,
    TranscoderUnavailable,
    UploadTooLarge,
    UploadTooSlow,
    UsersTimeout,
    UsersUnavailable,
    WavRefused,
)
from service_kit.problems import (
    DatabaseBusy,
    DatabaseUnavailable,
    InvalidRequest,
    MalformedRequest,
    QueryArgumentRepeated,
    QueryArgumentUnknown,
    Unauthorized,
    documented,
)

_USER = "3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f"
_TOKEN = "7d9f1c52-86e4-4d0b-b1f7-2c3a4e5d6f70"  # noqa: S105
_WAV = {"type": "string", "format": "binary"}


def _header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


def _parameter(name: str, description: str, example: str) -> dict[str, Any]:
    return {"in": "header", "required": False, "name": name, **_header(description, example)}


REQUEST: dict[str, Any] = {
    "parameters": [
        _parameter(
            "Idempotency-Key",
            "1 to 255 visible ASCII characters: the same key by the same user makes one recording, however often it is "
            "sent within 24 hours",
            "5e0c2a84-upload-1",
        ),
        _parameter(
            "Content-Digest",
            "SHA-256 of the body (RFC 9530), checked before anything is stored; the file's part of a form may have one "
            "of its own",
            "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:",
        ),
    ],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["user", "token", "file"],
                    "additionalProperties": False,
                    "properties": {
                        "user": {"type": "string", "format": "uuid", "description": "The owner's id"},
                        "token": {"type": "string", "format": "uuid", "description": "The owner's token"},
                        "file": {**_WAV, "description": "The WAV; its file name is kept"},
                    },
                },
                "encoding": {"file": {"contentType": "audio/wav"}},
                "example": {"user": _USER, "token": _TOKEN, "file": "(the WAV's bytes)"},
            },
            "audio/wav": {"schema": {**_WAV, "description": "The WAV; needs ?user= and a Bearer token"}},
        },
    },
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "Stored",
        "headers": {
            "Location": _header(
                "The link", f"http://localhost:8080/record?id=0b3f6d0e-3c5a-4f0e-9b1d-6a7c8e9f0a1b&user={_USER}"
            ),
            "Idempotency-Replayed": _header("`true` if the key had made this recording before", "true"),
        },
    },
    **documented(
        ContentDigestMalformed,
        ContentDigestMismatch,
        ContentTypeUnsupported,
        DatabaseBusy,
        DatabaseUnavailable,
        FieldInvalid,
        FieldMissing,
        FieldRepeated,
        FieldUnknown,
        FileEmpty,
        IdempotencyKeyInUse,
        IdempotencyKeyInvalid,
        IdempotencyKeyReused,
        InvalidRequest,
        MalformedRequest,
        MultipartIncomplete,
        MultipartMalformed,
        QueryArgumentRepeated,
        QueryArgumentUnknown,
        RecordNotFound,
        RecordsBusy,
        TranscoderBusy,
        TranscoderTimeout,
        TranscoderUnavailable,
        Unauthorized,
        UploadTooLarge,
        UploadTooSlow,
        UsersTimeout,
        UsersUnavailable,
        WavRefused,
    ),
}
