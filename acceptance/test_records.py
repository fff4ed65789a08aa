"""The list of one's own records and what is known of each."""

from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest

from acceptance.api import Account, Api, Stored, assert_problem
from acceptance.waves import FLOAT, Layout, music, wav


def pages(api: Api, account: Account, limit: int) -> list[list[str]]:
    """The ids on each page, following the cursors."""
    found, cursor = [], None
    while True:
        params = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
        page = api.request("GET", "/records", params=params, headers=account.bearer).json()
        found.append([item["id"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            return found


@pytest.fixture
def five(api: Api, account: Account, clip: bytes) -> list[Stored]:
    """Five records, oldest first."""
    return [api.store(account, clip, f"{number}.wav") for number in range(5)]


class TestList:
    def test_a_new_user_has_none(self, api: Api, account: Account) -> None:
        response = api.request("GET", "/records", headers=account.bearer)
        assert response.json() == {"items": [], "next_cursor": None}

    def test_it_is_newest_first_and_says_what_the_upload_said(
        self, api: Api, account: Account, five: list[Stored]
    ) -> None:
        items = api.request("GET", "/records", headers=account.bearer).json()["items"]
        assert items == [stored.facts for stored in reversed(five)]
        moments = [datetime.fromisoformat(item["created_at"]) for item in items]
        assert all(newer > older for newer, older in pairwise(moments))

    @pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (4, [4, 1]), (5, [5]), (100, [5])])
    def test_pages_hold_each_record_once(
        self, api: Api, account: Account, five: list[Stored], limit: int, sizes: list[int]
    ) -> None:
        found = pages(api, account, limit)
        assert [len(page) for page in found if page] == sizes
        assert [record for page in found for record in page] == [stored.id for stored in reversed(five)]

    def test_a_cursor_survives_uploads_and_deletions(
        self, api: Api, account: Account, five: list[Stored], clip: bytes
    ) -> None:
        page = api.request("GET", "/records", params={"limit": 2}, headers=account.bearer).json()
        api.store(account, clip, "new.wav")
        for gone in (five[3], five[2]):
            api.request("DELETE", "/record", params=gone.query, headers=account.bearer)
        following = api.request("GET", "/records", params={"cursor": page["next_cursor"]}, headers=account.bearer)
        assert [item["id"] for item in following.json()["items"]] == [five[1].id, five[0].id]

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "9" * 30])
    def test_a_limit_that_is_none(self, api: Api, account: Account, limit: str) -> None:
        response = api.request("GET", "/records", params={"limit": limit}, headers=account.bearer)
        assert_problem(response, 422, "invalid_request")

    @pytest.mark.parametrize("cursor", ["", "x", "AAAA", "A" * 32, "é", "\0", "=" * 32, "_" * 32])
    def test_a_cursor_that_is_none(self, api: Api, account: Account, cursor: str) -> None:
        response = api.request("GET", "/records", params={"cursor": cursor}, headers=account.bearer)
        if response.status_code == 200:
            assert response.json()["items"] == []  # it reads as a moment before all records
        else:
            assert_problem(response, 422, "cursor_invalid")

    @pytest.mark.parametrize(
        ("query", "code"),
        [("limit=1&limit=2", "query_argument_repeated"), ("user=x", "query_argument_unknown")],
    )
    def test_arguments_that_are_not_known(self, api: Api, account: Account, query: str, code: str) -> None:
        assert_problem(api.request("GET", f"/records?{query}", headers=account.bearer), 400, code)


class TestInfo:
    def test_it_holds_the_summary_and_the_levels(self, api: Api, account: Account) -> None:
        recorded = music(3, sample_rate_hz=22050, channels=2)
        file = wav(recorded, 22050, Layout(bits=24))
        stored = api.store(account, file)
        info = api.request("GET", "/record/info", params=stored.query).json()
        assert {name: info[name] for name in stored.facts} == stored.facts
        assert (info["wav_bytes"], info["encoding"], info["bits_per_sample"]) == (len(file), "pcm", 24)
        assert info["peak_dbfs"] == pytest.approx(20 * np.log10(np.abs(recorded).max()), abs=0.1)
        assert info["rms_dbfs"] == pytest.approx(10 * np.log10(np.mean(recorded**2)), abs=0.5)

    def test_the_waveform_is_the_recording_s(self, api: Api, account: Account) -> None:
        """Silence, then full swing, then silence: the buckets say so."""
        third = 44100
        recorded = np.zeros((3 * third, 1))
        recorded[third : 2 * third, 0] = 0.8 * np.sin(np.arange(third) * 0.2)
        stored = api.store(account, wav(recorded))
        peaks = np.array(api.request("GET", "/record/info", params=stored.query).json()["peaks"])
        assert peaks.shape[1] == 2
        assert 100 < len(peaks) <= 1000
        assert (peaks[:, 0] <= peaks[:, 1]).all()
        swing = len(peaks) // 3
        assert np.abs(peaks[: swing - 1]).max() < 0.02
        assert np.abs(peaks[-swing + 1 :]).max() < 0.02
        assert peaks[swing + 1 : 2 * swing - 1, 1] == pytest.approx(0.8, abs=0.02)
        assert peaks[swing + 1 : 2 * swing - 1, 0] == pytest.approx(-0.8, abs=0.02)

    def test_silence_has_no_level(self, api: Api, account: Account) -> None:
        stored = api.store(account, wav(np.zeros((8000, 1)), layout=Layout(encoding=FLOAT, bits=32)))
        info = api.request("GET", "/record/info", params=stored.query).json()
        assert (info["peak_dbfs"], info["rms_dbfs"]) == (None, None)
        assert (info["encoding"], info["bits_per_sample"]) == ("float", 32)
