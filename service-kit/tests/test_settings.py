"""A bad setting stops the start with one line that names the variable, never a traceback."""

import os
import subprocess
import sys

import pytest
from pydantic import Field

from service_kit.database_url import DatabaseUrl
from service_kit.settings import ServiceSettings, load_settings


class SampleSettings(ServiceSettings):
    sample_database_url: DatabaseUrl = Field(description="a database")


URL = "postgresql+psycopg2://sample:pass-word@db:5432/recordings"


class TestGoodValues:
    def test_they_are_read_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAMPLE_DATABASE_URL", URL)
        monkeypatch.setenv("LISTEN_PORT", "8123")
        settings = load_settings(SampleSettings)

        assert settings.listen_port == 8123
        assert settings.sample_database_url.get_secret_value() == URL

    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
    def test_a_database_url_may_have_any_of_its_usual_forms(self, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
        rest = "://sample:p%40ss%2Fword@db.example:6543/recordings?sslmode=require"
        monkeypatch.setenv("SAMPLE_DATABASE_URL", scheme + rest)

        assert load_settings(SampleSettings).sample_database_url.get_secret_value() == "postgresql+psycopg2" + rest

    def test_an_empty_variable_counts_as_unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAMPLE_DATABASE_URL", URL)
        monkeypatch.setenv("LISTEN_PORT", "")

        assert load_settings(SampleSettings).listen_port == 8000

    def test_a_secret_is_not_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SAMPLE_DATABASE_URL", URL)

        assert "pass-word" not in repr(load_settings(SampleSettings))


class TestBadValues:
    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("LISTEN_PORT", "eighty"),
            ("LISTEN_PORT", "0"),
            ("LISTEN_PORT", "65536"),
            ("LOG_LEVEL", "loud"),
            ("DRAIN_SECONDS", "-1"),
            ("SAMPLE_DATABASE_URL", "pass-word"),
            ("SAMPLE_DATABASE_URL", "sqlite:///pass-word"),
            ("SAMPLE_DATABASE_URL", "postgresql+asyncpg://sample:pass-word@db:5432/recordings"),
            ("SAMPLE_DATABASE_URL", "postgresql+psycopg2://sample:pass-word@db:port/recordings"),
            ("SAMPLE_DATABASE_URL", "postgresql+psycopg2://sample:pass-word@db:5432"),
            ("SAMPLE_DATABASE_URL", None),
        ],
    )
    def test_one_line_names_the_variable_and_not_the_secret(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str | None
    ) -> None:
        monkeypatch.setenv("SAMPLE_DATABASE_URL", URL)
        if value is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, value)
        with pytest.raises(SystemExit) as stopped:
            load_settings(SampleSettings)

        assert stopped.value.code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"{variable}: ")
        assert "pass-word" not in line

    def test_each_of_several_has_its_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("LISTEN_PORT", "eighty")
        monkeypatch.setenv("LOG_LEVEL", "loud")
        with pytest.raises(SystemExit):
            load_settings(SampleSettings)

        lines = capsys.readouterr().err.splitlines()
        assert [line.split(":")[0] for line in lines] == ["LISTEN_PORT", "LOG_LEVEL", "SAMPLE_DATABASE_URL"]

    def test_a_process_leaves_without_a_traceback(self) -> None:
        code = (
            "from service_kit.settings import ServiceSettings, load_settings\n"
            "from service_kit.logs import configure_logs\n"
            "settings = load_settings(ServiceSettings)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "LISTEN_PORT": "eighty"},
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("LISTEN_PORT: Input should be a valid integer")
        assert "Traceback" not in done.stderr
