"""docker compose, as far as the tests need it. The project's name and settings come from the environment."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SERVICES = ("users-service", "records-service", "transcoder-service")
LASTING = ("postgres", *SERVICES, "nginx")
STEPS = ("db-init", "users-migrate", "records-migrate")


def docker(*arguments: str) -> str:
    """The output of a docker command; raises with its words when it fails."""
    done = subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
    return done.stdout


def compose(*arguments: str) -> str:
    """The output of docker compose in the project's folder."""
    return docker("compose", *arguments)


@dataclass(frozen=True)
class Container:
    """One container as `docker inspect` tells it."""

    facts: dict[str, Any]

    @property
    def id(self) -> str:
        container_id: str = self.facts["Id"]
        return container_id

    @property
    def started_at(self) -> str:
        moment: str = self.facts["State"]["StartedAt"]
        return moment

    def log_lines(self) -> list[str]:
        """All that it has written, stdout and stderr."""
        done = subprocess.run(["docker", "logs", self.id], capture_output=True, text=True, check=True)
        return (done.stdout + done.stderr).splitlines()

    def answered(self, method: str, path: str) -> int:
        """How many requests it has answered, by its access lines."""
        lines = [json.loads(line) for line in self.log_lines() if line.startswith("{")]
        return sum(
            (line.get("event"), line.get("method"), line.get("path")) == ("request.answered", method, path)
            for line in lines
        )


def containers_of(service: str) -> list[Container]:
    """The containers of a service, the ended ones of steps too."""
    ids = compose("ps", "--all", "--quiet", service).split()
    return [Container(facts) for facts in json.loads(docker("inspect", *ids))] if ids else []


def scale(**replicas: int) -> None:
    """`docker compose up -d --scale ...`, by services' names without `-service`; returns when all are healthy."""
    wanted = [f"--scale={name}-service={count}" for name, count in replicas.items()]
    compose("up", "--detach", "--wait", *wanted)
