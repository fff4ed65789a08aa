"""`POST /user` through the gateway: requests per second at 1 and 16 connections, and CPU per request by part."""

from bench.load import put_load
from bench.processes import cpu_seconds, spent
from bench.system import System, running_system

SECONDS = 5
CREATE_USER = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"name": "bench"}'
"""


def main() -> None:
    """Run the report on a system of its own."""
    with running_system() as system:
        report(system)


def report(system: System) -> None:
    """Print one line for each number of connections."""
    print("\nPOST /user through the gateway")
    for connections in (1, 16):
        before = cpu_seconds(system.pid)
        load = put_load(f"{system.url}/user", connections=connections, seconds=SECONDS, script=CREATE_USER)
        parts = spent(before, cpu_seconds(system.pid))
        by_part = ", ".join(f"{name} {seconds / load.requests * 1e6:.0f}" for name, seconds in sorted(parts.items()))
        print(
            f"  {connections:2d} connections: {load.requests_per_second:6.0f} requests/s, "
            f"p99 {load.p99_seconds * 1e3:.1f} ms, "
            f"CPU {sum(parts.values()) / load.requests * 1e6:.0f} us a request ({by_part}), failed {load.failed}"
        )


if __name__ == "__main__":
    main()
