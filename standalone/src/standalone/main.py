"""The command `standalone`: the whole system on this machine until Ctrl-C or SIGTERM."""

import argparse
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

import psycopg2

from service_kit.settings import load_settings
from standalone.data_folder import open_data_folder
from standalone.process import StartFailure
from standalone.settings import StandaloneSettings
from standalone.supervisor import Stopping
from standalone.system import System
from standalone.welcome import welcome

PROJECT = Path(__file__).parents[3]


def main() -> None:
    """Run until told to stop; what prevents that is one line on stderr and exit code 1."""
    parser = argparse.ArgumentParser(prog="standalone", description="Runs the whole system; settings by environment.")
    parser.add_argument("--with-parent", action="store_true", help="stop when the process that started this one ends")
    options = parser.parse_args()
    settings = load_settings(StandaloneSettings)
    stopping = Stopping(os.getppid() if options.with_parent else None)
    _listen_to_signals(stopping)
    try:
        _run(settings, stopping)
    except (StartFailure, OSError, psycopg2.Error) as error:
        print(f"standalone: {' '.join(str(error).split())}", file=sys.stderr)
        raise SystemExit(1) from None


def _run(settings: StandaloneSettings, stopping: Stopping) -> None:
    started = time.monotonic()
    folder = open_data_folder(settings.data_directory)
    system = System(settings, PROJECT, folder, stopping, _say)
    _say(f"Starting; the data is in {folder.path}, the logs in {folder.logs}")
    try:
        system.start()
        if not stopping.asked:
            _say(welcome(settings.gateway_port, folder, system.postgres, time.monotonic() - started))
            system.keep()
        _say("Stopping; press Ctrl-C again to hurry")
    finally:
        system.stop()
    _say("Stopped")


def _listen_to_signals(stopping: Stopping) -> None:
    def ask(_number: int, _frame: FrameType | None) -> None:
        stopping.ask()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP for us
            signal.signal(number, ask)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal may be gone
        print(text, flush=True)
