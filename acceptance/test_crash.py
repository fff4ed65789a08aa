"""kill -9 of records-service in the middle of an upload: nothing of it is left, and the same upload then succeeds."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest

from acceptance.api import Account, Api
from acceptance.raw_http import Connection
from acceptance.running_system import RunningSystem, open_system
from acceptance.waves import music, wav

pytestmark = pytest.mark.standalone

RECOVERY_SECONDS = 20.0


@pytest.fixture(scope="module")
def own_system() -> Iterator[RunningSystem]:
    """A system that may be harmed."""
    with open_system() as running:
        yield running


@pytest.fixture
def own_api(own_system: RunningSystem) -> Iterator[Api]:
    with Api(own_system.base_url) as client:
        yield client


def run(system: RunningSystem, statement: str) -> list[tuple[int]]:
    """What a statement gives that records-service's role runs."""
    with closing(psycopg2.connect(system.database_url("records_service"))) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        connection.commit()
        return cursor.fetchall() if cursor.description else []


def rows(system: RunningSystem, table: str) -> int:
    """How many rows there are in a table of records-service."""
    ((count,),) = run(system, f"SELECT count(*) FROM records.{table}")
    return count


def wait_for(condition: Callable[[], bool], seconds: float = RECOVERY_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_whole(api: Api, account: Account, facts: dict[str, object]) -> bool:
    """The link plays and is the only one."""
    return api.client.get(str(facts["url"])).status_code == 200 and api.ids_of(account) == [facts["id"]]


class TestKillingRecords:
    @pytest.mark.parametrize("sent_share", [0.0, 0.5, 0.99])
    def test_in_mid_upload_leaves_no_row_and_no_chunk(
        self, own_system: RunningSystem, own_api: Api, sent_share: float
    ) -> None:
        account = own_api.new_account()
        before = rows(own_system, "record"), rows(own_system, "record_chunk")
        recorded = wav(music(30))
        headers = {"Content-Type": "audio/wav", "Content-Length": str(len(recorded)), **account.bearer}
        with Connection(own_system.base_url) as connection:
            connection.begin("POST", f"/record?user={account.id}", headers)
            connection.send([recorded[: int(len(recorded) * sent_share)]])
            time.sleep(0.5)
            own_system.service("records-service").kill()
            with contextlib.suppress(ConnectionError):
                assert connection.answer().status == 503
        assert (rows(own_system, "record"), rows(own_system, "record_chunk")) == before

        wait_for(own_system.is_ready)
        response = own_api.upload_bare(account, recorded)
        assert response.status_code == 201, response.text
        assert is_whole(own_api, account, response.json())

    def test_while_it_stores_leaves_all_or_nothing(self, own_system: RunningSystem, own_api: Api) -> None:
        """Killed at moments around the end of the upload, where row and chunks are written."""
        account = own_api.new_account()
        recorded = wav(music(20))
        headers = {
            "Content-Type": "audio/wav",
            "Content-Length": str(len(recorded)),
            "Idempotency-Key": "crash",
            **account.bearer,
        }
        for delay_ms in (0, 50, 150):
            with Connection(own_system.base_url) as connection:
                connection.begin("POST", f"/record?user={account.id}", headers)
                connection.send([recorded])
                time.sleep(delay_ms / 1000)
                own_system.service("records-service").kill()
            wait_for(own_system.is_ready)
            for record in own_api.request("GET", "/records", headers=account.bearer).json()["items"]:
                assert len(own_api.client.get(record["url"]).content) == record["size_bytes"]
        key = {"Idempotency-Key": "crash"}

        def stored() -> bool:
            response = own_api.upload_bare(account, recorded, key)
            assert response.status_code in (201, 409)
            return response.status_code == 201

        run(own_system, "UPDATE records.idempotency_key SET leased_until = now()")  # half a minute later
        wait_for(stored)
        assert len(own_api.ids_of(account)) == 1


class TestKillingTheOthers:
    @pytest.mark.parametrize("name", ["transcoder-service", "users-service"])
    def test_the_system_comes_back_and_uploads_again(
        self, own_system: RunningSystem, own_api: Api, name: str, clip: bytes
    ) -> None:
        account = own_api.new_account()
        stored = own_api.store(account, clip)
        own_system.service(name).kill()
        assert own_api.client.get(stored.url).status_code == 200, "links play without a neighbour"
        wait_for(own_system.is_ready)
        assert own_api.upload(account, clip).status_code == 201
