"""No token, name or key of a request reaches the log of the running service."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import httpx

from standalone.testing import TestPostgres, free_port
from users_service.settings import UsersSettings


def test_the_log_of_a_life_holds_no_secret(postgres: TestPostgres, settings: UsersSettings, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    environment = {
        **os.environ,
        "USERS_DATABASE_URL": postgres.url("users_service"),
        "LISTEN_PORT": str(port),
        "LOG_LEVEL": "debug",
        "DRAIN_SECONDS": "0",
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "users_service.main"], env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as service,
    ):
        try:
            secrets = use(f"http://127.0.0.1:{port}", postgres)
        finally:
            service.terminate()
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]

    assert service.returncode == 0
    assert {line["service"] for line in lines} == {"users"}
    assert {line["status"] for line in lines if line["event"] == "request.answered"} == {200, 201, 401, 409, 422}
    assert not [secret for secret in secrets if secret in text]


def use(url: str, postgres: TestPostgres) -> list[str]:
    """Use every route, rightly and wrongly; return what was secret."""
    key, name = str(uuid4()), f"Ada {uuid4()}"
    with httpx.Client(base_url=url) as client:
        await_start(client)
        made = client.post("/user", json={"name": name}, headers={"Idempotency-Key": key}).json()
        bearer = {"Authorization": f"Bearer {made['token']}"}
        client.get("/user", headers=bearer)
        client.post("/internal/token/verify", json={"token": made["token"], "user_id": made["id"]})
        renewed = client.post("/user/token", headers=bearer).json()
        client.get("/user", headers=bearer)
        client.post("/user", json={"name": name}, headers={"Idempotency-Key": key})
        client.post("/user", json={"name": [name, renewed["token"]]}, headers={"Idempotency-Key": key})
    return [key, name, made["token"], renewed["token"], *postgres.passwords.values()]


def await_start(client: httpx.Client) -> None:
    """Returns when the service is ready."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise TimeoutError
