"""The configuration is valid, and the nginx that runs it is one without known holes in what it uses."""

import re
import subprocess
from pathlib import Path

from gateway_process import TEMPLATE, render

STABLE_LEAST, MAINLINE_LEAST = (1, 30, 4), (1, 31, 3)


def is_good(version: tuple[int, ...]) -> bool:
    """Versions before these have published faults in the map and rewrite modules."""
    return version >= MAINLINE_LEAST or STABLE_LEAST <= version < (1, 31)


class TestVersion:
    def test_of_the_standalone_system(self, nginx_binary: Path) -> None:
        said = subprocess.run([nginx_binary, "-v"], capture_output=True, text=True, check=True).stderr
        found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", said)
        assert found
        assert is_good(tuple(map(int, found.groups()))), said

    def test_that_are_refused(self) -> None:
        assert [is_good(v) for v in [(1, 29, 9), (1, 30, 3), (1, 30, 4), (1, 31, 2), (1, 31, 3), (1, 32, 0)]] == [
            False, False, True, False, True, True,
        ]  # fmt: skip


class TestTemplate:
    def test_is_valid_without_a_warning(self, nginx_binary: Path, tmp_path: Path) -> None:
        configuration = render(tmp_path, {"GATEWAY_LISTEN": "127.0.0.1:8080", "USERS_UPSTREAM": "users-service:8000"})
        command: list[str | Path] = [nginx_binary, "-t", "-p", tmp_path, "-c", configuration, "-e", "stderr"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "[warn]" not in done.stderr

    def test_uses_the_variables_that_it_lists(self) -> None:
        text = TEMPLATE.read_text()
        listed = set(re.findall(r"^#   ([A-Z_]+) ", text, re.MULTILINE))
        assert listed == set(re.findall(r"\$\{([^}]*)\}", text))

    def test_gets_every_variable_in_the_container(self) -> None:
        dockerfile = (TEMPLATE.parents[1] / "Dockerfile").read_text()
        listed = set(re.findall(r"^#   ([A-Z_]+) ", TEMPLATE.read_text(), re.MULTILINE))
        found = re.search(r'NGINX_ENVSUBST_FILTER="([^"]+)"', dockerfile)
        assert found
        for name in listed:
            assert re.search(rf"\b{name}=\S", dockerfile), name
            assert re.match(found[1], name), name
        assert not re.match(found[1], "PATH")
