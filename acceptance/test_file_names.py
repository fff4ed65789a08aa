"""File names as hostile and as foreign as they come: kept, cleaned, never an injection, never a 500."""

import re
import unicodedata
from urllib.parse import unquote

import httpx
import pytest

from acceptance.api import Account, Api
from acceptance.raw_http import FORM_END, FORM_TYPE, Connection, form_field, form_file

HOSTILE = {
    "NUL": b'; filename="a\x00b.wav"',
    "a raw lone surrogate": b'; filename="a\xed\xa0\x80b.wav"',
    "bytes that are no UTF-8": b'; filename="\xff\xfe\xfd.wav"',
    "10,000 characters": b'; filename="' + b"x" * 10_000 + b'.wav"',
    "10,000 Cyrillic characters": b'; filename="' + "ж".encode() * 10_000 + b'.wav"',
    "10,000 percent-encoded characters": b"; filename*=UTF-8''" + b"%D0%B6" * 10_000 + b".wav",
    "quotes, by backslash": b'; filename="a \\"b\\" c.wav"',
    "quotes, by percent": b'; filename="a %22b%22 c.wav"',
    "line breaks, by percent": b'; filename="a%0D%0ASet-Cookie: x=1.wav"',
    "a raw line feed": b'; filename="a\nb.wav"',
    "a raw carriage return": b'; filename="a\rb.wav"',
    "an encoded line break": b"; filename*=UTF-8''a%0D%0Ab.wav",
    "an encoded NUL": b"; filename*=UTF-8''a%00b.wav",
    "an encoded surrogate": b"; filename*=UTF-8''a%ED%A0%80b.wav",
    "no closing quote": b'; filename="a.wav',
    "no name": b"",
    "an empty name": b'; filename=""',
    "only dots": b'; filename="..."',
    "a path": b'; filename="/etc/../etc/passwd"',
    "a right-to-left override": '; filename="a\u202e3pm.wav"'.encode(),
    "separators": '; filename="a\u2028b\u2029c.wav"'.encode(),
    "an unknown character set": b"; filename*=KOI8-R''%C1.wav",
}


def upload(gateway: str, account: Account, clip: bytes, disposition: bytes) -> tuple[int, dict[str, object]]:
    """POST a form whose file has this Content-Disposition; the answer's status and JSON."""
    fields = form_field("user", account.id) + form_field("token", account.token)
    body = fields + form_file(disposition) + clip + FORM_END
    with Connection(gateway) as connection:
        connection.begin("POST", "/record", {"Content-Type": FORM_TYPE, "Content-Length": str(len(body))})
        connection.send([body])
        answer = connection.answer()
    return answer.status, httpx.Response(200, content=answer.body).json()


def name_to_save(disposition: str) -> str:
    """The file name that a client takes from a Content-Disposition, as RFC 6266 wants it."""
    extended = re.search(r"filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*)\Z", disposition)
    if extended:
        return unquote(extended[1], errors="strict")
    plain = re.fullmatch(r'(?:inline|attachment); filename="([^"\\]*)"', disposition)
    assert plain, disposition
    return plain[1]


class TestHostileNames:
    @pytest.mark.parametrize("disposition", HOSTILE.values(), ids=HOSTILE.keys())
    def test_a_name_is_cleaned_or_refused_and_its_link_downloads(
        self, api: Api, gateway: str, account: Account, clip: bytes, disposition: bytes
    ) -> None:
        status, answer = upload(gateway, account, clip, disposition)
        if status == 400:
            assert answer["code"] == "multipart_malformed"
            return
        assert status == 201, answer
        name = str(answer["name"])
        assert 1 <= len(name) <= 255
        assert not {unicodedata.category(character) for character in name} & {"Cc", "Cs", "Zl", "Zp"}
        assert "/" not in name
        download = api.client.get(str(answer["url"]))
        assert download.status_code == 200
        assert "Set-Cookie" not in download.headers
        assert name_to_save(download.headers["Content-Disposition"]).endswith(".mp3")
        assert api.request("GET", "/records", headers=account.bearer).json()["items"][0]["name"] == name


SAVED_AS = {
    "song.wav": "song.mp3",
    "song.WAV": "song.mp3",
    "no extension": "no extension.mp3",
    "Разговор.wav": "Разговор.mp3",
    "采访 录音.wav": "采访 录音.mp3",
    "🎵.wav": "🎵.mp3",
    "Größe.wav": "Größe.mp3",
    "a.b.c.wav": "a.b.c.mp3",
    'say "hi".wav': 'say "hi".mp3',
    "100%.wav": "100%.mp3",
    "semi;colon, comma.wav": "semi;colon, comma.mp3",
}


class TestSavingUnderTheName:
    @pytest.mark.parametrize(("uploaded", "saved"), SAVED_AS.items(), ids=SAVED_AS.keys())
    def test_the_mp3_saves_under_the_uploaded_name(
        self, api: Api, account: Account, clip: bytes, uploaded: str, saved: str
    ) -> None:
        stored = api.store(account, clip, uploaded)
        for _cold_then_warm in range(2):
            disposition = api.client.get(stored.url).headers["Content-Disposition"]
            assert name_to_save(disposition) == saved
        disposition.encode("ascii")
