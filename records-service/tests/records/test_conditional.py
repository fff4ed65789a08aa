"""Preconditions, alone and together, in the order of RFC 9110, 13.2.2."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records_service.records.conditional import Conditions, Outcome, Validators, parse_http_date

STORED = datetime(2026, 11, 6, 8, 49, 37, 123456, tzinfo=UTC)
VALIDATORS = Validators.of(b"\xab" * 32, STORED)
TAG = '"' + "ab" * 32 + '"'
SAME = "Fri, 06 Nov 2026 08:49:37 GMT"
EARLIER = "Fri, 06 Nov 2026 08:49:36 GMT"
LATER = "Fri, 06 Nov 2026 08:49:38 GMT"

PROCEED, NOT_MODIFIED, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.FAILED


class TestValidators:
    def test_the_tag_is_the_quoted_hash_and_the_date_is_in_whole_seconds(self) -> None:
        assert VALIDATORS.etag == TAG
        assert VALIDATORS.http_date == SAME

    def test_a_time_in_another_zone_is_told_in_gmt(self) -> None:
        there = STORED.astimezone(datetime.strptime("+0530", "%z").tzinfo)
        assert Validators.of(b"", there).http_date == SAME


class TestOneCondition:
    @pytest.mark.parametrize(
        ("value", "outcome"),
        [
            (TAG, NOT_MODIFIED),
            (f"W/{TAG}", NOT_MODIFIED),
            ("*", NOT_MODIFIED),
            (" * ", NOT_MODIFIED),
            (f'"other", {TAG}', NOT_MODIFIED),
            (f'"a,b" ,,W/{TAG}', NOT_MODIFIED),
            ('"other"', PROCEED),
            ('W/"other"', PROCEED),
            (TAG.strip('"'), PROCEED),
            (TAG.upper(), PROCEED),
            ("", PROCEED),
        ],
    )
    def test_if_none_match(self, value: str, outcome: Outcome) -> None:
        assert Conditions(if_none_match=value).outcome(VALIDATORS) is outcome

    @pytest.mark.parametrize(
        ("value", "outcome"),
        [
            (TAG, PROCEED),
            ("*", PROCEED),
            (f'"other", {TAG}', PROCEED),
            (f"W/{TAG}", FAILED),
            ('"other"', FAILED),
            ("", FAILED),
        ],
    )
    def test_if_match(self, value: str, outcome: Outcome) -> None:
        assert Conditions(if_match=value).outcome(VALIDATORS) is outcome

    @pytest.mark.parametrize(
        ("value", "outcome"), [(SAME, NOT_MODIFIED), (LATER, NOT_MODIFIED), (EARLIER, PROCEED), ("junk", PROCEED)]
    )
    def test_if_modified_since(self, value: str, outcome: Outcome) -> None:
        assert Conditions(if_modified_since=value).outcome(VALIDATORS) is outcome

    @pytest.mark.parametrize(
        ("value", "outcome"), [(SAME, PROCEED), (LATER, PROCEED), (EARLIER, FAILED), ("junk", PROCEED)]
    )
    def test_if_unmodified_since(self, value: str, outcome: Outcome) -> None:
        assert Conditions(if_unmodified_since=value).outcome(VALIDATORS) is outcome


class TestSeveralConditions:
    def test_if_match_beats_if_unmodified_since(self) -> None:
        assert Conditions(if_match=TAG, if_unmodified_since=EARLIER).outcome(VALIDATORS) is PROCEED
        assert Conditions(if_match='"x"', if_unmodified_since=LATER).outcome(VALIDATORS) is FAILED

    def test_if_none_match_beats_if_modified_since(self) -> None:
        assert Conditions(if_none_match='"x"', if_modified_since=LATER).outcome(VALIDATORS) is PROCEED
        assert Conditions(if_none_match=TAG, if_modified_since=EARLIER).outcome(VALIDATORS) is NOT_MODIFIED

    def test_a_failed_if_match_beats_all(self) -> None:
        assert Conditions(if_match='"x"', if_none_match=TAG).outcome(VALIDATORS) is FAILED
        assert Conditions(if_unmodified_since=EARLIER, if_none_match=TAG).outcome(VALIDATORS) is FAILED

    def test_a_true_if_match_goes_on_to_if_none_match(self) -> None:
        assert Conditions(if_match="*", if_none_match=TAG).outcome(VALIDATORS) is NOT_MODIFIED


class TestIfRange:
    @pytest.mark.parametrize("value", [None, TAG, f" {TAG} ", SAME])
    def test_the_range_counts(self, value: str | None) -> None:
        assert Conditions(if_range=value).range_applies(VALIDATORS)

    @pytest.mark.parametrize("value", ['"other"', f"W/{TAG}", "*", EARLIER, LATER, "junk", ""])
    def test_the_range_is_ignored(self, value: str) -> None:
        assert not Conditions(if_range=value).range_applies(VALIDATORS)


class TestHttpDates:
    @pytest.mark.parametrize(
        "text", ["Fri, 06 Nov 2026 08:49:37 GMT", "Friday, 06-Nov-26 08:49:37 GMT", "Fri Nov  6 08:49:37 2026"]
    )
    def test_all_three_formats_are_read(self, text: str) -> None:
        assert parse_http_date(text) == STORED.replace(microsecond=0)

    @pytest.mark.parametrize(
        "text", [None, "", "0", "2026-11-06T08:49:37Z", "Fri, 31 Feb 2026 08:49:37 GMT", SAME.replace("GMT", "+0100")]
    )
    def test_anything_else_is_none(self, text: str | None) -> None:
        assert parse_http_date(text) is None

    @given(st.text(max_size=40))
    def test_no_text_raises(self, text: str) -> None:
        parse_http_date(text)

    @given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2500, 1, 1)))
    def test_what_we_send_is_what_we_read(self, moment: datetime) -> None:
        validators = Validators.of(b"", moment.replace(tzinfo=UTC))
        sent = parse_http_date(validators.http_date)
        assert sent is not None
        assert timedelta(0) <= moment.replace(tzinfo=UTC) - sent < timedelta(seconds=1)


class TestAnyHeader:
    @given(st.lists(st.none() | st.text(max_size=30), min_size=5, max_size=5))
    def test_has_an_outcome(self, values: list[str | None]) -> None:
        conditions = Conditions(*values)
        assert conditions.outcome(VALIDATORS) in Outcome
        assert conditions.range_applies(VALIDATORS) in (True, False)

    def test_lines_of_one_header_are_one_list(self) -> None:
        lines = {"If-None-Match": ['"x"', TAG]}
        conditions = Conditions.from_headers(lambda name: lines.get(name, []))
        assert conditions == Conditions(if_none_match=f'"x", {TAG}')
