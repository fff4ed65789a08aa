"""What the environment may say, and that what an operator sets arrives in the container."""

import pytest

from records_service.settings import RecordsSettings
from service_kit.settings import load_settings
from standalone.testing import variables_for_operators, variables_in_containers

URL = "postgresql+psycopg2://records_service:pass-word@db:5432/recordings"


def refusal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str) -> str:
    """The one line that a bad value stops the start with."""
    monkeypatch.setenv("RECORDS_DATABASE_URL", URL)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as stopped:
        load_settings(RecordsSettings)
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
        line = refusal(monkeypatch, capsys, "RECORDS_DATABASE_URL", url)
        assert line.startswith("RECORDS_DATABASE_URL: ")
        assert "pass-word" not in line

    @pytest.mark.parametrize("variable", ["UPLOAD_IDLE_TIMEOUT_SECONDS", "TRANSCODE_TIMEOUT_SECONDS"])
    def test_seconds_that_nginx_takes_too_are_whole(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
    ) -> None:
        assert refusal(monkeypatch, capsys, variable, "30.5").startswith(f"{variable}: ")


class TestContainers:
    def test_get_all_that_an_operator_may_set(self) -> None:
        known = {name.upper() for name in RecordsSettings.model_fields}
        assert known & variables_for_operators() <= variables_in_containers("records-service")
