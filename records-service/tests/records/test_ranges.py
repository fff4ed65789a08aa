"""`Range` headers against a model that cuts a list of bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records_service.records.ranges import ByteRange, RangeUnsatisfiable, find_range

N = 1000
CONTENT = bytes(index % 251 for index in range(N))


def served(header: str | None, content: bytes = CONTENT) -> bytes | None:
    """The bytes that a client gets; None for 416."""
    try:
        part = find_range(header, len(content))
    except RangeUnsatisfiable:
        return None
    return content if part is None else content[part.start : part.stop]


class TestASingleRange:
    @pytest.mark.parametrize("first", [0, 1, 2, N // 2, N - 2, N - 1])
    @pytest.mark.parametrize("last", [0, 1, 2, N // 2, N - 2, N - 1, N, N + 1, 10**30])
    def test_from_first_to_last(self, first: int, last: int) -> None:
        expected = CONTENT[first : last + 1] if last >= first else CONTENT
        assert served(f"bytes={first}-{last}") == expected

    @pytest.mark.parametrize("first", [0, 1, N // 2, N - 2, N - 1])
    def test_open_ended(self, first: int) -> None:
        assert served(f"bytes={first}-") == CONTENT[first:]

    @pytest.mark.parametrize("length", [1, 2, N // 2, N - 1, N, N + 1, 10**30])
    def test_a_suffix(self, length: int) -> None:
        assert served(f"bytes=-{length}") == CONTENT[-length:]

    @pytest.mark.parametrize(
        "header", ["BYTES=1-2", "Bytes=1-2", "bytes= 1-2", "bytes=1-2 ", "bytes=,1-2,", "bytes=001-0002"]
    )
    def test_other_spellings_that_the_syntax_allows(self, header: str) -> None:
        assert served(header) == CONTENT[1:3]


class TestARangeOutsideOfTheContent:
    @pytest.mark.parametrize("first", [N, N + 1, 10**18, 10**30, int("9" * 4000)])
    def test_a_start_at_or_behind_the_end_is_refused(self, first: int) -> None:
        assert served(f"bytes={first}-") is None
        assert served(f"bytes={first}-{first}") is None

    def test_more_digits_than_python_converts(self) -> None:
        assert served(f"bytes={'9' * 60_000}-") is None
        assert served(f"bytes=0-{'9' * 60_000}") == CONTENT

    @pytest.mark.parametrize("header", ["bytes=-0", "bytes=-000"])
    def test_a_suffix_of_nothing_is_refused(self, header: str) -> None:
        assert served(header) is None

    @pytest.mark.parametrize("header", ["bytes=0-", "bytes=0-0", "bytes=-1"])
    def test_nothing_of_an_empty_content_can_be_had(self, header: str) -> None:
        assert served(header, b"") is None


class TestWhatIsAnsweredWithTheWhole:
    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=,",
            "bytes=x",
            "bytes=a-b",
            "bytes=1",
            "bytes=--1",
            "bytes=-1-2",
            "bytes=1-2-3",
            "bytes=1 - 2",
            "bytes=+1-2",
            "bytes=1.0-2",
            "bytes=0x1-0x2",
            "bytes=2-1",
            "bytes =0-1",
            " bytes=0-1",
            "bytes:0-1",
            "bytes=١-٢",
            "items=0-1",
            "seconds=0-1",
        ],
    )
    def test_what_is_not_a_range_of_bytes(self, header: str | None) -> None:
        assert served(header) == CONTENT

    @pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=0-1, bytes=5-6", f"bytes={N}-,0-1", "bytes=0-1,junk"])
    def test_several_ranges(self, header: str) -> None:
        assert served(header) == CONTENT


class TestAnyHeader:
    @given(st.text(max_size=40) | st.from_regex(r"bytes=[0-9, -]{0,20}", fullmatch=True), st.integers(0, 300))
    def test_gives_a_part_that_lies_inside_the_content(self, header: str, size: int) -> None:
        try:
            part = find_range(header, size)
        except RangeUnsatisfiable:
            return
        assert part is None or 0 <= part.start < part.stop <= size

    @given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 300))
    def test_agrees_with_the_slice_model(self, first: int, last: int, size: int) -> None:
        content = CONTENT[:size]
        expected = content if last < first else content[first : last + 1] or None
        assert served(f"bytes={first}-{last}", content) == expected


def test_content_range_names_the_last_byte_and_the_size() -> None:
    assert ByteRange(0, 1).content_range(10) == "bytes 0-0/10"
    assert len(ByteRange(3, 10)) == 7
