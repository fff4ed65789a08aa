"""Idempotency-Key and Content-Digest on uploads: a retry makes nothing twice, and damage is noticed."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from acceptance.api import Account, Api, assert_problem
from acceptance.waves import music, wav

AT_ONCE = 50


def digest_of(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


class TestTheSameKey:
    def test_gives_the_same_record_again(self, api: Api, account: Account, clip: bytes) -> None:
        headers = {"Idempotency-Key": "upload-1"}
        first = api.upload(account, clip, headers=headers)
        by_form, bare = api.upload(account, clip, headers=headers), api.upload_bare(account, clip, headers)
        assert first.status_code == by_form.status_code == 201
        assert first.json() == by_form.json()
        assert by_form.headers["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first.headers
        assert bare.json()["id"] == first.json()["id"]
        assert api.ids_of(account) == [first.json()["id"]]

    def test_with_other_content_is_refused(self, api: Api, account: Account, clip: bytes) -> None:
        headers = {"Idempotency-Key": "upload-1"}
        api.upload(account, clip, headers=headers)
        other = wav(music(1, sample_rate_hz=8000), 8000)
        assert_problem(api.upload(account, other, headers=headers), 422, "idempotency_key_reused")
        assert len(api.ids_of(account)) == 1

    def test_of_another_user_is_another_key(self, api: Api, account: Account, clip: bytes) -> None:
        headers = {"Idempotency-Key": "upload-1"}
        other = api.new_account("Somebody else")
        ids = {api.upload(who, clip, headers=headers).json()["id"] for who in (account, other)}
        assert len(ids) == 2

    def test_is_free_again_after_a_refusal(self, api: Api, account: Account, clip: bytes) -> None:
        headers = {"Idempotency-Key": "upload-1"}
        assert_problem(api.upload(account, b"no wav", headers=headers), 415, "not_a_wav")
        assert api.upload(account, clip, headers=headers).status_code == 201

    def test_fifty_times_at_once_makes_one_record(self, api: Api, gateway: str, account: Account) -> None:
        recorded = wav(music(20))
        key = {"Idempotency-Key": str(uuid4()), "Content-Type": "audio/wav", **account.bearer}

        def send(_number: int) -> httpx.Response:
            return httpx.post(
                f"{gateway}/record", params={"user": account.id}, content=recorded, headers=key, timeout=60
            )

        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(send, range(AT_ONCE)))
        stored = [answer for answer in answers if answer.status_code == 201]
        assert stored
        for answer in answers:
            if answer.status_code != 201:
                assert_problem(answer, 409, "idempotency_key_in_use")
                assert int(answer.headers["Retry-After"]) >= 1
        assert {answer.json()["id"] for answer in stored} == set(api.ids_of(account))
        assert len(api.ids_of(account)) == 1

    @pytest.mark.parametrize("key", [b"", b"two words", b"x" * 256, "schlüssel".encode()])
    def test_must_be_visible_ascii(self, api: Api, account: Account, clip: bytes, key: bytes) -> None:
        headers = httpx.Headers({b"Idempotency-Key": key, b"Content-Type": b"audio/wav"})
        headers.update(account.bearer)
        response = api.request("POST", "/record", params={"user": account.id}, content=clip, headers=headers)
        assert_problem(response, 400, "idempotency_key_invalid")


class TestContentDigest:
    def test_of_the_body_is_checked(self, api: Api, account: Account, clip: bytes) -> None:
        assert api.upload_bare(account, clip, {"Content-Digest": digest_of(clip)}).status_code == 201
        wrong = api.upload_bare(account, clip, {"Content-Digest": digest_of(clip + b"x")})
        assert_problem(wrong, 400, "content_digest_mismatch")
        assert len(api.ids_of(account)) == 1

    def test_of_the_file_in_a_form_is_checked(self, api: Api, account: Account, clip: bytes) -> None:
        for content, status in ((clip, 201), (clip + b"x", 400)):
            part = ("sound.wav", clip, "audio/wav", {"Content-Digest": digest_of(content)})
            response = api.request(
                "POST", "/record", data={"user": account.id, "token": account.token}, files={"file": part}
            )
            assert response.status_code == status, response.text
        assert_problem(response, 400, "content_digest_mismatch")
        assert len(api.ids_of(account)) == 1

    @pytest.mark.parametrize("digest", ["", "sha-256", "sha-256=abc", "sha-256=:AAAA:", "sha-256=:!!!!:"])
    def test_that_cannot_be_read_is_refused(self, api: Api, account: Account, clip: bytes, digest: str) -> None:
        response = api.upload_bare(account, clip, {"Content-Digest": digest})
        assert_problem(response, 400, "content_digest_malformed")

    def test_by_another_algorithm_is_passed_over(self, api: Api, account: Account, clip: bytes) -> None:
        assert api.upload_bare(account, clip, {"Content-Digest": "sha-512=:AAAA:"}).status_code == 201
