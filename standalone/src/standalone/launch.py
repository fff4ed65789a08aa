"""Becomes a child process that dies with its parent, run as a script: `python -I -S launch.py [options] -- command`.

A script of its own instead of subprocess's `preexec_fn`: code between fork and exec can deadlock in a process that
has threads, and Python 3.12+ warns of it. Standard library only, because it runs without site-packages.

Options:
  --parent PID    leave at once if the process that asked for us is gone already
  --signal N      the signal that the command gets when the parent dies, however it dies
  --account NAME  drop root for this account
  --reach PATH    a file or folder that the account must get to (repeatable); see `_keep_reach`
"""

import argparse
import ctypes
import os
import pwd
import sys
import time

# linux/prctl.h and linux/capability.h
PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 4
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETPCAP = 1, 2, 8
CAPABILITY_VERSION_3 = 0x20080522
WATCH_SECONDS = 0.2

Words = ctypes.c_uint32 * 2
CapabilitySets = ctypes.c_uint32 * 6


def main() -> None:
    """Set this process up and turn it into the command."""
    options = _parse(sys.argv[1:])
    # Ctrl-C in the terminal goes to the parent alone, which stops its children in order. No session of its own: Linux
    # shares the cores out between sessions first (autogroup), and the encoders' niceness would count for nothing.
    os.setpgid(0, 0)
    linux = sys.platform.startswith("linux")
    libc = ctypes.CDLL(None, use_errno=True)
    if options.account:
        if linux:
            libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        _become(options.account)
        _keep_reach(libc, options.reach, linux)
    if linux:
        libc.prctl(PR_SET_PDEATHSIG, options.signal, 0, 0, 0)  # last: a change of credentials clears it
    else:
        _watch(options.parent, options.signal)
    if os.getppid() != options.parent:
        raise SystemExit(1)
    try:
        os.execv(options.command[0], options.command)  # noqa: S606
    except OSError as error:
        raise SystemExit(f"{options.command[0]}: {error.strerror}") from None


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--signal", type=int, required=True)
    parser.add_argument("--account")
    parser.add_argument("--reach", action="append", default=[])
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def _become(account: str) -> None:
    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def _keep_reach(libc: ctypes.CDLL, paths: list[str], linux: bool) -> None:
    """Let the account get to `paths` even below a folder that is closed to it, such as root's home (mode 0700).

    Changing modes of folders that are not ours is out of the question, so one capability of root's is kept, and only
    when it is needed: reading and searching; if that does not do (containers often lack it), also writing.
    """
    for capability in (None, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if capability is not None and not (linux and _keep_capability(libc, capability)):
            continue
        unreachable = [path for path in paths if not os.access(path, os.X_OK, effective_ids=linux)]
        if not unreachable:
            return
    raise SystemExit(f"{unreachable[0]} cannot be reached by the account that PostgreSQL runs as")


def _keep_capability(libc: ctypes.CDLL, capability: int) -> bool:
    header = Words(CAPABILITY_VERSION_3, 0)
    sets = CapabilitySets()  # effective, permitted, inheritable for capabilities 0-31, then the same for 32-63
    bit = 1 << capability
    libc.capget(header, sets)
    if not sets[1] & bit:
        return False
    # Permitted stays whole until exec, which leaves the ambient ones only.
    effective = bit | (sets[1] & (1 << CAP_SETPCAP))
    if libc.capset(header, CapabilitySets(effective, sets[1], sets[2] | bit, sets[3], sets[4], sets[5])) != 0:
        return False
    # Without this bit access(2), by which initdb looks for its programs, takes no notice of the capability.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    return bool(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


def _watch(parent: int, signal_number: int) -> None:
    """Where the kernel does not tell of a parent's death (macOS): a grandchild that looks for it."""
    target = os.getpid()
    if os.fork():
        os.wait()
        return
    if os.fork():
        os._exit(0)
    os.setsid()
    while True:
        time.sleep(WATCH_SECONDS)
        try:
            os.kill(target, 0)
        except ProcessLookupError:
            os._exit(0)
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.kill(target, signal_number)
            os._exit(0)


if __name__ == "__main__":
    main()
