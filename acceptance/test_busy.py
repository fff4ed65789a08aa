"""Past what the transcoder takes at a time, an upload is told so at once, and those that are under way go on."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from acceptance.api import Account, Api, assert_problem
from acceptance.listening import likeness, listen
from acceptance.raw_http import Connection
from acceptance.running_system import open_system
from acceptance.waves import music, wav

pytestmark = pytest.mark.standalone

PLACES = 2
PROMISED_SECONDS = 0.1


@pytest.fixture(scope="module")
def busy_api() -> Iterator[Api]:
    """A system whose transcoder has few places."""
    with open_system(MAX_TRANSCODES=str(PLACES)) as running, Api(running.base_url) as client:
        yield client


class Upload(Connection):
    """One that stands still after its first half."""

    def __init__(self, api: Api, account: Account, content: bytes) -> None:
        super().__init__(api.base_url)
        headers = {"Content-Type": "audio/wav", "Content-Length": str(len(content)), **account.bearer}
        self.begin("POST", f"/record?user={account.id}", headers)
        half = len(content) // 2
        self.send([content[:half]])
        self._rest = content[half:]

    def finish(self) -> None:
        """Send the second half."""
        self.send([self._rest])


class TestAFullTranscoder:
    def test_says_so_at_once_and_harms_nothing_that_it_has_taken(self, busy_api: Api, clip: bytes) -> None:
        account = busy_api.new_account()
        recorded = music(20)
        with ExitStack() as held:
            uploads = [held.enter_context(Upload(busy_api, account, wav(recorded))) for _ in range(PLACES)]
            time.sleep(0.5)
            seconds = []
            for _ in range(10):
                started = time.monotonic()
                assert_problem(busy_api.upload_bare(account, clip), 503, "transcoder_busy")
                seconds.append(time.monotonic() - started)
            assert sorted(seconds)[5] < PROMISED_SECONDS
            for upload in uploads:
                upload.finish()
            answers = [upload.answer() for upload in uploads]

        assert [answer.status for answer in answers] == [201] * PLACES
        for answer in answers:
            heard = listen(busy_api.client.get(answer.headers["location"]).content)
            assert likeness(heard.samples, recorded) > 0.99

    def test_takes_uploads_again_a_second_after_its_clients_have_vanished(self, busy_api: Api, clip: bytes) -> None:
        account = busy_api.new_account()
        for upload in [Upload(busy_api, account, wav(music(20))) for _ in range(PLACES)]:
            time.sleep(0.2)
            with upload:
                pass  # closes the connection
        time.sleep(1)

        assert busy_api.upload_bare(account, clip).status_code == 201
