"""A trial: what is suspected of ending processes is thought in a child first, which may end.

The child is a copy of the process at this moment, so it thinks exactly what its parent would think
next; pure code needs nothing else of it. It keeps nothing: its end is the evidence. What merely
stood near when somebody killed the process comes back from its trial, and is innocent.
"""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from crossdock.runtime.watchdog import limited

_TICK_SECONDS = 0.02
_FIRST_CHILD_OOM = b"1000"  # where memory ends, the kernel shall take the child and not its parent


class DiedOnTrial(Exception):
    """The child did not come back; the text says how it ended."""


@contextmanager
def on_trial(seconds_max: float) -> Iterator[None]:
    """Run the block in a child, and only if that comes back, here as well.

    Coming back is any end of the block, by an error too: that ends no process. The event loop
    stands still meanwhile. The child may use `seconds_max` processor seconds in Python's code and
    twice as many in all; that it waits for ever is told by four times as many seconds of ours, in
    ticks, since a process that is stopped has missed nothing.

    Raises:
        DiedOnTrial: the child ended otherwise, or did not end.
    """
    with warnings.catch_warnings():
        # Newer Pythons warn of locks that other threads hold. Pure code takes none.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            _stand_alone(seconds_max)
            with limited(seconds_max):
                yield
        finally:
            os._exit(0)
    if ending := _ending_of(child, 4 * seconds_max):
        raise DiedOnTrial(ending)
    yield


def _stand_alone(seconds_max: float) -> None:
    """Let go of all that the parent holds: its sockets, its locks on files, its loop."""
    signal.set_wakeup_fd(-1)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.setitimer(signal.ITIMER_PROF, 2 * seconds_max)
    with suppress(OSError):
        own = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(own, _FIRST_CHILD_OOM)
        os.close(own)


def _ending_of(child: int, seconds_max: float) -> str:
    """How a child ended, in words; nothing where it came back."""
    for _ in range(int(seconds_max / _TICK_SECONDS) + 1):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return _in_words(os.waitstatus_to_exitcode(status))
        time.sleep(_TICK_SECONDS)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return f"no end within {seconds_max:g} s"


def _in_words(code: int) -> str:
    if code == 0:
        return ""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
