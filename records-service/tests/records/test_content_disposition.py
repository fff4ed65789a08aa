"""File names in `Content-Disposition`, read back by the standard library's own parser of MIME headers."""

import unicodedata
from email.message import Message
from email.utils import collapse_rfc2231_value

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records_service.records.content_disposition import MAX_NAME_BYTES, inline_disposition, mp3_name


def parsed(value: str) -> Message:
    message = Message()
    message["Content-Disposition"] = value
    return message


def name_in(value: str) -> str:
    """What a client that knows RFC 8187 saves under."""
    # The parser appends what it decoded from filename* behind the plain filename, under the same key.
    parameters = dict(parsed(value).get_params(header="Content-Disposition") or [])
    return collapse_rfc2231_value(parameters["filename"])


class TestTheSavedName:
    @pytest.mark.parametrize(
        ("uploaded", "saved"),
        [
            ("recording.wav", "recording.mp3"),
            ("Interview.WAV", "Interview.mp3"),
            ("a.b.c.wav", "a.b.c.mp3"),
            ("no extension", "no extension.mp3"),
            ("Take 3.5", "Take 3.5.mp3"),
            ("Mr. Smith", "Mr. Smith.mp3"),
            (".wav", "recording.mp3"),
            ("", "recording.mp3"),
            (" .. ", "recording.mp3"),
            ("запись 1.wav", "запись 1.mp3"),
            ("录音.wav", "录音.mp3"),
            ("🎤🎶.wav", "🎤🎶.mp3"),
            ("تسجيل.wav", "تسجيل.mp3"),
            ('say "hi"; x=y.wav', 'say "hi"; x=y.mp3'),
            ("100%.wav", "100%.mp3"),
            ("../../etc/passwd", "_.._etc_passwd.mp3"),
            ("C:\\temp\\a.wav", "C:_temp_a.mp3"),
            ("a\r\nSet-Cookie: x.wav", "a__Set-Cookie: x.mp3"),
            ("nul\0byte.wav", "nul_byte.mp3"),
            ("\ud800.wav", "_.mp3"),
        ],
    )
    def test_has_mp3_in_place_of_the_extension(self, uploaded: str, saved: str) -> None:
        assert mp3_name(uploaded) == saved
        assert name_in(inline_disposition(saved)) == saved

    @pytest.mark.parametrize("character", ["a", "é", "ж", "録", "🎤"])
    def test_is_cut_between_characters_to_what_file_systems_take(self, character: str) -> None:
        name = mp3_name(character * 10_000 + ".wav")
        assert set(name.removesuffix(".mp3")) == {character}
        assert MAX_NAME_BYTES - 4 < len(name.encode()) <= MAX_NAME_BYTES


class TestTheHeader:
    def test_plays_rather_than_saves(self) -> None:
        assert inline_disposition("a.mp3") == 'inline; filename="a.mp3"'

    @pytest.mark.parametrize(
        ("name", "plain"),
        [
            ("Café.mp3", "Cafe.mp3"),
            ("запись.mp3", "______.mp3"),
            ('"quoted".mp3', "_quoted_.mp3"),
            ("50%25.mp3", "50_25.mp3"),
            ("back\\slash.mp3", "back_slash.mp3"),
            ("a\uff0fb.mp3", "a_b.mp3"),
            ("\uff0e\uff0e\uff0f\u2100.mp3", ".._a_c.mp3"),
            ("a\uff3cb.mp3", "a_b.mp3"),
        ],
    )
    def test_has_an_approximation_for_old_clients(self, name: str, plain: str) -> None:
        value = inline_disposition(name)
        assert value.startswith(f"inline; filename=\"{plain}\"; filename*=UTF-8''")

    @given(st.text(max_size=300))
    @example("a" * 250 + "𝔘" * 5)
    @example("e\u0301.wav")
    @example("\u2028\u2029\x7f\x85.wav")
    def test_any_uploaded_name_comes_back_as_the_saved_name(self, uploaded: str) -> None:
        name = mp3_name(uploaded)
        value = inline_disposition(name)
        assert name_in(value) == name
        assert parsed(value).get_content_disposition() == "inline"
        assert value.isascii()
        assert value.isprintable()
        assert len(value) < 1200

    @given(st.text(max_size=300))
    def test_no_saved_name_can_leave_its_folder_or_break_a_line(self, uploaded: str) -> None:
        name = mp3_name(uploaded)
        assert name.endswith(".mp3")
        assert name != ".mp3"
        assert not set(name) & {"/", "\\"}
        assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name)
        assert len(name.encode()) <= MAX_NAME_BYTES
