"""What the containers may do: as little as they need."""

import pytest

from acceptance.containers.compose import LASTING, SERVICES, STEPS, compose, containers_of

pytestmark = pytest.mark.containers

each_lasting = pytest.mark.parametrize("service", LASTING)
each = pytest.mark.parametrize("service", [*LASTING, *STEPS])


class TestEachContainer:
    @each
    def test_has_no_privileges_and_writes_only_where_it_must(self, service: str) -> None:
        (container,) = containers_of(service)
        host = container.facts["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert host["Privileged"] is False
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert container.facts["Config"]["User"] not in ("", "root", "0")
        assert host["LogConfig"]["Config"].keys() >= {"max-size", "max-file"}

    @each_lasting
    def test_runs_as_somebody_who_is_not_root(self, service: str) -> None:
        assert int(compose("exec", "--no-TTY", service, "id", "-u")) > 0
        assert "rc=1" in compose(
            "exec", "--no-TTY", service, "sh", "-c", "touch /probe 2>/dev/null && echo rc=0 || echo rc=1"
        )

    @each_lasting
    def test_is_healthy_and_starts_again_by_itself(self, service: str) -> None:
        (container,) = containers_of(service)
        assert container.facts["State"]["Health"]["Status"] == "healthy"
        assert container.facts["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
        assert container.facts["RestartCount"] == 0

    @pytest.mark.parametrize("service", STEPS)
    def test_a_step_ended_well(self, service: str) -> None:
        (container,) = containers_of(service)
        assert (container.facts["State"]["Status"], container.facts["State"]["ExitCode"]) == ("exited", 0)

    @pytest.mark.parametrize("service", [*SERVICES, "nginx"])
    def test_holds_no_build_tools(self, service: str) -> None:
        script = "for tool in gcc cc c++ make ld git; do command -v $tool; done; true"
        assert compose("exec", "--no-TTY", service, "sh", "-c", script) == ""

    @pytest.mark.parametrize("service", SERVICES)
    def test_serves_from_an_environment_without_pip_and_tests(self, service: str) -> None:
        script = "import importlib.util as u; print([m for m in ('pip', 'pytest', 'hatchling') if u.find_spec(m)])"
        assert compose("exec", "--no-TTY", service, "python", "-c", script).strip() == "[]"


class TestPorts:
    def test_only_the_gateway_s_is_published(self) -> None:
        published = {
            service: [port for port, bound in container.facts["NetworkSettings"]["Ports"].items() if bound]
            for service in (*LASTING, *STEPS)
            for container in containers_of(service)
        }
        assert {service: ports for service, ports in published.items() if ports} == {"nginx": ["8080/tcp"]}

    def test_the_gateway_cannot_reach_the_database(self) -> None:
        (nginx,), (postgres,) = containers_of("nginx"), containers_of("postgres")
        assert not set(nginx.facts["NetworkSettings"]["Networks"]) & set(postgres.facts["NetworkSettings"]["Networks"])

    def test_the_transcoder_cannot_reach_it_either(self) -> None:
        (transcoder,), (postgres,) = containers_of("transcoder-service"), containers_of("postgres")
        networks = transcoder.facts["NetworkSettings"]["Networks"]
        assert not set(networks) & set(postgres.facts["NetworkSettings"]["Networks"])
