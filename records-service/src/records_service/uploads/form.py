"""The form of `POST /record`: the fields `user` and `token` and the `file`, in any order, each exactly once."""

from collections.abc import AsyncIterator
from uuid import UUID

from records_service.errors import FieldInvalid, FieldMissing, FieldRepeated, FieldUnknown, MultipartMalformed
from records_service.uploads.body import Body
from records_service.uploads.digest import ExpectedDigest, parse_content_digest
from records_service.uploads.filenames import DEFAULT_NAME, file_name, parse_disposition
from records_service.uploads.multipart import Event, MultipartEvents, PartBegan, PartContent, PartEnded
from service_kit.identifiers import parse_uuid

FIELDS = ("user", "token", "file")
MAX_FIELD_BYTES = 200


class Form:
    """Read in order: `open`, then `audio` to its end. `user` and `token` are known when their part has passed."""

    def __init__(self, body: Body, boundary: bytes) -> None:
        self.user: UUID | None = None
        self.token: UUID | None = None
        self.name = DEFAULT_NAME
        self._seen: set[str] = set()
        self._events = self._stream_events(body, boundary)

    async def open(self) -> None:
        """Read up to the file's first byte. Raises what is wrong with the fields before it, or FieldMissing."""
        await self._read_fields()
        if "file" not in self._seen:
            self._require_all()

    async def audio(self) -> AsyncIterator[bytes]:
        """The file's content, then the rest of the form is read. Raises what is wrong with it."""
        async for event in self._events:
            if isinstance(event, PartEnded):
                break
            if isinstance(event, PartContent):
                if self._digest is not None:
                    await self._digest.update(event.data)
                yield event.data
        if self._digest is not None:
            self._digest.verify()
        await self._read_fields()
        self._require_all()

    _digest: ExpectedDigest | None = None

    async def _read_fields(self) -> None:
        """Read fields up to the file or the end."""
        name, value = "", bytearray()
        async for event in self._events:
            if isinstance(event, PartBegan):
                name = self._begin_part(event)
                if name == "file":
                    return
                value.clear()
            elif isinstance(event, PartContent):
                value += event.data
                if len(value) > MAX_FIELD_BYTES:
                    raise FieldInvalid(f"{name}: must be a UUID, 36 characters", field=name)
            else:
                self._take(name, bytes(value))

    def _begin_part(self, part: PartBegan) -> str:
        disposition = parse_disposition(part.headers.get("content-disposition", b""))
        name = disposition.get("name")
        if name is None:
            raise MultipartMalformed("A part has no name in its Content-Disposition")
        if name not in FIELDS:
            raise FieldUnknown(f"Known here: {', '.join(FIELDS)}")
        if name in self._seen:
            raise FieldRepeated(f"{name}: was given more than once", field=name)
        self._seen.add(name)
        if name == "file":
            self.name = file_name(disposition)
            digest = part.headers.get("content-digest")
            self._digest = parse_content_digest(None if digest is None else digest.decode("latin-1"))
        return name

    def _take(self, name: str, value: bytes) -> None:
        try:
            parsed = parse_uuid(value.decode("ascii"))
        except ValueError:
            raise FieldInvalid(
                f"{name}: must be a UUID such as 3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f", field=name
            ) from None
        if name == "user":
            self.user = parsed
        else:
            self.token = parsed

    def _require_all(self) -> None:
        missing = [name for name in FIELDS if name not in self._seen]
        if missing:
            raise FieldMissing(f"{', '.join(missing)}: not given", fields=missing)

    @staticmethod
    async def _stream_events(body: Body, boundary: bytes) -> AsyncIterator[Event]:
        parser = MultipartEvents(boundary)
        async for block in body.blocks():
            for event in parser.feed(block):
                yield event
        parser.finish()
