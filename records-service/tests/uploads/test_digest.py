"""Content-Digest is checked before anything is stored."""

import base64
import hashlib
from typing import Any

import httpx
import pytest

from records_service.errors import ContentDigestMalformed
from records_service.uploads.digest import parse_content_digest

WAV = b"RIFF" + bytes(range(256)) * 1000


def digest_of(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


class TestUploads:
    def post_raw(self, client: httpx.Client, users: Any, digest: str) -> httpx.Response:
        user, token = users.add()
        headers = {"Content-Type": "audio/wav", "Authorization": f"Bearer {token}", "Content-Digest": digest}
        return client.post("/record", params={"user": str(user)}, content=WAV, headers=headers)

    def post_form(self, client: httpx.Client, users: Any, digest: str) -> httpx.Response:
        user, token = users.add()
        return client.post(
            "/record",
            data={"user": str(user), "token": str(token)},
            files={"file": ("a.wav", WAV, "audio/wav", {"Content-Digest": digest})},
        )

    @pytest.mark.parametrize("form", [False, True])
    def test_the_right_digest_is_accepted(self, client: httpx.Client, users: Any, form: bool) -> None:
        post = self.post_form if form else self.post_raw
        assert post(client, users, digest_of(WAV)).status_code == 201

    @pytest.mark.parametrize("form", [False, True])
    def test_a_wrong_digest_stores_nothing(self, client: httpx.Client, users: Any, transcoder: Any, form: bool) -> None:
        post = self.post_form if form else self.post_raw
        answer = post(client, users, digest_of(WAV + b"x"))
        assert (answer.status_code, answer.json()["code"]) == (400, "content_digest_mismatch")
        assert transcoder.wavs == []

    @pytest.mark.parametrize("form", [False, True])
    def test_a_malformed_digest_is_refused(self, client: httpx.Client, users: Any, form: bool) -> None:
        post = self.post_form if form else self.post_raw
        answer = post(client, users, "sha-256=abc")
        assert (answer.status_code, answer.json()["code"]) == (400, "content_digest_malformed")

    @pytest.mark.parametrize("right", [False, True])
    def test_that_of_a_form_is_of_its_whole_body(self, client: httpx.Client, users: Any, right: bool) -> None:
        user, token = users.add()
        request = client.build_request(
            "POST", "/record", data={"user": str(user), "token": str(token)}, files={"file": ("a.wav", WAV)}
        )
        request.headers["Content-Digest"] = digest_of(request.read() if right else WAV)
        answer = client.send(request)
        assert answer.status_code == (201 if right else 400)


class TestHeader:
    def test_other_algorithms_are_ignored(self) -> None:
        assert parse_content_digest("sha-512=:YWJj:, md5=:YWJj:") is None
        assert parse_content_digest(None) is None
        assert parse_content_digest(f"md5=:YWJj:, {digest_of(b'x')}") is not None

    def test_of_two_the_last_counts(self) -> None:
        digest = parse_content_digest(f"{digest_of(b'x')}, {digest_of(b'')}")
        assert digest is not None
        digest.verify()

    @pytest.mark.parametrize(
        "header", ["", ",", "x", "sha-256", "sha-256=x", "sha-256=:x:", "sha-256=::", "sha-256=:YWJj:", "SHA-256=::"]
    )
    def test_what_cannot_be_read_is_malformed(self, header: str) -> None:
        with pytest.raises(ContentDigestMalformed):
            parse_content_digest(header)
