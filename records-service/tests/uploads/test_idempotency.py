"""One Idempotency-Key makes one recording."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from records_service.uploads import idempotency

Rows = Callable[..., list[tuple[Any, ...]]]
WAV = b"RIFF" + bytes(range(256)) * 1000


@pytest.fixture
def client(serve_records: Callable[..., str]) -> Iterator[httpx.Client]:
    url = serve_records(max_uploads=100)
    with httpx.Client(base_url=url, trust_env=False, timeout=30, limits=httpx.Limits(max_connections=60)) as client:
        yield client


@pytest.fixture
def owner(users: Any) -> tuple[UUID, UUID]:
    """A user's id and token."""
    added: tuple[UUID, UUID] = users.add()
    return added


def upload(
    client: httpx.Client, owner: tuple[UUID, UUID], key: str | bytes, wav: bytes = WAV, *, file_first: bool = False
) -> httpx.Response:
    """Send the form with the key."""
    fields: list[tuple[str, Any]] = [("user", (None, str(owner[0]))), ("token", (None, str(owner[1])))]
    file: list[tuple[str, Any]] = [("file", ("a.wav", wav, "audio/wav"))]
    headers: Any = {b"Idempotency-Key": key if isinstance(key, bytes) else key.encode()}
    return client.post("/record", files=file + fields if file_first else fields + file, headers=headers)


def records_of(query: Rows, owner: tuple[UUID, UUID]) -> int:
    """How many recordings the user has."""
    return int(query("SELECT count(*) FROM records.record WHERE user_id = %s", str(owner[0]))[0][0])


class TestRepeatedUploads:
    @pytest.mark.parametrize("file_first", [False, True])
    def test_the_same_key_and_wav_give_the_same_record(
        self, client: httpx.Client, owner: tuple[UUID, UUID], transcoder: Any, query: Rows, file_first: bool
    ) -> None:
        first = upload(client, owner, "key-1", file_first=file_first)
        again = upload(client, owner, "key-1", file_first=file_first)
        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert first.headers["Location"] == again.headers["Location"]
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert len(transcoder.wavs) == records_of(query, owner) == 1

    @pytest.mark.parametrize("file_first", [False, True])
    def test_the_same_key_with_another_wav_is_refused(
        self, client: httpx.Client, owner: tuple[UUID, UUID], query: Rows, file_first: bool
    ) -> None:
        upload(client, owner, "key-1")
        again = upload(client, owner, "key-1", WAV + b"x", file_first=file_first)
        assert (again.status_code, again.json()["code"]) == (422, "idempotency_key_reused")
        assert records_of(query, owner) == 1

    def test_another_users_key_is_another_key(self, client: httpx.Client, users: Any) -> None:
        first, second = upload(client, users.add(), "key-1"), upload(client, users.add(), "key-1")
        assert first.json()["id"] != second.json()["id"]

    def test_a_key_whose_record_is_deleted_says_so(self, client: httpx.Client, owner: tuple[UUID, UUID]) -> None:
        link = upload(client, owner, "key-1").headers["Location"]
        assert client.delete(link, headers={"Authorization": f"Bearer {owner[1]}"}).status_code == 204
        again = upload(client, owner, "key-1")
        assert (again.status_code, again.json()["code"]) == (404, "record_not_found")
        assert "Idempotency-Key" in again.json()["detail"]

    def test_a_refused_upload_frees_its_key(
        self, client: httpx.Client, owner: tuple[UUID, UUID], transcoder: Any, query: Rows
    ) -> None:
        transcoder.refusal = 422, "wav_truncated"
        assert upload(client, owner, "key-1").status_code == 422
        assert query("SELECT FROM records.idempotency_key WHERE user_id = %s", str(owner[0])) == []
        transcoder.refusal = None
        assert upload(client, owner, "key-1").status_code == 201

    @pytest.mark.parametrize("key", [b"", b"two words", b"x" * 256, b"\xc3\xa4", b"a\tb"])
    def test_a_malformed_key_is_refused(self, client: httpx.Client, owner: tuple[UUID, UUID], key: bytes) -> None:
        answer = upload(client, owner, key)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")

    def test_a_key_may_have_255_characters(self, client: httpx.Client, owner: tuple[UUID, UUID]) -> None:
        assert upload(client, owner, "~" * 255).status_code == 201


