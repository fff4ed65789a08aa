"""The Idempotency-Key of POST /user: a retry is safe, and nobody but the key's holder gains by it."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import psycopg2
import psycopg2.extensions
import pytest

from standalone.testing import TestPostgres
from users_service.users.repository import SWEEP_ROWS
from users_service.users.tokens import digest, open_seal, seal


def make(client: httpx.Client, key: dict[str, str], name: str = "Ada") -> httpx.Response:
    return client.post("/user", json={"name": name}, headers=key)


def replace_token(client: httpx.Client, token: str) -> httpx.Response:
    return client.post("/user/token", headers={"Authorization": f"Bearer {token}"})


class TestARetry:
    def test_it_gets_the_same_user_and_the_same_token(self, client: httpx.Client, key: dict[str, str]) -> None:
        first = make(client, key)
        again = make(client, key, "  Ada ")

        assert first.status_code == again.status_code == 201
        assert first.json() == again.json()
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.headers["Cache-Control"] == "no-store"

    def test_the_keys_spelling_does_not_matter(self, client: httpx.Client, key: dict[str, str]) -> None:
        shouted = {name: value.upper() for name, value in key.items()}

        assert make(client, key).json() == make(client, shouted).json()

    def test_another_name_is_refused(self, client: httpx.Client, key: dict[str, str]) -> None:
        make(client, key)
        answer = make(client, key, "Eve")

        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")

    @pytest.mark.parametrize("text", ["", "abc", "1", str(uuid4()) + "0", uuid4().hex, str(UUID(int=0)), "\xe9"])
    def test_a_key_that_can_be_guessed_is_refused(self, client: httpx.Client, text: str) -> None:
        answer = client.post("/user", json={"name": "Ada"}, headers=[(b"Idempotency-Key", text.encode("latin-1"))])

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    def test_a_failed_request_leaves_the_key_free(self, client: httpx.Client, key: dict[str, str]) -> None:
        assert make(client, key, "\0").status_code == 422
        assert make(client, key).status_code == 201


class TestManyAtOnce:
    def test_fifty_make_one_user(
        self, client: httpx.Client, key: dict[str, str], admin: psycopg2.extensions.cursor
    ) -> None:
        name = f"Fifty {uuid4()}"
        with ThreadPoolExecutor(50) as threads:
            answers = list(threads.map(lambda _: make(client, key, name), range(50)))

        assert {answer.status_code for answer in answers} <= {201, 409}
        made = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.text for answer in made}) == 1
        assert sum("Idempotency-Replayed" not in answer.headers for answer in made) == 1
        admin.execute("SELECT count(*) FROM users.account WHERE name = %s", (name,))
        assert admin.fetchone() == (1,)

    def test_one_that_runs_on_and_on_is_answered_with_409(
        self, client: httpx.Client, key: dict[str, str], postgres: TestPostgres
    ) -> None:
        connection = psycopg2.connect(postgres.admin_url)
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO users.idempotency_key VALUES (%s, %s, NULL, now() + interval '1 hour')",
                (digest(UUID(key["Idempotency-Key"])), str(uuid4())),
            )
            answer = make(client, key)
        connection.close()

        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
        assert answer.headers["Retry-After"] == "1"
        assert make(client, key).status_code == 201


class TestWhatIsStored:
    def test_neither_token_nor_key_is_in_the_database(
        self, client: httpx.Client, key: dict[str, str], admin: psycopg2.extensions.cursor
    ) -> None:
        made = make(client, key).json()
        admin.execute("SELECT a::text || k::text FROM users.account a JOIN users.idempotency_key k ON k.user_id = a.id")
        rows = " ".join(row[0] for row in admin.fetchall())

        assert made["id"] in rows
        for secret in (made["token"], key["Idempotency-Key"]):
            assert secret not in rows
            assert UUID(secret).hex not in rows

    def test_only_the_key_opens_the_sealed_token(self) -> None:
        token, key = uuid4(), uuid4()

        assert open_seal(seal(token, key), key) == token
        assert open_seal(seal(token, key), uuid4()) != token
        assert seal(token, key) != token.bytes

    def test_a_replaced_token_is_forgotten(
        self, client: httpx.Client, key: dict[str, str], admin: psycopg2.extensions.cursor
    ) -> None:
        made = make(client, key).json()
        assert replace_token(client, made["token"]).status_code == 201
        answer = make(client, key)

        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_spent")
        admin.execute("SELECT sealed_token FROM users.idempotency_key WHERE user_id = %s", (made["id"],))
        assert admin.fetchall() == [(None,)]


class TestExpiry:
    def test_an_expired_key_makes_a_new_user(
        self, client: httpx.Client, key: dict[str, str], admin: psycopg2.extensions.cursor
    ) -> None:
        first = make(client, key).json()
        admin.execute("UPDATE users.idempotency_key SET expires_at = now() WHERE user_id = %s", (first["id"],))
        second = make(client, key, "Eve")

        assert second.status_code == 201
        assert second.json()["id"] != first["id"]

    def test_a_key_is_kept_for_a_day(
        self, client: httpx.Client, key: dict[str, str], admin: psycopg2.extensions.cursor
    ) -> None:
        made = make(client, key).json()
        admin.execute(
            "SELECT expires_at > now() + interval '23 h 59 min' FROM users.idempotency_key WHERE user_id = %s",
            (made["id"],),
        )

        assert admin.fetchone() == (True,)

    def test_expired_keys_are_swept_in_passing_a_bounded_number_at_a_time(
        self, client: httpx.Client, key: dict[str, str], user: dict[str, str], admin: psycopg2.extensions.cursor
    ) -> None:
        admin.execute("DELETE FROM users.idempotency_key")
        admin.execute(
            "INSERT INTO users.idempotency_key"
            " SELECT sha256(n::text::bytea), %s, NULL, now() - n * interval '1 s' FROM generate_series(1, %s) n",
            (user["id"], SWEEP_ROWS + 5),
        )
        make(client, key)
        admin.execute("SELECT count(*) FROM users.idempotency_key WHERE expires_at < now()")

        assert admin.fetchone() == (5,)
