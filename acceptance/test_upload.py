"""From a WAV to a link that plays: the MP3 has the WAV's length and its sound."""

import hashlib
import itertools
import struct
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import httpx
import numpy as np
import pytest

from acceptance.api import Account, Api, Field
from acceptance.listening import likeness, listen
from acceptance.waves import FLOAT, Layout, Samples, music, wav


def assert_sounds_like(api: Api, response: httpx.Response, recorded: Samples, sample_rate_hz: int) -> None:
    """The link of an upload's answer leads to an MP3 with this sound, to the millisecond, sample by sample."""
    assert response.status_code == 201, response.text
    facts = response.json()
    seconds = len(recorded) / sample_rate_hz
    assert facts["duration_seconds"] == pytest.approx(seconds, abs=1e-6)
    mp3 = httpx.get(facts["url"]).content
    assert hashlib.sha256(mp3).hexdigest() == facts["sha256"]
    assert len(mp3) == facts["size_bytes"]
    heard = listen(mp3)
    assert heard.sample_rate_hz == sample_rate_hz
    assert heard.seconds == pytest.approx(seconds, abs=0.001)
    assert likeness(heard.samples, recorded) > 0.99


class TestBothForms:
    def test_a_form_gives_a_link_that_plays_the_recording(self, api: Api, account: Account) -> None:
        recorded = music(7.3)
        response = api.upload(account, wav(recorded), "Konzert.wav")
        assert_sounds_like(api, response, recorded, 44100)
        facts = response.json()
        assert response.headers["Location"] == facts["url"]
        assert facts["url"] == f"{api.base_url}/record?id={facts['id']}&user={account.id}"
        assert UUID(facts["id"]).version == 4
        assert (facts["user"], facts["name"]) == (account.id, "Konzert.wav")
        assert (facts["sample_rate_hz"], facts["channels"]) == (44100, 2)
        assert datetime.fromisoformat(facts["created_at"]).tzinfo is not None

    @pytest.mark.parametrize("content_type", ["audio/wav", "audio/x-wav", "audio/wave", "Audio/Vnd.Wave; codecs=1"])
    def test_a_bare_wav_gives_one_too(self, api: Api, account: Account, content_type: str) -> None:
        recorded = music(3.1, sample_rate_hz=16000, channels=1)
        response = api.upload_bare(account, wav(recorded, 16000), {"Content-Type": content_type})
        assert_sounds_like(api, response, recorded, 16000)

    def test_a_bare_wav_may_carry_a_name(self, api: Api, account: Account, clip: bytes) -> None:
        name = "%D0%BF%D0%B5%D1%81%D0%BD%D1%8F.wav"
        named = {"Content-Disposition": f"attachment; filename=\"x.wav\"; filename*=UTF-8''{name}"}
        assert api.upload_bare(account, clip, named).json()["name"] == "песня.wav"

    def test_a_body_without_a_length_is_taken(self, api: Api, account: Account, clip: bytes) -> None:
        def blocks() -> Iterator[bytes]:
            for start in range(0, len(clip), 1000):
                yield clip[start : start + 1000]

        response = api.request(
            "POST",
            "/record",
            params={"user": account.id},
            content=blocks(),
            headers={"Content-Type": "audio/wav", **account.bearer},
        )
        assert response.status_code == 201, response.text

    def test_the_same_wav_gives_the_same_mp3_by_either_form(self, api: Api, account: Account, clip: bytes) -> None:
        by_form, bare = api.upload(account, clip), api.upload_bare(account, clip)
        assert by_form.json()["sha256"] == bare.json()["sha256"]
        assert by_form.json()["id"] != bare.json()["id"]


class TestOrderOfFields:
    @pytest.mark.parametrize("order", list(itertools.permutations(["user", "token", "file"])), ids=" ".join)
    def test_any_order_is_taken(self, api: Api, account: Account, clip: bytes, order: tuple[str, ...]) -> None:
        fields: dict[str, Field] = {
            "user": ("user", (None, account.id.encode())),
            "token": ("token", (None, account.token.encode())),
            "file": ("file", ("sound.wav", clip, "audio/wav")),
        }
        response = api.upload_form([fields[name] for name in order])
        assert response.status_code == 201, response.text


