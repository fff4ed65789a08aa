"""`GET /records`: newest first, page after page, whatever is added or deleted meanwhile; and `GET /record/info`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records_service.db import record as record_table
from records_service.records.cursor import Cursor
from records_service.records.model import Record
from records_service.records.repository import delete_record, list_records

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


Store = Callable[..., tuple[Record, bytes]]


def bearer(token: object) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestPages:
    def test_follow_each_other_to_the_end(self, client: httpx.Client, store: Store, users: Any) -> None:
        user, token = users.add()
        stored = [store(user_id=user, created_at=START + timedelta(microseconds=n))[0] for n in range(7)]
        seen: list[str] = []
        sizes: list[int] = []
        query: dict[str, str] = {"limit": "3"}
        while True:
            page = client.get("/records", params=query, headers=bearer(token)).json()
            seen += [item["id"] for item in page["items"]]
            sizes.append(len(page["items"]))
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert seen == [str(record.id) for record in reversed(stored)]
        assert sizes == [3, 3, 1]

    def test_a_last_page_that_is_full_says_that_it_is_the_last(
        self, client: httpx.Client, store: Store, users: Any
    ) -> None:
        user, token = users.add()
        store(user_id=user)
        page = client.get("/records?limit=1", headers=bearer(token)).json()
        assert (len(page["items"]), page["next_cursor"]) == (1, None)

    def test_of_nobodys_records_is_empty(self, client: httpx.Client, users: Any) -> None:
        _, token = users.add()
        assert client.get("/records", headers=bearer(token)).json() == {"items": [], "next_cursor": None}

    def test_have_twenty_items_unless_told_otherwise(self, client: httpx.Client, store: Store, users: Any) -> None:
        user, token = users.add()
        for _ in range(21):
            store(1, user_id=user)
        assert len(client.get("/records", headers=bearer(token)).json()["items"]) == 20
        assert len(client.get("/records?limit=100", headers=bearer(token)).json()["items"]) == 21

    @pytest.mark.parametrize("limit", ["0", "-1", "101", "x", "", "1.5", "9" * 5000])
    def test_a_limit_outside_of_1_to_100_is_refused(self, client: httpx.Client, users: Any, limit: str) -> None:
        _, token = users.add()
        answer = client.get("/records", params={"limit": limit}, headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    @pytest.mark.parametrize("cursor", ["", "x", "A" * 31, "f" + "_" * 31, "\x00", "é" * 20])
    def test_a_cursor_that_was_never_given_is_refused(self, client: httpx.Client, users: Any, cursor: str) -> None:
        _, token = users.add()
        answer = client.get("/records", params={"cursor": cursor}, headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")

    def test_anothers_cursor_shows_nothing_of_anothers(self, client: httpx.Client, store: Store, users: Any) -> None:
        other, _ = users.add()
        store(user_id=other)
        _, token = users.add()
        cursor = Cursor(datetime.now(UTC) + timedelta(days=1), uuid4()).encode()
        assert client.get("/records", params={"cursor": cursor}, headers=bearer(token)).json()["items"] == []


class TestTheCursor:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        start=st.lists(st.integers(0, 3), max_size=8),
        events=st.lists(st.tuples(st.sampled_from(["page", "add", "delete"]), st.integers(0, 100)), max_size=12),
        limit=st.integers(1, 4),
    )
    def test_misses_and_repeats_nothing_that_was_there_all_along(
        self, engine: sa.Engine, store: Store, start: list[int], events: list[tuple[str, int]], limit: int
    ) -> None:
        """Times are coarse, so that many records share one and their order hangs on the id."""
        user = uuid4()
        there = {store(1, user_id=user, created_at=START + timedelta(seconds=n))[0].id for n in start}
        constant = set(there)
        seen: list[tuple[datetime, UUID]] = []
        after: Cursor | None = None
        with engine.begin() as connection:
            for event, number in [*events, *[("page", 0)] * 30]:
                if event == "add":
                    new, _ = store(1, user_id=user, created_at=START + timedelta(seconds=10 + number))
                    there.add(new.id)
                elif event == "delete" and there:
                    gone = sorted(there)[number % len(there)]
                    assert delete_record(connection, record_id=gone, user_id=user)
                    there.discard(gone)
                    constant.discard(gone)
                elif event == "page":
                    page = list_records(connection, user_id=user, after=after, limit=limit)
                    seen += [(record.created_at, record.id) for record in page]
                    after = Cursor.decode(Cursor(*seen[-1]).encode()) if page else after
        assert seen == sorted(set(seen), reverse=True)
        assert constant <= {record_id for _, record_id in seen}

    def test_is_found_through_the_index(self, engine: sa.Engine) -> None:
        """Not by sorting all records of a user."""
        query = (
            sa.select(record_table.c.id)
            .where(
                record_table.c.user_id == uuid4(),
                sa.tuple_(record_table.c.created_at, record_table.c.id)
                < sa.tuple_(sa.literal(START), sa.literal(uuid4(), sa.Uuid)),
            )
            .order_by(record_table.c.created_at.desc(), record_table.c.id.desc())
            .limit(21)
        )
        sql = query.compile(engine, compile_kwargs={"literal_binds": True})
        with engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            connection.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
            plan = "\n".join(connection.execute(sa.text(f"EXPLAIN {sql}")).scalars())
        assert "Sort" not in plan
        assert "Index Cond" in plan
        assert "created_at" in plan.split("Index Cond", 1)[1]


class TestItems:
    def test_have_the_link_and_the_main_facts(self, client: httpx.Client, store: Store, users: Any) -> None:
        user, token = users.add()
        record, content = store(1234, user_id=user, name="запись.wav")
        item = client.get("/records", headers=bearer(token)).json()["items"][0]
        assert item == {
            "id": str(record.id),
            "url": f"{client.base_url}/record?id={record.id}&user={user}".replace("//record", "/record"),
            "user": str(user),
            "name": "запись.wav",
            "duration_seconds": 10.0,
            "sample_rate_hz": 16000,
            "channels": 1,
            "size_bytes": 1234,
            "sha256": record.sha256.hex(),
            "created_at": item["created_at"],
        }
        assert datetime.fromisoformat(item["created_at"]) == record.created_at
        assert client.get(item["url"]).content == content


class TestInfo:
    def test_tells_all_that_is_known(self, client: httpx.Client, store: Store, users: Any) -> None:
        user, token = users.add()
        record, _ = store(user_id=user, sample_count=100_001, peak_dbfs=-3.25)
        info = client.get(f"/record/info?id={record.id}&user={user}").json()
        item = client.get("/records", headers=bearer(token)).json()["items"][0]
        assert {name: info[name] for name in item} == item
        assert {name: info[name] for name in info if name not in item} == {
            "wav_bytes": 320_044,
            "encoding": "pcm",
            "bits_per_sample": 16,
            "peak_dbfs": -3.25,
            "rms_dbfs": -20.25,
            "peaks": [[-1.0, 1.0], [0.0, 0.5039]],
        }
        assert info["duration_seconds"] == 100_001 / 16_000

    def test_silence_has_no_level(self, client: httpx.Client, store: Store) -> None:
        record, _ = store(peak_dbfs=None, rms_dbfs=None, peaks=bytes(2000))
        info = client.get(f"/record/info?id={record.id}&user={record.user_id}").json()
        assert (info["peak_dbfs"], info["rms_dbfs"]) == (None, None)
        assert info["peaks"] == [[0.0, 0.0]] * 1000
