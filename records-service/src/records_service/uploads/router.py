"""`POST /record` over HTTP: what can be judged by the headers is judged here, before a byte of the body is read."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response, status
from starlette.datastructures import Headers

from records_service.errors import ContentTypeUnsupported, UploadTooLarge
from records_service.links import LinksOfApp
from records_service.records.schemas import RecordSummary
from records_service.uploads import docs
from records_service.uploads.body import Body
from records_service.uploads.digest import parse_content_digest
from records_service.uploads.filenames import file_name, parse_disposition
from records_service.uploads.form import Form
from records_service.uploads.idempotency import parse_key
from records_service.uploads.multipart import boundary_of
from records_service.uploads.raw import RawUpload
from records_service.uploads.service import Upload, UploadService
from service_kit.app import new_router
from service_kit.bearer import OptionalBearerToken
from service_kit.identifiers import CanonicalUuid
from service_kit.problems import InvalidRequest, Unauthorized

WAV_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})

router = new_router()


@dataclass(frozen=True)
class BodyLimits:
    """How much of a body is taken and how long one waits for more of it."""

    max_bytes: int
    idle_seconds: float


async def _uploads(request: Request) -> UploadService:
    service: UploadService = request.app.state.uploads
    return service


async def _body_limits(request: Request) -> BodyLimits:
    limits: BodyLimits = request.app.state.body_limits
    return limits


@router.post(
    "/record",
    summary="Upload a recording",
    status_code=status.HTTP_201_CREATED,
    responses=docs.RESPONSES,
    openapi_extra=docs.REQUEST,
)
async def upload_record(
    request: Request,
    response: Response,
    uploads: Annotated[UploadService, Depends(_uploads)],
    links: LinksOfApp,
    limits: Annotated[BodyLimits, Depends(_body_limits)],
    token: OptionalBearerToken,
    user: Annotated[CanonicalUuid | None, Query(description="The owner's id, if the body is the WAV itself")] = None,
) -> RecordSummary:
    """Store a WAV as an MP3 and answer with the link that plays and downloads it.

    Either as a form with `user`, `token` and `file` in any order, or with the WAV as the body, `?user=` and a Bearer
    token. It is converted while it uploads. With an `Idempotency-Key` an upload can be repeated safely.
    """
    key = parse_key(request.headers.getlist("Idempotency-Key"))
    body, upload = _open_upload(request, user, token, limits)
    links.base(request.headers)  # a request whose link cannot be built is refused before it has an effect
    with uploads.place():
        stored = await body.work_for_client(uploads.store(upload, key=key))
    url = links.record(request.headers, record_id=stored.record.id, user_id=stored.record.user_id)
    response.headers["Location"] = url
    response.headers["Cache-Control"] = "no-store"
    if stored.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return RecordSummary.of(stored.record, url)


def _open_upload(request: Request, user: UUID | None, token: UUID | None, limits: BodyLimits) -> tuple[Body, Upload]:
    headers = request.headers
    content_type = headers.get("Content-Type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "multipart/form-data" and media_type not in WAV_TYPES:
        raise ContentTypeUnsupported("multipart/form-data or audio/wav is taken")
    if int(headers.get("Content-Length", 0)) > limits.max_bytes:
        raise UploadTooLarge(f"At most {limits.max_bytes} bytes are taken", max_bytes=limits.max_bytes)
    digests = headers.getlist("Content-Digest")
    body = Body(
        request.receive,
        max_bytes=limits.max_bytes,
        idle_seconds=limits.idle_seconds,
        digest=parse_content_digest(", ".join(digests) if digests else None),
    )
    if media_type == "multipart/form-data":
        if user is not None:
            raise InvalidRequest("query.user: in a form, user is a field")
        return body, Form(body, boundary_of(content_type))
    if token is None:
        raise Unauthorized
    if user is None:
        raise InvalidRequest("query.user: must be given when the body is the WAV itself")
    return body, RawUpload(body, user=user, token=token, name=_name_in(headers))


def _name_in(headers: Headers) -> str:
    return file_name(parse_disposition(headers.get("Content-Disposition", "").encode("latin-1")))
