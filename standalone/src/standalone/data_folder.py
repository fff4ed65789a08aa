"""The folder that the system keeps between runs: who may use it, what lies where, the passwords in it."""

import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from standalone.process import StartFailure


@dataclass(frozen=True)
class DataFolder:
    """Paths below one folder, which belongs to one running system at a time."""

    path: Path
    _lock: IO[str]

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def nginx(self) -> Path:
        return self.path / "nginx"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def log_of(self, name: str) -> Path:
        """The log file of a part of the system."""
        return self.logs / f"{name}.log"

    def password(self, role: str) -> str:
        """The database password of `role`, made on the first call and kept in a file of mode 0600."""
        file = self.path / "passwords" / role
        if not file.exists():
            file.parent.mkdir(mode=0o700, exist_ok=True)
            unfinished = file.with_suffix(".unfinished")
            unfinished.unlink(missing_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(secrets.token_urlsafe(24))
            unfinished.rename(file)
        return file.read_text()


def open_data_folder(path: Path) -> DataFolder:
    """Make the folder if there is none and take it for this process; the lock goes when the process ends.

    Raises StartFailure if the folder cannot be written or another system runs on it.
    """
    path = path.absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = (path / "lock").open("a+")
        folder = DataFolder(path, lock)
        _take(lock, path)
        for part in (folder.postgres, folder.nginx, folder.logs):
            part.mkdir(exist_ok=True)
    except OSError as error:
        raise StartFailure(f"The data folder {path} cannot be written: {error.strerror} (DATA_DIRECTORY)") from None
    return folder


def _take(lock: IO[str], path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise StartFailure(f"Another system (process {lock.read().strip()}) runs on the data folder {path}") from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
