"""Become a PostgreSQL program: drop root, tie our life to the hub's, then exec. Run as a script.

A fresh interpreter does this rather than `preexec_fn`, because Python code between fork and exec
of a process with threads may deadlock. Arguments: the hub's pid, a uid and a gid (or `-` to stay
who we are), the program and its arguments.

PostgreSQL takes SIGINT as "fast shutdown", so a hub that is killed leaves a clean data folder. The
kernel sends it when the *thread* ends that started us: the server is started from a thread that
lives as long as the hub. Other systems than Linux have no such tie; there the next hub on the same
folder stops the server that was left over.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: str, uid: str, gid: str, *command: str) -> None:
    """Never returns: either the program runs in our place, or we exit with a message."""
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    os.umask(0o077)
    if sys.platform == "linux":
        # After setuid, which would clear it.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
    if os.getppid() != int(parent):
        raise SystemExit("the hub was gone before its database started")
    os.execv(command[0], command)  # noqa: S606 - the hub composed this command


if __name__ == "__main__":
    main(*sys.argv[1:])
