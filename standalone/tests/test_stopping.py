"""How a system ends: in order, in a hurry, or by the death of a parent. Nothing of it may stay."""

import signal
import socket
import sys
import time

from standalone.testing_system import StartSystem, SystemProcess, survivors, wait_for

GONE_SECONDS = 10.0


class TestInOrder:
    def test_sigterm_stops_everything_and_the_data_stays(self, start_system: StartSystem) -> None:
        system = started(start_system)
        token = system.create_user()
        family = system.family()
        system.popen.terminate()
        assert system.popen.wait(GONE_SECONDS) == 0
        assert survivors(family, 1) == []
        assert system.output().endswith("Stopped\n")
        assert "database system is shut down" in (system.data / "logs" / "postgres.log").read_text()
        assert started(start_system).knows(token)

    def test_during_the_start(self, start_system: StartSystem) -> None:
        system = start_system()
        wait_for(lambda: "Starting" in system.output() and bool(system.family()), GONE_SECONDS)
        family = system.family()
        system.popen.terminate()
        assert system.popen.wait(GONE_SECONDS) == 0
        assert survivors(family, 1) == []

    def test_a_request_in_flight_is_awaited_until_a_second_signal(self, start_system: StartSystem) -> None:
        system = started(start_system)
        family = system.family()
        with socket.create_connection(("127.0.0.1", system.port)) as client:
            client.sendall(
                b"POST /user HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
            )
            time.sleep(0.2)
            system.popen.send_signal(signal.SIGINT)
            time.sleep(1)
            assert system.popen.poll() is None
            system.popen.send_signal(signal.SIGINT)
            assert system.popen.wait(GONE_SECONDS) == 0
        assert survivors(family, 1) == []


class TestKilled:
    def test_kill_9_leaves_nothing_and_the_next_start_finds_the_data(self, start_system: StartSystem) -> None:
        system = started(start_system)
        token = system.create_user()
        family = system.family()
        assert len(family) > 10  # the servers of PostgreSQL and nginx's workers are among them
        system.popen.kill()
        system.popen.wait()
        again = start_system()  # at once, while the former PostgreSQL may still be shutting down
        assert survivors(family, GONE_SECONDS) == []
        again.wait_until_ready()
        assert again.knows(token)

    def test_kill_9_of_the_parent_that_it_was_told_to_stay_with(self, start_system: StartSystem) -> None:
        arguments = [sys.executable, "-m", "standalone", "--with-parent"]
        program = f"import subprocess; subprocess.run({arguments!r})"
        parent = start_system(command=[sys.executable, "-c", program])
        parent.wait_until_ready()
        family = parent.family()
        parent.popen.kill()
        parent.popen.wait()
        assert survivors(family, GONE_SECONDS) == []


def started(start_system: StartSystem) -> SystemProcess:
    """A system that is ready."""
    system = start_system()
    system.wait_until_ready()
    return system
