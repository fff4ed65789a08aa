"""Cursors survive the way out and back; anything else is refused."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records_service.records.cursor import Cursor, CursorMalformed

SOME_ID = UUID("0b3f6d0e-3c5a-4f0e-9b1d-6a7c8e9f0a1b")


class TestACursor:
    @given(st.datetimes(timezones=st.just(UTC)), st.uuids())
    def test_comes_back_exact_to_the_microsecond(self, created_at: datetime, record_id: UUID) -> None:
        cursor = Cursor(created_at, record_id)
        assert Cursor.decode(cursor.encode()) == cursor

    def test_needs_no_escaping_in_a_url(self) -> None:
        text = Cursor(datetime(2026, 1, 1, tzinfo=UTC), SOME_ID).encode()
        assert len(text) == 32
        assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class TestAMalformedCursor:
    @pytest.mark.parametrize(
        "text", ["", "x", "AAAA", "A" * 31, "A" * 36, "A" * 31 + "+", "A" * 31 + "é", "f" + "_" * 31, "А" * 32]
    )
    def test_is_refused(self, text: str) -> None:
        with pytest.raises(CursorMalformed):
            Cursor.decode(text)

    @given(st.text(max_size=40) | st.text(alphabet="ABCabc019-_", min_size=32, max_size=32))
    def test_raises_nothing_else(self, text: str) -> None:
        try:
            cursor = Cursor.decode(text)
        except CursorMalformed:
            return
        assert cursor.encode() == text
