"""All errors of records-service, as a table. Those that every service has are in `service_kit.problems`."""

from service_kit.problems import Problem


class RecordNotFound(Problem):
    status, code, title = 404, "record_not_found", "There is no such record"


class ContentTypeUnsupported(Problem):
    status, code, title = 415, "content_type_unsupported", "The body is neither a multipart form nor a WAV"


class UploadTooLarge(Problem):
    status, code, title = 413, "upload_too_large", "The upload is larger than allowed"


class UploadTooSlow(Problem):
    status, code, title = 408, "upload_too_slow", "The upload stood still for too long"


class MultipartMalformed(Problem):
    status, code, title = 400, "multipart_malformed", "The multipart body is not well-formed"


class MultipartIncomplete(Problem):
    status, code, title = 400, "multipart_incomplete", "The multipart body ends before its final boundary"


class FieldMissing(Problem):
    status, code, title = 422, "field_missing", "A field of the form is missing"


class FieldRepeated(Problem):
    status, code, title = 422, "field_repeated", "A field of the form was given more than once"


class FieldUnknown(Problem):
    status, code, title = 422, "field_unknown", "The form has a field that is not known"


class FieldInvalid(Problem):
    status, code, title = 422, "field_invalid", "A field of the form is not valid"


class FileEmpty(Problem):
    status, code, title = 422, "file_empty", "The file is empty"


class ContentDigestMalformed(Problem):
    status, code, title = 400, "content_digest_malformed", "The Content-Digest header is not well-formed"


class ContentDigestMismatch(Problem):
    status, code, title = 400, "content_digest_mismatch", "The content is not what its Content-Digest says"


class IdempotencyKeyInvalid(Problem):
    status, code, title = 400, "idempotency_key_invalid", "The Idempotency-Key is not 1 to 255 visible ASCII characters"


class IdempotencyKeyInUse(Problem):
    status, code, title, retry_after_seconds = (
        409,
        "idempotency_key_in_use",
        "An upload with this Idempotency-Key is still running",
        2,
    )


class IdempotencyKeyReused(Problem):
    status, code, title = 422, "idempotency_key_reused", "This Idempotency-Key was used for other content"


class RecordsBusy(Problem):
    status, code, title, retry_after_seconds = 503, "records_busy", "Too many uploads are in progress", 2


class UsersUnavailable(Problem):
    status, code, title, retry_after_seconds = 503, "users_unavailable", "The users service does not answer", 2


class UsersTimeout(Problem):
    status, code, title, retry_after_seconds = 504, "users_timeout", "The users service took too long", 2


class TranscoderUnavailable(Problem):
    status, code, title, retry_after_seconds = 503, "transcoder_unavailable", "The transcoder does not answer", 2


class TranscoderBusy(Problem):
    status, code, title, retry_after_seconds = 503, "transcoder_busy", "The transcoder has no place free", 2


class TranscoderTimeout(Problem):
    status, code, title, retry_after_seconds = 504, "transcoder_timeout", "The transcoder took too long", 5


class PreconditionFailed(Problem):
    status, code, title = 412, "precondition_failed", "The record is not the one that the request is meant for"


class RangeNotSatisfiable(Problem):
    """Takes the MP3's `size_bytes`, for the client to ask again."""

    status, code, title = 416, "range_not_satisfiable", "The range lies outside of the record"

    def headers(self) -> dict[str, str]:
        """RFC 9110, 15.5.17: a 416 says how long the content is."""
        return {"Content-Range": f"bytes */{self.members.get('size_bytes', '')}"}


class CursorInvalid(Problem):
    status, code, title = 422, "cursor_invalid", "The cursor is not one that this list has given"


class WavRefused(Problem):
    """The transcoder's refusal as it stands: 415 for what is not a WAV, 422 for a WAV that cannot be decoded."""

    status, code, title = 415, "not_a_wav", "The file is not a WAV"

    @staticmethod
    def of(status: int, code: str, title: str, detail: str) -> "WavRefused":
        """One with the transcoder's own status, code and title."""
        kind: type[WavRefused] = type(
            WavRefused.__name__, (WavRefused,), {"status": status, "code": code, "title": title}
        )
        return kind(detail)
