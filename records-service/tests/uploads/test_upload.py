"""A WAV goes in, a link comes out."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

Rows = Callable[..., list[tuple[Any, ...]]]
WAV = b"RIFF" + bytes(range(256)) * 2000


def form(user: UUID, token: UUID, order: str = "utf") -> list[tuple[str, Any]]:
    """The fields in the given order: u(ser), t(oken), f(ile)."""
    parts: dict[str, tuple[str, Any]] = {
        "u": ("user", (None, str(user))),
        "t": ("token", (None, str(token))),
        "f": ("file", ("interview.wav", WAV, "audio/wav")),
    }
    return [parts[letter] for letter in order]


class TestUpload:
    @pytest.mark.parametrize("order", ["utf", "tuf", "fut", "ftu", "uft", "tfu"])
    def test_a_form_in_any_order_is_stored(
        self, client: httpx.Client, users: Any, transcoder: Any, query: Rows, order: str
    ) -> None:
        user, token = users.add()
        answer = client.post("/record", files=form(user, token, order))
        assert answer.status_code == 201, answer.text
        stored = answer.json()
        mp3 = transcoder.mp3()
        assert stored["user"] == str(user)
        assert stored["name"] == "interview.wav"
        assert stored["duration_seconds"] == 10.0
        assert stored["size_bytes"] == len(mp3)
        assert stored["sha256"] == hashlib.sha256(mp3).hexdigest()
        assert stored["url"] == answer.headers["Location"] == f"{client.base_url}/record?id={stored['id']}&user={user}"
        assert client.get(stored["url"]).content == mp3
        assert transcoder.wavs == [hashlib.sha256(WAV).digest()]
        assert query("SELECT wav_bytes FROM records.record WHERE id = %s", stored["id"]) == [(len(WAV),)]

    @pytest.mark.parametrize("media_type", ["audio/wav", "audio/x-wav", "audio/wave", "Audio/Vnd.Wave; codecs=1"])
    def test_a_wav_as_the_body_is_stored(
        self, client: httpx.Client, users: Any, transcoder: Any, media_type: str
    ) -> None:
        user, token = users.add()
        answer = client.post(
            "/record",
            params={"user": str(user)},
            content=WAV,
            headers={
                "Content-Type": media_type,
                "Authorization": f"Bearer {token}",
                "Content-Disposition": "attachment; filename*=UTF-8''%E4%BC%9A%E8%AE%AE.wav",
            },
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["name"] == "会议.wav"
        assert transcoder.wavs == [hashlib.sha256(WAV).digest()]

    def test_an_mp3_of_many_windows_comes_back_as_it_was(
        self, client: httpx.Client, users: Any, transcoder: Any
    ) -> None:
        transcoder.mp3_bytes = 7 * 1024 * 1024 + 12345
        user, token = users.add()
        answer = client.post("/record", files=form(user, token))
        assert answer.status_code == 201, answer.text
        assert client.get(answer.json()["url"]).content == transcoder.mp3()
