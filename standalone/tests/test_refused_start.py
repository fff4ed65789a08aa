"""What prevents a start is one line on stderr that names it, never a traceback, and leaves nothing running."""

import os
from pathlib import Path

import pytest

from standalone.testing_system import StartSystem


class TestOneLine:
    def test_a_data_folder_that_cannot_be_made(self, start_system: StartSystem, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        failure = start_system({"DATA_DIRECTORY": str(tmp_path / "file" / "data")}).failure()
        assert failure == (
            f"standalone: The data folder {tmp_path}/file/data cannot be written: Not a directory (DATA_DIRECTORY)\n"
        )

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_data_folder_that_is_read_only(self, start_system: StartSystem, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        failure = start_system({"DATA_DIRECTORY": str(tmp_path)}).failure()
        assert failure == (
            f"standalone: The data folder {tmp_path} cannot be written: Permission denied (DATA_DIRECTORY)\n"
        )

    @pytest.mark.parametrize(
        ("variable", "value"),
        [("GATEWAY_PORT", "many"), ("UPLOAD_IDLE_TIMEOUT_SECONDS", "30.5"), ("TRANSCODE_TIMEOUT_SECONDS", "0")],
    )
    def test_a_setting_of_its_own(self, start_system: StartSystem, variable: str, value: str) -> None:
        failure = start_system({variable: value}).failure()
        assert failure.startswith(f"{variable}: ")
        assert failure.count("\n") == 1

    def test_a_setting_of_a_service(self, start_system: StartSystem) -> None:
        last = start_system({"USERS_DATABASE_POOL_SIZE": "many"}).failure().splitlines()[-1]
        assert last.startswith("standalone: users-service did not start: USERS_DATABASE_POOL_SIZE: ")

    def test_a_postgresql_that_is_not_there(self, start_system: StartSystem, tmp_path: Path) -> None:
        failure = start_system({"POSTGRES_BIN_DIRECTORY": str(tmp_path)}).failure()
        assert failure == f"standalone: There is no initdb in {tmp_path}, so PostgreSQL cannot be started\n"

    def test_an_nginx_that_is_not_there(self, start_system: StartSystem, tmp_path: Path) -> None:
        failure = start_system({"NGINX_BINARY": str(tmp_path / "nginx")}).failure()
        assert failure == f"standalone: There is no program {tmp_path}/nginx, so nginx cannot be started\n"
