"""The PostgreSQL of our own: its data, its end with us, and folders that its account may not enter."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from standalone.ports import free_ports
from standalone.postgres import Postgres
from standalone.process import StartFailure
from standalone.testing_system import open_folder, survivors, wait_for

OWNER = """
import sys, time
from pathlib import Path
from standalone.postgres import Postgres
server = Postgres(Path(sys.argv[1]), int(sys.argv[2]))
server.start()
print(server.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield Path(path)


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder / "data", free_ports(1)[0])
    yield server
    server.stop()


class TestData:
    def test_is_version_18_in_utf8_with_c_order_utc_and_checked_passwords(self, server: Postgres) -> None:
        server.start()
        assert ask(server, "SHOW server_version").startswith("18.")
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert ask(server, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'") == "C"
        assert ask(server, "SHOW timezone") == "UTC"
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(server.url("postgres", "wrong", "postgres"))

    def test_stays_over_a_restart(self, server: Postgres) -> None:
        server.start()
        ask(server, "CREATE TABLE kept AS SELECT 42 AS answer; SELECT 1")
        server.stop()
        server.start()
        assert ask(server, "SELECT answer FROM kept") == "42"

    def test_a_start_that_was_cut_short_leaves_no_half_made_cluster(self, server: Postgres) -> None:
        unfinished = server.data / "cluster.unfinished"
        unfinished.mkdir(parents=True)
        (unfinished / "PG_VERSION").write_text("18\n")
        server.start()
        assert ask(server, "SELECT 1") == "1"

    def test_a_cluster_of_another_version_is_named(self, server: Postgres) -> None:
        server.prepare()
        (server.cluster / "PG_VERSION").write_text("15\n")
        with pytest.raises(StartFailure, match="initialized by PostgreSQL version 15"):
            server.start()


class TestEnd:
    def test_comes_with_the_death_of_its_owner(self, folder: Path) -> None:
        port = free_ports(1)[0]
        with subprocess.Popen(
            [sys.executable, "-c", OWNER, folder / "data", str(port)], stdout=subprocess.PIPE, text=True
        ) as owner:
            assert owner.stdout is not None
            postmaster = psutil.Process(int(owner.stdout.readline()))
            family = [postmaster, *postmaster.children(recursive=True)]
            owner.kill()
        assert survivors(family, 10) == []

    def test_waits_for_no_client(self, server: Postgres) -> None:
        server.start()
        with closing(psycopg2.connect(server.admin_url)):
            begun = time.monotonic()
            server.stop()
            assert time.monotonic() - begun < 5


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
class TestAsRoot:
    def test_runs_as_another_account_without_capabilities(self, server: Postgres) -> None:
        server.start()
        assert server.process is not None
        assert psutil.Process(server.process.pid).uids().real != 0
        assert capabilities(server.process.pid) == 0

    def test_reaches_data_below_a_closed_folder_by_reading_and_searching_only(
        self, server: Postgres, folder: Path
    ) -> None:
        folder.chmod(0o700)
        server.start()
        assert ask(server, "SELECT 1") == "1"
        assert server.process is not None
        cap_dac_read_search = 1 << 2
        assert capabilities(server.process.pid) == cap_dac_read_search
        assert folder.stat().st_mode & 0o777 == 0o700

    def test_keeps_to_the_account_that_owns_the_cluster(self, server: Postgres) -> None:
        server.start()
        server.stop()
        nobody = 65534
        for path in [server.cluster, *server.cluster.rglob("*")]:
            os.chown(path, nobody, nobody, follow_symlinks=False)
        server.start()
        assert server.process is not None
        assert psutil.Process(server.process.pid).uids().real == nobody


class TestRestart:
    def test_after_a_crash_finds_every_row(self, server: Postgres) -> None:
        server.start()
        ask(server, "CREATE TABLE kept AS SELECT 42 AS answer; SELECT 1")
        assert server.process is not None
        family = psutil.Process(server.process.pid).children(recursive=True)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        assert survivors(family, 10) == []
        server.launch()
        wait_for(server.is_ready, 10)
        assert ask(server, "SELECT answer FROM kept") == "42"


def ask(server: Postgres, query: str) -> str:
    """The first field of the first row, as the superuser."""
    with closing(psycopg2.connect(server.admin_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
    assert row is not None
    return str(row[0])


def capabilities(pid: int) -> int:
    """The process's effective capabilities as a bit mask."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("CapEff:")).split()[1], 16)
