"""Playing, describing, listing and deleting recordings over HTTP."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response, status

from records_service.errors import (
    CursorInvalid,
    PreconditionFailed,
    RangeNotSatisfiable,
    RecordNotFound,
    UsersTimeout,
    UsersUnavailable,
)
from records_service.links import LinksOfApp
from records_service.records import docs
from records_service.records.conditional import Conditions
from records_service.records.delivery import Asked
from records_service.records.responses import CACHE_CONTROL, AudioResponse
from records_service.records.schemas import RecordInfo, RecordPage, RecordSummary
from records_service.records.service import RecordsService
from service_kit.app import new_router
from service_kit.bearer import BearerToken
from service_kit.identifiers import CanonicalUuid
from service_kit.problems import (
    DatabaseBusy,
    DatabaseUnavailable,
    InvalidRequest,
    QueryArgumentRepeated,
    QueryArgumentUnknown,
    Unauthorized,
    documented,
)

router = new_router()

_ANY = (InvalidRequest, QueryArgumentRepeated, QueryArgumentUnknown, DatabaseBusy, DatabaseUnavailable)
_OWNER = (Unauthorized, UsersUnavailable, UsersTimeout)


async def _records(request: Request) -> RecordsService:
    service: RecordsService = request.app.state.records
    return service


Records = Annotated[RecordsService, Depends(_records)]
RecordId = Annotated[CanonicalUuid, Query(alias="id", description="The record's id", examples=[docs.RECORD_ID])]
UserId = Annotated[CanonicalUuid, Query(alias="user", description="Its owner's id", examples=[docs.USER_ID])]


@router.get(
    "/record",
    summary="Play or download a recording",
    response_class=AudioResponse,
    status_code=status.HTTP_200_OK,  # FastAPI cannot read it off the class
    responses={**docs.AUDIO, **documented(RecordNotFound, PreconditionFailed, RangeNotSatisfiable, *_ANY)},
    openapi_extra={"parameters": docs.RANGE_HEADERS},
)
async def download_record(record_id: RecordId, user_id: UserId, request: Request, records: Records) -> Response:
    """The MP3, whole or one range of it. The link is all that is needed; whoever has it can play it."""
    range_lines = request.headers.getlist("Range")
    conditions = Conditions.from_headers(request.headers.getlist)
    asked = Asked(conditions, ", ".join(range_lines) if range_lines else None, with_body=True)
    return AudioResponse(await records.open_delivery(record_id, user_id, asked), with_body=True)


@router.head(
    "/record",
    summary="What a download would answer",
    response_class=AudioResponse,
    status_code=status.HTTP_200_OK,  # FastAPI cannot read it off the class
    responses={**docs.AUDIO_HEADERS, **documented(RecordNotFound, PreconditionFailed, *_ANY)},
)
async def probe_record(record_id: RecordId, user_id: UserId, request: Request, records: Records) -> Response:
    """The headers of the whole MP3."""
    asked = Asked(Conditions.from_headers(request.headers.getlist), None, with_body=False)
    return AudioResponse(await records.open_delivery(record_id, user_id, asked), with_body=False)


@router.get("/record/info", summary="Describe a recording", responses=documented(RecordNotFound, *_ANY))
async def describe_record(
    record_id: RecordId,
    user_id: UserId,
    request: Request,
    response: Response,
    records: Records,
    links: LinksOfApp,
) -> RecordInfo:
    """All that is known of a recording, with its waveform. The link is all that is needed."""
    record = await records.get(record_id, user_id)
    response.headers["Cache-Control"] = CACHE_CONTROL
    return RecordInfo.of(record, links.record(request.headers, record_id=record.id, user_id=record.user_id))


@router.delete(
    "/record",
    summary="Delete a recording",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=documented(RecordNotFound, *_OWNER, *_ANY),
)
async def delete_record(record_id: RecordId, user_id: UserId, token: BearerToken, records: Records) -> None:
    """Delete one's own recording. Its link is dead at once, for everyone; another's recording is not found."""
    await records.delete(record_id, user_id, token)


@router.get("/records", summary="List one's own recordings", responses=documented(CursorInvalid, *_OWNER, *_ANY))
async def list_records(
    token: BearerToken,
    request: Request,
    response: Response,
    records: Records,
    links: LinksOfApp,
    limit: Annotated[int, Query(ge=1, le=100, description="At most so many")] = 20,
    cursor: Annotated[str | None, Query(max_length=100, description="`next_cursor` of the page before")] = None,
) -> RecordPage:
    """The token's owner's recordings, newest first. What is added or deleted meanwhile moves no page."""
    page = await records.list_page(token, cursor=cursor, limit=limit)
    response.headers["Cache-Control"] = CACHE_CONTROL
    items = [
        RecordSummary.of(record, links.record(request.headers, record_id=record.id, user_id=record.user_id))
        for record in page.records
    ]
    return RecordPage(items=items, next_cursor=page.next_cursor)
