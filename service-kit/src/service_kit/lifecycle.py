"""Whether the service is on its way out."""

from dataclasses import dataclass


@dataclass
class Lifecycle:
    """`draining` is true from the first SIGTERM on: still serving, no longer ready, connections closed after use."""

    draining: bool = False
