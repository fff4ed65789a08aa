"""What clients get wrong on POST /record, one row a case: a clear refusal, and nothing is stored."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import pytest

from acceptance.api import Account, Api, Field, assert_problem
from acceptance.raw_http import FORM_END, FORM_TYPE, Connection, form_field, form_file
from acceptance.running_system import MAX_UPLOAD_BYTES
from acceptance.waves import header_only, music, wav

CLIP = wav(music(0.5, sample_rate_hz=16000, channels=1), 16000)
MP3_HEAD = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x64" + bytes(2000)


@pytest.fixture
def other(api: Api) -> Account:
    """Somebody else."""
    return api.new_account("Somebody else")


@pytest.fixture(autouse=True)
def nothing_is_stored(api: Api, account: Account) -> Iterable[None]:
    """Every case of this module is refused, so the account stays empty."""
    yield
    assert api.ids_of(account) == []


def plain(name: str, value: str) -> Field:
    return name, (None, value.encode("utf-8", "surrogatepass"))


def upload(content: bytes = CLIP) -> Field:
    return "file", ("sound.wav", content, "audio/wav")


class TestFields:
    @pytest.mark.parametrize("missing", ["user", "token", "file"])
    @pytest.mark.parametrize("file_first", [False, True], ids=["file last", "file first"])
    def test_a_missing_field(self, api: Api, account: Account, missing: str, file_first: bool) -> None:
        fields = [plain("user", account.id), plain("token", account.token), upload()]
        kept = [field for field in fields if field[0] != missing]
        assert_problem(api.upload_form(kept[::-1] if file_first else kept), 422, "field_missing")

    @pytest.mark.parametrize("repeated", ["user", "token", "file"])
    @pytest.mark.parametrize("at_the_end", [False, True], ids=["at once", "at the end"])
    def test_a_repeated_field(self, api: Api, account: Account, repeated: str, at_the_end: bool) -> None:
        fields = [plain("user", account.id), plain("token", account.token), upload()]
        place, field = next((n, field) for n, field in enumerate(fields) if field[0] == repeated)
        fields.insert(len(fields) if at_the_end else place, field)
        assert_problem(api.upload_form(fields), 422, "field_repeated")

    @pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
    def test_an_unknown_field(self, api: Api, account: Account, last: bool) -> None:
        fields = [plain("user", account.id), plain("token", account.token), upload()]
        fields.insert(3 if last else 0, plain("bitrate", "320"))
        assert_problem(api.upload_form(fields), 422, "field_unknown")

    @pytest.mark.parametrize("field", ["user", "token"])
    @pytest.mark.parametrize(
        "value",
        [
            "",
            "7",
            "not-a-uuid",
            "{3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f}",
            "3f2b8c1e5d4a4c6b9e7f1a2b3c4d5e6f",
            "3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f\n",
            "x" * 10_000,
            "\0" * 36,
            "Привет",
            "\ud800",
        ],
        ids=["empty", "7", "words", "braces", "no dashes", "line break", "10,000", "NUL", "Cyrillic", "surrogate"],
    )
    def test_a_malformed_uuid(self, api: Api, account: Account, field: str, value: str) -> None:
        values = {"user": account.id, "token": account.token, field: value}
        response = api.upload_form([plain("user", values["user"]), plain("token", values["token"]), upload()])
        assert_problem(response, 422, "field_invalid")


class TestWhoUploads:
    """One answer for all, so that nobody learns which users exist."""

    @pytest.mark.parametrize("file_first", [False, True], ids=["file last", "file first"])
    @pytest.mark.parametrize("wrong", ["unknown user", "wrong token", "another's token", "another's id"])
    def test_a_form_from_someone_else(
        self, api: Api, account: Account, other: Account, wrong: str, file_first: bool
    ) -> None:
        user, token = {
            "unknown user": (str(uuid4()), account.token),
            "wrong token": (account.id, str(uuid4())),
            "another's token": (account.id, other.token),
            "another's id": (other.id, account.token),
        }[wrong]
        fields = [plain("user", user), plain("token", token), upload()]
        response = api.upload_form(fields[::-1] if file_first else fields)
        assert_problem(response, 401, "unauthorized")
        assert api.ids_of(other) == []

    @pytest.mark.parametrize("wrong", ["no token", "malformed", "wrong scheme", "wrong token", "another's token"])
    def test_a_bare_wav_from_someone_else(self, api: Api, account: Account, other: Account, wrong: str) -> None:
        headers: dict[str, str] = {
            "no token": {},
            "malformed": {"Authorization": "Bearer 12345"},
            "wrong scheme": {"Authorization": f"Basic {account.token}"},
            "wrong token": {"Authorization": f"Bearer {uuid4()}"},
            "another's token": other.bearer,
        }[wrong]
        response = api.request(
            "POST",
            "/record",
            params={"user": account.id},
            content=CLIP,
            headers={"Content-Type": "audio/wav", **headers},
        )
        assert_problem(response, 401, "unauthorized")


NOT_A_RECORDING = {
    "text named .wav": (b"Dear diary, today I recorded nothing at all. " * 20, 415, "not_a_wav"),
    "an MP3 named .wav": (MP3_HEAD, 415, "not_a_wav"),
    "an Ogg file": (b"OggS" + bytes(2000), 415, "not_a_wav"),
    "a FLAC file": (b"fLaC" + bytes(2000), 415, "not_a_wav"),
    "an AVI file": (b"RIFF\x24\x00\x00\x00AVI " + bytes(2000), 415, "not_a_wav"),
    "one byte": (b"R", 415, "not_a_wav"),
    "half a RIFF header": (b"RIFF\x24\x00", 415, "not_a_wav"),
    "a WAV header without samples": (header_only(), 422, "wav_no_samples"),
    "a truncated WAV": (CLIP[:-500], 422, "wav_truncated"),
    "a WAV cut in its header": (CLIP[:30], 422, "wav_truncated"),
    "a WAV without a format": (CLIP[:12] + CLIP[36:], 422, "wav_format_missing"),
    "a WAV without a data chunk": (CLIP[:36], 422, "wav_data_missing"),
    "no channels": (CLIP[:22] + b"\0\0" + CLIP[24:], 422, "wav_channels_unsupported"),
    "a sample rate of 0": (CLIP[:24] + bytes(4) + CLIP[28:], 422, "wav_sample_rate_unsupported"),
    "an unknown codec": (CLIP[:20] + b"\x34\x12" + CLIP[22:], 422, "wav_codec_unknown"),
    "17 bits": (CLIP[:34] + b"\x11\0" + CLIP[36:], 422, "wav_bit_depth_unsupported"),
    "a wrong block size": (CLIP[:32] + b"\x07\0" + CLIP[34:], 422, "wav_block_align_wrong"),
}


class TestContent:
    @pytest.mark.parametrize(("content", "status", "code"), NOT_A_RECORDING.values(), ids=NOT_A_RECORDING.keys())
    def test_what_is_no_recording(self, api: Api, account: Account, content: bytes, status: int, code: str) -> None:
        assert_problem(api.upload(account, content), status, code)
        assert_problem(api.upload_bare(account, content), status, code)

    def test_an_empty_file(self, api: Api, account: Account) -> None:
        assert_problem(api.upload(account, b""), 422, "file_empty")
        assert_problem(api.upload_bare(account, b""), 422, "file_empty")

    @pytest.mark.parametrize("content_type", ["", "text/plain", "audio/mpeg", "application/json", "audio", "\xff"])
    def test_a_wrong_content_type(self, api: Api, account: Account, content_type: str) -> None:
        headers = {"Content-Type": content_type.encode("latin-1")}
        response = api.request(
            "POST", "/record", params={"user": account.id}, content=CLIP, headers={**account.bearer, **headers}
        )
        assert_problem(response, 415, "content_type_unsupported")


class TestTooLarge:
    """Each body is one byte longer than the limit, or says so."""

    def test_by_its_declared_length(self, gateway: str, account: Account) -> None:
        with Connection(gateway) as connection:
            connection.begin("POST", f"/record?user={account.id}", _bare(account, MAX_UPLOAD_BYTES + 1))
            answer = connection.answer()
        assert (answer.status, answer.problem()["code"]) == (413, "upload_too_large")

    def test_with_chunks_and_no_length(self, api: Api, account: Account) -> None:
        head = wav(music(0.1), 44100)[:40] + b"\xff\xff\xff\x7f"
        block = bytes(1 << 20)

        def blocks() -> Iterable[bytes]:
            yield head
            for _ in range(MAX_UPLOAD_BYTES >> 20):
                yield block

        response = api.request(
            "POST",
            "/record",
            params={"user": account.id},
            content=blocks(),
            headers={"Content-Type": "audio/wav", **account.bearer},
        )
        assert_problem(response, 413, "upload_too_large")


def _bare(account: Account, length: int) -> dict[str, str]:
    return {"Content-Type": "audio/wav", "Content-Length": str(length), **account.bearer}


class TestCutShort:
    def _send(self, gateway: str, body: bytes) -> Any:
        headers = {"Content-Type": FORM_TYPE, "Content-Length": str(len(body))}
        with Connection(gateway) as connection:
            connection.begin("POST", "/record", headers)
            connection.send([body])
            answer = connection.answer()
        return answer.status, answer.problem()["code"]

    def test_a_form_without_its_last_boundary(self, gateway: str, account: Account) -> None:
        body = form_field("user", account.id) + form_field("token", account.token) + form_file(b'; filename="a.wav"')
        assert self._send(gateway, body + CLIP) == (400, "multipart_incomplete")

    def test_a_form_that_ends_in_a_header(self, gateway: str, account: Account) -> None:
        body = form_field("user", account.id) + b"--acceptance-boundary\r\nContent-Dispo"
        assert self._send(gateway, body) == (400, "multipart_incomplete")

    def test_an_empty_form(self, gateway: str) -> None:
        assert self._send(gateway, b"--acceptance-boundary--\r\n") == (422, "field_missing")

    def test_a_body_that_is_no_form(self, gateway: str) -> None:
        assert self._send(gateway, b"hello" * 100) == (400, "multipart_malformed")

    def test_a_form_without_a_boundary(self, api: Api, account: Account) -> None:
        response = api.request("POST", "/record", content=CLIP, headers={"Content-Type": "multipart/form-data"})
        assert_problem(response, 400, "multipart_malformed")

    def test_a_client_that_breaks_off_leaves_nothing(self, api: Api, gateway: str, account: Account) -> None:
        body = form_field("user", account.id) + form_field("token", account.token) + form_file(b"") + CLIP + FORM_END
        with Connection(gateway) as connection:
            connection.begin("POST", "/record", {"Content-Type": FORM_TYPE, "Content-Length": str(len(body))})
            connection.send([body[:-3000]])
        assert api.request("GET", "/health").status_code == 200


class TestQuery:
    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ("user={id}&user={id}", 400, "query_argument_repeated"),
            ("user={id}&bitrate=320", 400, "query_argument_unknown"),
            ("user={id}&User={id}", 400, "query_argument_unknown"),
            ("user=abc", 422, "invalid_request"),
            ("user=", 422, "invalid_request"),
            ("", 422, "invalid_request"),
        ],
    )
    def test_arguments_of_an_upload(self, api: Api, account: Account, query: str, status: int, code: str) -> None:
        path = f"/record?{query.format(id=account.id)}"
        headers = {"Content-Type": "audio/wav", **account.bearer}
        assert_problem(api.request("POST", path, content=CLIP, headers=headers), status, code)


class TestUnreadableRequests:
    """What the parsers of nginx and of the services give up on."""

    @pytest.mark.parametrize(
        ("method", "target", "headers"),
        [
            ("GET", "/user?name=Ä", {}),
            ("GET", "/record?id=\u0442&user={id}", {}),
            ("POST", "/record?user={id}\u0442", {"Content-Length": "0"}),
            ("GET", "/records?cursor=\u0442", {}),
            ("GET", "/user", {"Authorization": "Bearer \x01"}),
            ("GET", "/record?id={id}&user={id}", {"Accept": "\x7f"}),
            ("POST", "/record?user={id}", {"Content-Length": "0", "Idempotency-Key": "a\x1fb"}),
            ("POST", "/user", {"Content-Length": "0", "Content-Type": "application/json\x02"}),
        ],
    )
    def test_foreign_bytes(
        self, gateway: str, account: Account, method: str, target: str, headers: dict[str, str]
    ) -> None:
        with Connection(gateway) as connection:
            connection.begin(method, target.format(id=account.id), headers)
            answer = connection.answer()
        assert (answer.status, answer.problem()["code"]) == (400, "malformed_request")
