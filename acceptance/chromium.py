"""Headless Chromium by the WebDriver protocol (W3C), as much of it as a player needs."""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
]


class Browser:
    """One window. Scripts run in its page."""

    def __init__(self, driver_url: str, profile: Path) -> None:
        self._client = httpx.Client(base_url=driver_url, timeout=90)
        binary = shutil.which("chromium") or shutil.which("google-chrome")
        assert binary, "Chromium must be installed for this test"
        options = {"binary": binary, "args": [*ARGUMENTS, f"--user-data-dir={profile}"]}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"performance": "ALL"}}
        self._session = self._post("/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        self._command("/timeouts", {"script": 60_000})

    def open(self, url: str) -> None:
        """Go to a page and wait until it has loaded."""
        self._command("/url", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """The value that the body of an async function returns; an exception in it fails the test."""
        wrapped = (
            "const done = arguments[arguments.length - 1];"
            f"(async function() {{ {script} }}).apply(null, arguments)"
            ".then(value => done({value}), error => done({error: String(error)}));"
        )
        answer = self._command("/execute/async", {"script": wrapped, "args": list(arguments)})
        assert "error" not in answer, answer
        return answer.get("value")

    def network_events(self) -> list[dict[str, Any]]:
        """What the network did since the last call: the events of Chromium's Network domain."""
        entries = self._command("/se/log", {"type": "performance"})
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        return [message for message in messages if message["method"].startswith("Network.")]

    def close(self) -> None:
        """Close the window and its process."""
        self._client.delete(f"/session/{self._session}")
        self._client.close()

    def _command(self, path: str, body: dict[str, Any]) -> Any:
        return self._post(f"/session/{self._session}{path}", body)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(path, json=body).json()["value"]
        assert not (isinstance(answer, dict) and "stacktrace" in answer), answer["message"]
        return answer


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser with an empty profile, gone at the end."""
    driver = shutil.which("chromedriver")
    assert driver, "chromedriver must be installed for this test"
    with (
        tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile,
        subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True) as process,
    ):
        try:
            browser = Browser(f"http://127.0.0.1:{_port(process)}", Path(profile))
            yield browser
            browser.close()
        finally:
            process.terminate()


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"started successfully on port (\d+)", line):
            return int(found[1])
    raise RuntimeError("chromedriver did not start")
