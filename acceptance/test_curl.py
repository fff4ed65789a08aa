"""The command-line client that most people try first."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from acceptance.api import Account, Api
from acceptance.broken_line import BrokenLine
from acceptance.waves import music, wav

CURL_PARTIAL_FILE, CURL_RANGE_ERROR = 18, 33


def curl(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run curl quietly; the caller judges its exit code."""
    program = shutil.which("curl")
    assert program, "curl must be installed for this test"
    return subprocess.run(
        [program, "--silent", "--show-error", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


class TestABrokenDownload:
    @pytest.mark.parametrize("state", ["cold", "warm"])
    def test_is_resumed_to_the_same_sha256(self, api: Api, account: Account, tmp_path: Path, state: str) -> None:
        stored = api.store(account, wav(music(30)))
        url = stored.url
        if state == "cold":
            url = f"{api.base_url}{stored.url_never_asked()}"
        else:
            api.client.get(url)
        with BrokenLine(api.base_url, answer_bytes=stored.facts["size_bytes"] // 2) as line:
            broken = curl("--connect-to", f"::127.0.0.1:{line.port}", "--output", "a.mp3", url, cwd=tmp_path)
        assert broken.returncode == CURL_PARTIAL_FILE
        part = (tmp_path / "a.mp3").stat().st_size
        assert 0 < part < stored.facts["size_bytes"]

        resumed = curl(
            "--continue-at", "-", "--output", "a.mp3", "--write-out", "%{http_code} %{size_download}", url, cwd=tmp_path
        )
        assert resumed.returncode == 0, resumed.stderr
        assert resumed.stdout == f"206 {stored.facts['size_bytes'] - part}"
        assert hashlib.sha256((tmp_path / "a.mp3").read_bytes()).hexdigest() == stored.facts["sha256"]

    def test_that_was_whole_already_has_nothing_to_resume(self, api: Api, account: Account, tmp_path: Path) -> None:
        stored = api.store(account, wav(music(2)))
        curl("--output", "a.mp3", stored.url, cwd=tmp_path)
        again = curl("--continue-at", "-", "--output", "a.mp3", stored.url, cwd=tmp_path)
        assert again.returncode in (0, CURL_RANGE_ERROR)
        assert hashlib.sha256((tmp_path / "a.mp3").read_bytes()).hexdigest() == stored.facts["sha256"]


class TestUploading:
    def test_by_form_and_saving_under_the_name(
        self, api: Api, gateway: str, account: Account, tmp_path: Path, clip: bytes
    ) -> None:
        (tmp_path / "my song.wav").write_bytes(clip)
        form = ["-F", f"user={account.id}", "-F", f"token={account.token}", "-F", "file=@my song.wav"]
        answer = curl("--fail", "--output", "answer.json", *form, f"{gateway}/record", cwd=tmp_path)
        assert answer.returncode == 0, answer.stderr
        (record_id,) = api.ids_of(account)
        link = f"{gateway}/record?id={record_id}&user={account.id}"
        assert curl("--fail", "-O", "-J", link, cwd=tmp_path).returncode == 0
        assert (tmp_path / "my song.mp3").stat().st_size > 0

    def test_a_large_refused_upload_shows_the_refusal(self, gateway: str, account: Account, tmp_path: Path) -> None:
        """`curl -T` announces itself with `Expect: 100-continue` and reads while it writes."""
        (tmp_path / "large.wav").write_bytes(b"Dear diary, " * 1_000_000)
        headers = ["-H", "Content-Type: audio/wav", "-H", f"Authorization: Bearer {account.token}"]
        target = f"{gateway}/record?user={account.id}"
        answer = curl(
            "-X", "POST", *headers, "-T", "large.wav", "-w", "%{http_code}", "-o", "a.json", target, cwd=tmp_path
        )
        assert answer.stdout == "415", answer.stderr
        assert "not_a_wav" in (tmp_path / "a.json").read_text()