LAYOUTS = {
    "8 bit": Layout(bits=8),
    "16 bit": Layout(),
    "24 bit": Layout(bits=24),
    "32 bit": Layout(bits=32),
    "float 32": Layout(encoding=FLOAT, bits=32),
    "float 64": Layout(encoding=FLOAT, bits=64),
    "16 bit extensible": Layout(extensible=True),
    "24 bit extensible": Layout(bits=24, extensible=True),
    "float 32 extensible": Layout(encoding=FLOAT, bits=32, extensible=True),
    "LIST before the data": Layout(list_before_data=True),
    "LIST after the data": Layout(list_after_data=True),
    "streamed, size 0": Layout(streamed_size=0),
    "streamed, size 0xFFFFFFFF": Layout(streamed_size=0xFFFFFFFF),
    "streamed, size 0x7FFFF000": Layout(streamed_size=0x7FFFF000),
}


class TestLayouts:
    @pytest.mark.parametrize("channels", [1, 2])
    @pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
    def test_each_sounds_as_it_was_recorded(self, api: Api, account: Account, layout: Layout, channels: int) -> None:
        recorded = music(1.7, channels=channels)
        assert_sounds_like(api, api.upload(account, wav(recorded, layout=layout)), recorded, 44100)

    @pytest.mark.parametrize("sample_rate_hz", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 48000])
    def test_every_sample_rate_of_mp3_is_kept(self, api: Api, account: Account, sample_rate_hz: int) -> None:
        recorded = music(2.2, sample_rate_hz=sample_rate_hz)
        assert_sounds_like(api, api.upload(account, wav(recorded, sample_rate_hz)), recorded, sample_rate_hz)

    def test_a_single_sample_is_a_recording(self, api: Api, account: Account) -> None:
        response = api.upload(account, wav(np.full((1, 1), 0.5)))
        assert response.status_code == 201, response.text
        assert response.json()["duration_seconds"] == pytest.approx(1 / 44100)

    def test_floats_that_are_no_numbers_harm_nobody(self, api: Api, account: Account) -> None:
        recorded = music(1, channels=1)
        recorded[1000:1010] = np.nan
        recorded[2000:2010] = np.inf
        response = api.upload(account, wav(recorded, layout=Layout(encoding=FLOAT, bits=32)))
        assert response.status_code == 201, response.text
        assert api.request("GET", "/health").status_code == 200


NAMES = {
    "Cyrillic": "Разговор с мамой.wav",
    "Chinese": "采访录音.wav",
    "Arabic": "تسجيل.wav",
    "emoji": "🎵🎤👩‍🎤.wav",
    "German": "Größe.WAV",
    "quotes and backslashes": 'a "quoted" name.wav',
    "several dots": "a.b.c.wav",
    "spaces and semicolons": "a; filename=b.wav",
    "percent signs": "100%.wav",
}


class TestNamesOfFiles:
    @pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
    def test_any_script_is_kept(self, api: Api, account: Account, clip: bytes, name: str) -> None:
        stored = api.store(account, clip, name)
        assert stored.facts["name"] == name
        info = api.request("GET", "/record/info", params=stored.query).json()
        assert info["name"] == name

    def test_a_path_leaves_only_its_last_part(self, api: Api, account: Account, clip: bytes) -> None:
        assert api.store(account, clip, "../../etc/passwd.wav").facts["name"] == "passwd.wav"
        assert api.store(account, clip, "C:\\Music\\song.wav").facts["name"].endswith("song.wav")


class TestLongRecordings:
    def test_minutes_of_stereo_come_out_whole(self, api: Api, account: Account) -> None:
        minute = music(60, sample_rate_hz=44100)
        recorded = np.tile(minute, (4, 1))
        response = api.upload(account, wav(recorded))
        assert_sounds_like(api, response, recorded, 44100)

    def test_the_file_s_head_tells_its_exact_length(self, api: Api, account: Account) -> None:
        mp3 = httpx.get(api.store(account, wav(music(5))).url).content
        tag = mp3.index(b"Xing")
        frames, size = struct.unpack(">II", mp3[tag + 8 : tag + 16])
        assert size == len(mp3)
        assert frames * 1152 >= 5 * 44100 > (frames - 3) * 1152
