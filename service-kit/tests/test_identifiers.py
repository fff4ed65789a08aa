"""UUIDs are taken in one spelling only."""

from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from service_kit.identifiers import CanonicalUuid, parse_uuid


class TestParsing:
    def test_the_36_character_form_is_taken_in_either_case(self) -> None:
        expected = uuid4()

        assert parse_uuid(str(expected)) == parse_uuid(str(expected).upper()) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x",
            uuid4().hex,
            f"{{{uuid4()}}}",
            f"urn:uuid:{uuid4()}",
            f" {uuid4()}",
            f"{uuid4()}\n",
            f"{uuid4()}0",
            str(uuid4()).replace("-", "_"),
            "٠" * 8 + "-0000-4000-8000-000000000000",
            "g2345678-1234-4234-8234-123456789012",
            "\0",
        ],
    )
    def test_any_other_spelling_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="must be a UUID such as"):
            parse_uuid(text)
        with pytest.raises(ValidationError):
            TypeAdapter(CanonicalUuid).validate_python(text)

    def test_a_field_takes_a_uuid_as_it_is(self) -> None:
        expected = uuid4()
        validated: UUID = TypeAdapter(CanonicalUuid).validate_python(expected)

        assert validated == expected
