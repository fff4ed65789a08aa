"""A browser's audio element plays a link and jumps into the middle of ten minutes without loading them all."""

import http.server
import threading
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from acceptance.api import Api, Stored
from acceptance.chromium import Browser, open_browser
from acceptance.waves import music, wav

pytestmark = pytest.mark.browser

PAGE = b"<!doctype html><title>A page elsewhere</title><audio id=player preload=metadata></audio>"

LOAD = """
    const player = document.getElementById('player');
    const loaded = new Promise((resolve, reject) => {
        player.onloadedmetadata = () => resolve(player.duration);
        player.onerror = () => reject(player.error.message);
    });
    player.src = arguments[0];
    return await loaded;
"""
PLAY_FOR_A_SECOND = """
    const player = document.getElementById('player'), from = player.currentTime;
    await player.play();
    while (player.currentTime < from + 1) await new Promise(resolve => setTimeout(resolve, 20));
    player.pause();
    return player.currentTime;
"""
SEEK = """
    const player = document.getElementById('player');
    const sought = new Promise(resolve => { player.onseeked = resolve; });
    player.currentTime = arguments[0];
    await sought;
    return player.currentTime;
"""


class PageHandler(http.server.BaseHTTPRequestHandler):
    """One page of another site that embeds a player."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """The URL of a page on another origin than the gateway's."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), PageHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser that has seen nothing."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def ten_minutes(api: Api) -> Stored:
    """Ten minutes of music, some 12 MB as MP3."""
    return api.store(api.new_account(), wav(np.tile(music(60), (10, 1))))


@pytest.mark.timeout(300)
class TestAudioElement:
    @pytest.mark.parametrize("state", ["cold", "warm"])
    def test_plays_and_seeks_without_loading_it_all(
        self, api: Api, browser: Browser, page: str, ten_minutes: Stored, state: str
    ) -> None:
        url = ten_minutes.url
        if state == "cold":
            url = f"{api.base_url}{ten_minutes.url_never_asked()}"
        else:
            api.client.get(url)
        browser.open(page)
        browser.network_events()
        assert browser.run(LOAD, url) == pytest.approx(600, abs=0.1)
        assert browser.run(PLAY_FOR_A_SECOND) == pytest.approx(1, abs=0.5)
        assert browser.run(SEEK, 300) == pytest.approx(300, abs=0.1)
        assert browser.run(PLAY_FOR_A_SECOND) == pytest.approx(301, abs=0.5)

        size = ten_minutes.facts["size_bytes"]
        answers, loaded = traffic(browser, url)
        assert answers
        assert {status for status, _start in answers} == {206}
        assert 0 < loaded < size * 0.6, f"{loaded} of {size} bytes"
        assert any(size * 0.4 < start < size * 0.6 for _status, start in answers), answers


def traffic(browser: Browser, url: str) -> tuple[list[tuple[int, int]], int]:
    """Status and first byte of each answer from `url`, and how many bytes of them the browser took."""
    events = browser.network_events()
    answers, ours, loaded = [], set(), 0
    for event in events:
        parameters = event["params"]
        if event["method"] == "Network.responseReceived" and parameters["response"]["url"] == url:
            ours.add(parameters["requestId"])
            content_range = httpx.Headers(parameters["response"]["headers"]).get("Content-Range", "bytes 0-")
            answers.append((parameters["response"]["status"], int(content_range.split()[1].split("-")[0])))
        if event["method"] == "Network.dataReceived" and parameters["requestId"] in ours:
            loaded += parameters["dataLength"]
    return answers, loaded
