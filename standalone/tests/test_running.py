"""What a running system shows, refuses beside it, and recovers from."""

import pytest

from standalone.testing_system import StartSystem, SystemProcess, survivors, wait_for

RECOVERY_SECONDS = 15.0


class TestReady:
    def test_the_gateway_says_that_everything_works(self, running: SystemProcess) -> None:
        assert running.is_healthy()

    def test_it_says_where_to_go_and_how_to_begin(self, running: SystemProcess) -> None:
        output = running.output()
        assert f"http://localhost:{running.port}/docs" in output
        assert f"curl -sS http://localhost:{running.port}/user" in output
        assert "psql" in output

    def test_nothing_but_the_gateway_listens_beyond_this_machine(self, running: SystemProcess) -> None:
        open_to_all = {
            connection.laddr.port
            for process in running.family()
            for connection in process.net_connections(kind="tcp")
            if connection.status == "LISTEN" and connection.laddr.ip not in ("127.0.0.1", "::1")
        }
        assert open_to_all <= {running.port}

    def test_passwords_are_for_the_owner_of_the_folder_only(self, running: SystemProcess) -> None:
        files = [*(running.data / "passwords").iterdir(), running.data / "postgres" / "superuser.password"]
        assert len(files) == 5
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}

    def test_each_part_has_a_log(self, running: SystemProcess) -> None:
        logs = {log.stem for log in (running.data / "logs").glob("*.log")}
        services = {"users-service", "records-service", "transcoder-service"}
        assert {"postgres", "nginx", "users-migrations", "records-migrations", *services} <= logs


class TestRefusedBesideIt:
    def test_a_second_system_on_the_same_data_folder(self, running: SystemProcess, start_system: StartSystem) -> None:
        failure = start_system({"DATA_DIRECTORY": str(running.data)}).failure()
        assert failure == (
            f"standalone: Another system (process {running.popen.pid}) runs on the data folder {running.data}\n"
        )

    def test_a_port_in_use(self, running: SystemProcess, start_system: StartSystem) -> None:
        failure = start_system({"GATEWAY_PORT": str(running.port)}).failure()
        assert failure == (f"standalone: Port {running.port} is already in use; choose another with GATEWAY_PORT\n")


class TestKilledChild:
    @pytest.mark.parametrize("service", ["users-service", "records-service", "transcoder-service"])
    def test_a_service_is_started_again(self, running: SystemProcess, service: str) -> None:
        killed = running.child(f"/{service}$")
        killed.kill()
        killed.wait()
        wait_for(lambda: bool(running.children(f"/{service}$")) and running.is_healthy(), RECOVERY_SECONDS)
        assert f"{service} ended (killed by SIGKILL)" in running.output()

    def test_nginx_is_started_again_without_its_orphaned_workers(self, running: SystemProcess) -> None:
        killed = running.child("nginx: master")
        workers = killed.children()
        assert workers
        killed.kill()
        killed.wait()
        assert survivors(workers, RECOVERY_SECONDS) == []
        wait_for(running.is_healthy, RECOVERY_SECONDS)

    def test_postgres_is_started_again_with_every_acknowledged_row(self, running: SystemProcess) -> None:
        token = running.create_user()
        killed = running.child("bin/postgres -D")
        killed.kill()
        killed.wait()
        wait_for(lambda: running.knows(token), RECOVERY_SECONDS)
