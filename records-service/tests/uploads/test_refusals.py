"""Uploads that are refused: with the right problem, and without a trace."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

Rows = Callable[..., list[tuple[Any, ...]]]
WAV = b"RIFF" + bytes(200_000)


@pytest.fixture
def client(serve_records: Callable[..., str]) -> Iterator[httpx.Client]:
    """A service that takes a megabyte and waits half a second for the next block."""
    url = serve_records(max_upload_bytes=1_000_000, upload_idle_timeout_seconds=1)
    with httpx.Client(base_url=url, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_is_stored(query: Rows) -> Iterator[None]:
    """Each of these tests leaves the tables as it found them."""
    counts = "SELECT (SELECT count(*) FROM records.record), (SELECT count(*) FROM records.record_chunk)"
    before = query(counts)
    yield
    assert query(counts) == before


def part(name: str, value: bytes, extra: bytes = b"") -> bytes:
    """A part of a form with the boundary `cut`."""
    return b'--cut\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name.encode(), extra, value)


def file_part(value: bytes = WAV) -> bytes:
    return part("file", value, b'; filename="a.wav"')


def credentials(user: UUID, token: UUID) -> bytes:
    return part("user", str(user).encode()) + part("token", str(token).encode())


END = b"--cut--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=cut"}


class TestForms:
    def refuse(self, client: httpx.Client, body: bytes, status: int, code: str) -> dict[str, Any]:
        answer = client.post("/record", content=body, headers=FORM)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem: dict[str, Any] = answer.json()
        return problem

    @pytest.mark.parametrize("missing", ["user", "token", "file"])
    @pytest.mark.parametrize("file_first", [False, True])
    def test_a_missing_field_is_named(self, client: httpx.Client, users: Any, missing: str, file_first: bool) -> None:
        user, token = users.add()
        parts = {"user": part("user", str(user).encode()), "token": part("token", str(token).encode())}
        parts = {"file": file_part(), **parts} if file_first else {**parts, "file": file_part()}
        del parts[missing]
        problem = self.refuse(client, b"".join(parts.values()) + END, 422, "field_missing")
        assert problem["fields"] == [missing]

    @pytest.mark.parametrize("repeated", ["user", "token", "file"])
    def test_a_repeated_field_is_named(self, client: httpx.Client, users: Any, repeated: str) -> None:
        user, token = users.add()
        value = {"user": str(user), "token": str(token), "file": "RIFF"}[repeated].encode()
        body = credentials(user, token) + file_part() + part(repeated, value) + END
        assert self.refuse(client, body, 422, "field_repeated")["field"] == repeated

    def test_an_unknown_field_is_refused(self, client: httpx.Client, users: Any) -> None:
        self.refuse(
            client, credentials(*users.add()) + part("comment", b"hello") + file_part() + END, 422, "field_unknown"
        )

    @pytest.mark.parametrize(
        "value",
        [
            b"",
            b"x",
            b"\0",
            b"\xff" * 36,
            b"3f2b8c1e5d4a4c6b9e7f1a2b3c4d5e6f",
            b"3f2b8c1e-5d4a-4c6b-9e7f-1a2b3c4d5e6f ",
            b"a" * 100_000,
        ],
    )
    @pytest.mark.parametrize("name", ["user", "token"])
    def test_a_malformed_uuid_is_named(self, client: httpx.Client, users: Any, name: str, value: bytes) -> None:
        user, token = users.add()
        parts = {"user": str(user).encode(), "token": str(token).encode(), name: value}
        body = part("user", parts["user"]) + part("token", parts["token"]) + file_part() + END
        assert self.refuse(client, body, 422, "field_invalid")["field"] == name

    @pytest.mark.parametrize("file_first", [False, True])
    @pytest.mark.parametrize("case", ["unknown user", "wrong token", "another's token"])
    def test_a_stranger_is_refused(
        self, client: httpx.Client, users: Any, transcoder: Any, case: str, file_first: bool
    ) -> None:
        user, token = users.add()
        user = {"unknown user": uuid4()}.get(case, user)
        token = {"wrong token": uuid4(), "another's token": users.add()[1]}.get(case, token)
        fields = credentials(user, token)
        body = file_part() + fields if file_first else fields + file_part()
        self.refuse(client, body + END, 401, "unauthorized")
        assert transcoder.wavs == []
        assert file_first or transcoder.begun == 0

    def test_an_empty_file_is_refused(self, client: httpx.Client, users: Any) -> None:
        self.refuse(client, credentials(*users.add()) + file_part(b"") + END, 422, "file_empty")

    @pytest.mark.parametrize("cut", [1, 2, 7, 9, 15, 1000])
    def test_a_form_cut_short_is_incomplete(self, client: httpx.Client, users: Any, transcoder: Any, cut: int) -> None:
        body = credentials(*users.add()) + file_part() + END
        end = len(body) - 2  # the line break behind the final boundary need not be there
        self.refuse(client, body[: end - cut], 400, "multipart_incomplete")
        assert transcoder.wavs == []

    def test_an_empty_body_is_incomplete(self, client: httpx.Client) -> None:
        self.refuse(client, b"", 400, "multipart_incomplete")

    def test_a_form_without_parts_lacks_all_fields(self, client: httpx.Client) -> None:
        assert self.refuse(client, END, 422, "field_missing")["fields"] == ["user", "token", "file"]

    @pytest.mark.parametrize(
        "body",
        [
            b"this is no form",
            b"--cut\r\nno header\r\n\r\n",
            b"--cut\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + END,
            b"--cut\r\nContent-Type: text/plain\r\n\r\nx\r\n" + END,
            b"--cut\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
            b"--cut\r\n" + b"X: y\r\n" * 50 + b"\r\n",
            b"--cut\r\n\r\n" * 100,
        ],
    )
    def test_what_is_no_form_is_malformed(self, client: httpx.Client, body: bytes) -> None:
        self.refuse(client, body, 400, "multipart_malformed")

    @pytest.mark.parametrize(
        "boundary", ["", "; boundary=", "; boundary=" + "x" * 71, '; boundary="a\tb"', "; boundary=ä"]
    )
    def test_a_boundary_that_cannot_be_used_is_malformed(self, client: httpx.Client, boundary: str) -> None:
        head = {b"Content-Type": f"multipart/form-data{boundary}".encode()}
        answer = client.post("/record", content=END, headers=head)
        assert (answer.status_code, answer.json()["code"]) == (400, "multipart_malformed")


class TestRawBodies:
    def post(self, client: httpx.Client, **request: Any) -> tuple[int, str]:
        answer = client.post("/record", content=WAV, **request)
        return answer.status_code, answer.json()["code"]

    @pytest.mark.parametrize(
        "media_type", ["", "text/plain", "audio/mpeg", "application/json", "multipart/mixed; boundary=x"]
    )
    def test_another_content_type_is_unsupported(self, client: httpx.Client, media_type: str) -> None:
        assert self.post(client, headers={"Content-Type": media_type}) == (415, "content_type_unsupported")

    def test_a_token_is_needed(self, client: httpx.Client, users: Any) -> None:
        user, _ = users.add()
        assert self.post(client, params={"user": str(user)}, headers={"Content-Type": "audio/wav"}) == (
            401,
            "unauthorized",
        )

    def test_a_user_is_needed(self, client: httpx.Client, users: Any) -> None:
        _, token = users.add()
        headers = {"Content-Type": "audio/wav", "Authorization": f"Bearer {token}"}
        assert self.post(client, headers=headers) == (422, "invalid_request")
        assert self.post(client, params={"user": "me"}, headers=headers) == (422, "invalid_request")

    def test_query_arguments_are_checked(self, client: httpx.Client) -> None:
        assert self.post(client, params={"u": "1"}) == (400, "query_argument_unknown")
        assert self.post(client, params={"user": ["1", "2"]}) == (400, "query_argument_repeated")

    def test_an_empty_wav_is_refused(self, client: httpx.Client, users: Any) -> None:
        user, token = users.add()
        answer = client.post(
            "/record",
            params={"user": str(user)},
            headers={"Content-Type": "audio/wav", "Authorization": f"Bearer {token}"},
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "file_empty")
