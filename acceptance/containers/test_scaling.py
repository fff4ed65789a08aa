"""More replicas and fewer again, under load, without a restart of the gateway and without an error."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from acceptance.api import Account, Api
from acceptance.containers.compose import Container, containers_of, scale

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]

CLIENTS = 4
SECONDS_TO_SERVE = 3.0
REFUSED_SHARE = 0.005


@dataclass
class Uploads:
    """Clients that upload clips one after another, as many at a time as there are clients."""

    gateway: str
    account: Account
    clip: bytes
    statuses: list[int] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Uploads":
        self._threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        headers = {"Content-Type": "audio/wav", **self.account.bearer}
        target = f"{self.gateway}/record?user={self.account.id}"
        with httpx.Client(timeout=60) as client:
            while not self.ended.is_set():
                try:
                    status = client.post(target, content=self.clip, headers=headers).status_code
                except httpx.HTTPError:
                    status = 0
                self.statuses.append(status)


@pytest.fixture
def one_of_each() -> Iterator[None]:
    """Leaves one replica of each service behind."""
    yield
    scale(users=1, records=1, transcoder=1)


def all_serve(containers: list[Container], path: str) -> bool:
    return all(container.answered("POST", path) > 0 for container in containers)


@pytest.mark.usefixtures("one_of_each")
class TestScaling:
    def test_up_and_down_again_under_load(self, api: Api, gateway: str, clip: bytes) -> None:
        account = api.new_account()
        (nginx,) = containers_of("nginx")
        with Uploads(gateway, account, clip) as uploads:
            scale(records=3, transcoder=2)
            records, transcoders = containers_of("records-service"), containers_of("transcoder-service")
            assert (len(records), len(transcoders)) == (3, 2)
            deadline = time.monotonic() + SECONDS_TO_SERVE
            while not (all_serve(records, "/record") and all_serve(transcoders, "/transcode")):
                assert time.monotonic() < deadline, "not every replica is served"
                time.sleep(0.2)
            assert set(uploads.statuses) == {201}
            scale(records=1, transcoder=1)
            time.sleep(3)
        assert (len(containers_of("records-service")), len(containers_of("transcoder-service"))) == (1, 1)
        # While replicas leave, a connection can be made in the instant in which the other side closes its listener.
        refused = [status for status in uploads.statuses if status != 201]
        assert set(refused) <= {503, 504}
        assert len(refused) <= len(uploads.statuses) * REFUSED_SHARE, (len(refused), len(uploads.statuses))
        (still,) = containers_of("nginx")
        assert (still.id, still.started_at) == (nginx.id, nginx.started_at)
        assert api.request("GET", "/health").status_code == 200

    def test_each_replica_takes_its_share(self, api: Api, clip: bytes) -> None:
        scale(records=3, transcoder=2)
        account = api.new_account()
        for _ in range(60):
            assert api.upload(account, clip).status_code == 201
        shares = [container.answered("POST", "/record") for container in containers_of("records-service")]
        assert sum(shares) >= 60
        assert min(shares) >= 10, shares
        transcoded = [container.answered("POST", "/transcode") for container in containers_of("transcoder-service")]
        assert min(transcoded) >= 10, transcoded
