"""What the environment may say, and that what an operator sets arrives in the container."""

import pytest

from service_kit.settings import load_settings
from standalone.testing import variables_for_operators, variables_in_containers
from users_service.settings import UsersSettings

URL = "postgresql+psycopg2://users_service:pass-word@db:5432/recordings"


def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str) -> str:
    """The one line that a bad value stops the start with."""
    monkeypatch.setenv("USERS_DATABASE_URL", URL)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as stopped:
        load_settings(UsersSettings)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


class TestBadValues:
    @pytest.mark.parametrize("hours", ["0", "1", "23"])
    def test_keys_are_kept_for_as_long_as_is_promised(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hours: str
    ) -> None:
        assert refusal(monkeypatch, capsys, "IDEMPOTENCY_HOURS", hours).startswith("IDEMPOTENCY_HOURS: ")

    @pytest.mark.parametrize("url", ["pass-word", "sqlite:///pass-word", "postgresql://db:port/pass-word"])
    def test_a_url_that_is_none_is_named_and_not_shown(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
    ) -> None:
        line = refusal(monkeypatch, capsys, "USERS_DATABASE_URL", url)
        assert line.startswith("USERS_DATABASE_URL: ")
        assert "pass-word" not in line


class TestContainers:
    def test_get_all_that_an_operator_may_set(self) -> None:
        known = {name.upper() for name in UsersSettings.model_fields}
        assert known & variables_for_operators() <= variables_in_containers("users-service")
