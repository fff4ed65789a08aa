"""File names from whatever clients send."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records_service.uploads.filenames import DEFAULT_NAME, MAX_CHARACTERS, clean_name, file_name, parse_disposition


def name_in(value: bytes | str) -> str:
    """The cleaned file name of a Content-Disposition."""
    return file_name(parse_disposition(value if isinstance(value, bytes) else value.encode()))


class TestNames:
    @pytest.mark.parametrize(
        ("value", "name"),
        [
            ('form-data; name="file"; filename="a.wav"', "a.wav"),
            ("form-data; name=file; filename=a.wav", "a.wav"),
            ('form-data; FileName = "a.wav" ; name="file"', "a.wav"),
            ('form-data; name="file"; filename="запись 1.wav"', "запись 1.wav"),
            ('form-data; name="file"; filename="录音.wav"', "录音.wav"),
            ('form-data; name="file"; filename="🎙️👩‍🚀.wav"', "🎙️👩‍🚀.wav"),
            ('form-data; name="file"; filename="say %22hi%22.wav"', 'say "hi".wav'),
            (r'form-data; name="file"; filename="say \"hi\".wav"', 'say "hi".wav'),
            ('form-data; name="file"; filename="a;b=c.wav"', "a;b=c.wav"),
            ('form-data; name="file"; filename="two%0D%0Alines.wav"', "twolines.wav"),
            ('form-data; name="file"; filename="100%25.wav"', "100%25.wav"),
            (r'form-data; name="file"; filename="C:\Users\Ada\take 1.wav"', "take 1.wav"),
            (r'form-data; name="file"; filename="\\server\share\a.wav"', "a.wav"),
            ('form-data; name="file"; filename="../../etc/passwd"', "passwd"),
            ("attachment; filename*=UTF-8''%D0%B0.wav; filename=\"b.wav\"", "а.wav"),
            ("attachment; filename*=iso-8859-1'en'%A3.wav", "£.wav"),
            ("attachment; filename*=UTF-8''%FF.wav; filename=\"b.wav\"", "b.wav"),
            ("attachment; filename*=klingon''x.wav; filename=\"b.wav\"", "b.wav"),
            ('form-data; name="file"; filename="exe\u202evaw.wav"', "exevaw.wav"),
            ('form-data; name="file"; filename="a\0b\x07.wav"', "ab.wav"),
            ('form-data; name="x; filename=inner.wav"; filename="outer.wav"', "outer.wav"),
            ('form-data; filename="first.wav"; filename="second.wav"', "first.wav"),
        ],
    )
    def test_is_read(self, value: str, name: str) -> None:
        assert name_in(value) == name

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "form-data",
            "form-data; filename",
            'form-data; filename=""',
            'form-data; filename=".."',
            "; ;=;",
            'form-data; filename="\0"',
            'form-data; filename="/"',
            "attachment; filename*=UTF-8''%2F",
        ],
    )
    def test_without_a_usable_one_there_is_a_default(self, value: str) -> None:
        assert name_in(value) == DEFAULT_NAME

    def test_bytes_that_are_not_utf8_are_replaced(self) -> None:
        assert name_in(b'form-data; filename="a\xff\xed\xa0\x80.wav"') == "a\ufffd\ufffd\ufffd\ufffd.wav"

    @pytest.mark.parametrize("character", ["x", "ж", "录", "🎙"])
    def test_a_long_one_is_cut_before_its_extension(self, character: str) -> None:
        name = name_in(f'form-data; filename="{character * 10_000}.wav"')
        assert name == character * (MAX_CHARACTERS - 4) + ".wav"

    @given(st.binary(max_size=300))
    def test_anything_gives_a_clean_name(self, value: bytes) -> None:
        for header in (value, b'form-data; filename="' + value + b'"', b"form-data; filename*=utf-8''" + value):
            name = name_in(header)
            assert 1 <= len(name) <= MAX_CHARACTERS
            assert not any(unicodedata.category(c) in ("Cc", "Cs") or c in "/\\" for c in name)
            name.encode()

    @given(st.text(max_size=600))
    def test_cleaning_twice_changes_nothing(self, name: str) -> None:
        assert clean_name(clean_name(name)) == clean_name(name)
