"""Down and up again: every user and every record is still there."""

import hashlib
import time

import pytest

from acceptance.api import Api
from acceptance.containers.compose import compose

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]

GRACE_SECONDS = 45


class TestDownAndUp:
    def test_keeps_every_user_and_every_record(self, api: Api, gateway: str, clip: bytes) -> None:
        accounts = [api.new_account(f"User {number}") for number in range(3)]
        records = [api.store(account, clip, f"{number}.wav") for account in accounts for number in range(2)]
        began = time.monotonic()
        compose("down")
        assert time.monotonic() - began < GRACE_SECONDS, "something had to be killed"
        compose("up", "--detach", "--wait")
        with Api(gateway) as again:
            for account in accounts:
                assert again.request("GET", "/user", headers=account.bearer).json()["name"] == account.name
                owned = [record.id for record in records if record.owner == account]
                assert again.ids_of(account) == owned[::-1]
            for record in records:
                mp3 = again.client.get(record.url).content
                assert hashlib.sha256(mp3).hexdigest() == record.facts["sha256"]
            assert again.upload(accounts[0], clip).status_code == 201

    def test_a_second_up_changes_nothing(self, api: Api, clip: bytes) -> None:
        stored = api.store(api.new_account(), clip)
        compose("up", "--detach", "--wait")
        assert api.client.get(stored.url).status_code == 200
