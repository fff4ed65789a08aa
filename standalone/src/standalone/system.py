"""The whole system in its order: PostgreSQL, migrations, the three services, nginx; and back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from standalone.data_folder import DataFolder
from standalone.database import LOGINS, Migration, create_database, migrate, service_url
from standalone.gateway import Gateway
from standalone.log_files import put_aside, telling_line
from standalone.ports import answers_ok, free_ports, require_free
from standalone.postgres import Postgres
from standalone.process import StartFailure, start_process
from standalone.settings import StandaloneSettings
from standalone.supervisor import POLL_SECONDS, Child, Stopping, supervise

SERVICES = ("users-service", "transcoder-service", "records-service")  # records needs the others until it ends
READY_TIMEOUT_SECONDS = 60.0
READY_POLL_SECONDS = 0.03
LOG_CHECK_SECONDS = 10.0


class System:
    """Starts, keeps and stops everything; `say` takes what the person at the terminal should know."""

    def __init__(
        self,
        settings: StandaloneSettings,
        project: Path,
        folder: DataFolder,
        stopping: Stopping,
        say: Callable[[str], None],
    ) -> None:
        require_free(settings.gateway_port, "GATEWAY_PORT")
        if settings.postgres_port:
            require_free(settings.postgres_port, "POSTGRES_PORT")
        self._settings = settings
        self._project = project
        self._folder = folder
        self._stopping = stopping
        self._say = say
        postgres_port, *service_ports = free_ports(1 + len(SERVICES))
        self._ports = dict(zip(SERVICES, service_ports, strict=True))
        self.postgres = Postgres(
            folder.postgres,
            settings.postgres_port or postgres_port,
            settings.postgres_bin_directory,
            folder.log_of("postgres"),
        )
        self._gateway = Gateway(settings, project / "nginx", folder, self._ports)
        self._passwords = {login: self._password(login) for login in LOGINS}
        self._children: list[Child] = []

    def start(self) -> None:
        """Start everything and wait until it answers; raises StartFailure. Returns early if it is to stop."""
        for name in ("postgres", "users-migrations", "records-migrations", *SERVICES, "nginx"):
            put_aside(self._folder.log_of(name))
        self._start_database()
        if self._stopping.asked:
            return
        services = [Child(name, self._service_launcher(name)) for name in SERVICES]
        for child in services:
            self._add(child)
        for child in services:
            self._await(child, partial(answers_ok, self._ports[child.name], "/readyz"))
        if self._stopping.asked:
            return
        nginx = Child("nginx", self._gateway.launch, ask=signal.SIGQUIT, force=signal.SIGTERM)
        self._add(nginx)
        self._await(nginx, partial(answers_ok, self._settings.gateway_port, "/health"))

    def keep(self) -> None:
        """Start again what ends and keep logs small, until the system is to stop."""
        next_log_check = 0.0
        while not self._stopping.wait(POLL_SECONDS):
            supervise(self._children, self._stopping, self._say)
            if time.monotonic() >= next_log_check:
                next_log_check = time.monotonic() + LOG_CHECK_SECONDS
                self._bound_logs()

    def stop(self) -> None:
        """Stop in the reverse order: nobody loses a neighbour that it may still need."""
        while self._children:
            self._children.pop().stop(self._stopping, self._settings.shutdown_timeout_seconds)

    def _start_database(self) -> None:
        self.postgres.prepare()
        server = Child("postgres", self.postgres.launch, ask=signal.SIGINT, force=signal.SIGQUIT)
        self._add(server)
        self._await(server, self.postgres.is_ready)
        if self._stopping.asked:
            return
        create_database(self.postgres, self._project / "db" / "init.sql", self._passwords)
        migrate([self._migration("users"), self._migration("records")], self._stopping)

    def _migration(self, part: str) -> Migration:
        return Migration(
            self._project / f"{part}-service",
            f"{part.upper()}_MIGRATION_DATABASE_URL",
            self._database_url(f"{part}_migrate"),
            self._folder.log_of(f"{part}-migrations"),
        )

    def _add(self, child: Child) -> None:
        child.start()
        self._children.append(child)

    def _await(self, child: Child, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_SECONDS
        while not self._stopping.asked and not ready():
            log = self._folder.log_of(child.name)
            if child.ended():
                raise StartFailure(f"{child.name} did not start: {telling_line(log)}")
            if time.monotonic() > deadline:
                raise StartFailure(f"{child.name} was not ready in {READY_TIMEOUT_SECONDS:.0f} s: {telling_line(log)}")
            self._stopping.wait(READY_POLL_SECONDS)

    def _service_launcher(self, name: str) -> Callable[[], subprocess.Popen[bytes]]:
        command = Path(sys.executable).with_name(name)
        environment = {**os.environ, **self._service_environment(name)}

        def launch() -> subprocess.Popen[bytes]:
            with self._folder.log_of(name).open("ab") as log:
                # SIGKILL: a service holds nothing that a crash could harm, and nobody is left to wait for it.
                return start_process(
                    [command], on_parent_death=signal.SIGKILL, output=log.fileno(), environment=environment
                )

        return launch

    def _service_environment(self, name: str) -> Mapping[str, str]:
        addresses = {service: f"http://127.0.0.1:{port}" for service, port in self._ports.items()}
        environment = {
            "LISTEN_HOST": "127.0.0.1",
            "LISTEN_PORT": str(self._ports[name]),
            "MAX_UPLOAD_BYTES": str(self._settings.max_upload_bytes),
            "SHUTDOWN_TIMEOUT_SECONDS": str(self._settings.shutdown_timeout_seconds),
            # nginx ends first, so there is nobody who would have to look for another service.
            "DRAIN_SECONDS": "0",
        }
        if name == "users-service":
            environment["USERS_DATABASE_URL"] = self._database_url("users_service")
        if name == "records-service":
            environment["RECORDS_DATABASE_URL"] = self._database_url("records_service")
            environment["USERS_URL"] = addresses["users-service"]
            environment["TRANSCODER_URL"] = addresses["transcoder-service"]
        return environment

    def _database_url(self, login: str) -> str:
        return service_url(self.postgres, login, self._passwords[login])

    def _password(self, login: str) -> str:
        given = getattr(self._settings, f"{login}_password")
        return given.get_secret_value() if given else self._folder.password(login)

    def _bound_logs(self) -> None:
        for log in self._folder.logs.glob("*.log"):
            if log.stat().st_size > self._settings.log_max_bytes:
                put_aside(log)