class TestSimultaneousUploads:
    def test_fifty_at_once_make_one_record(
        self, client: httpx.Client, owner: tuple[UUID, UUID], transcoder: Any, query: Rows
    ) -> None:
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: upload(client, owner, "key-1"), range(50)))
        stored = [answer.json()["id"] for answer in answers if answer.status_code == 201]
        others = [answer for answer in answers if answer.status_code != 201]
        assert len(set(stored)) == records_of(query, owner) == len(transcoder.wavs) == 1
        assert {(answer.status_code, answer.json()["code"]) for answer in others} <= {(409, "idempotency_key_in_use")}
        assert all(answer.headers["Retry-After"] for answer in others)


class TestLeases:
    def claim(self, query: Rows, owner: tuple[UUID, UUID], *, lease: str, age: str = "0 s") -> None:
        query(
            "INSERT INTO records.idempotency_key (user_id, key, claim_id, leased_until, created_at)"
            " VALUES (%s, 'key-1', %s, now() + %s::interval, now() - %s::interval)",
            str(owner[0]),
            str(uuid4()),
            lease,
            age,
        )

    def test_while_a_claim_runs_the_key_is_in_use(
        self, client: httpx.Client, owner: tuple[UUID, UUID], transcoder: Any, query: Rows
    ) -> None:
        self.claim(query, owner, lease="30 s")
        began = time.monotonic()
        answer = upload(client, owner, "key-1", bytes(20_000_000))
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
        assert answer.headers["Retry-After"]
        assert time.monotonic() - began < 2
        assert transcoder.begun == 0

    def test_an_upload_that_is_refused_while_it_claims_frees_its_key(
        self, client: httpx.Client, owner: tuple[UUID, UUID], transcoder: Any, query: Rows
    ) -> None:
        transcoder.refusal, transcoder.delay_seconds = (422, "wav_truncated"), 1
        query("BEGIN")
        self.claim(query, owner, lease="30 s")  # for whose end the upload's own claim waits
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(upload, client, owner, "key-1", file_first=True)
            while not query("SELECT FROM pg_locks WHERE NOT granted"):
                assert not running.done()
                time.sleep(0.01)
            time.sleep(1.2)
            query("ROLLBACK")
            assert running.result().json()["code"] == "wav_truncated"
        transcoder.refusal, transcoder.delay_seconds = None, 0
        assert upload(client, owner, "key-1", file_first=True).status_code == 201

    def test_a_claim_whose_process_died_is_taken_over(
        self, client: httpx.Client, owner: tuple[UUID, UUID], query: Rows
    ) -> None:
        self.claim(query, owner, lease="-1 s")
        assert upload(client, owner, "key-1").status_code == 201

    def test_a_claim_is_renewed_while_its_upload_runs(
        self, client: httpx.Client, owner: tuple[UUID, UUID], transcoder: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(idempotency, "LEASE", timedelta(seconds=1))
        monkeypatch.setattr(idempotency, "HEARTBEAT_SECONDS", 0.1)
        transcoder.delay_seconds = 2.5
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(upload, client, owner, "key-1")
            time.sleep(2)
            assert upload(client, owner, "key-1").status_code == 409
            assert running.result().status_code == 201

    def test_a_claim_that_was_taken_over_stores_nothing(
        self, client: httpx.Client, owner: tuple[UUID, UUID], transcoder: Any, query: Rows
    ) -> None:
        transcoder.delay_seconds = 0.5
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(upload, client, owner, "key-1")
            while not transcoder.begun:
                time.sleep(0.01)
            query("UPDATE records.idempotency_key SET claim_id = %s WHERE user_id = %s", str(uuid4()), str(owner[0]))
            assert running.result().status_code == 409
        assert records_of(query, owner) == 0

    def test_expired_keys_are_forgotten_in_passing(
        self, client: httpx.Client, owner: tuple[UUID, UUID], users: Any, query: Rows
    ) -> None:
        old = users.add()
        self.claim(query, old, lease="0 s", age="25 hours")
        upload(client, owner, "key-1")
        aged = "UPDATE records.idempotency_key SET created_at = now() - interval '23 hours' WHERE user_id = %s"
        query(aged, str(owner[0]))
        assert upload(client, owner, "key-1").headers["Idempotency-Replayed"] == "true"
        assert query("SELECT FROM records.idempotency_key WHERE user_id = %s", str(old[0])) == []
