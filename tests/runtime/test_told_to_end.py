"""A command that is told to end takes with it what it started."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crossdock.runtime.console import INTERRUPTED

pytestmark = pytest.mark.postgres


def servants_of(folder: Path) -> list[str]:
    """The command lines of all processes that serve out of a folder."""
    lines = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = one.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        if " serve " in line and str(folder) in line:
            lines.append(line)
    return lines


def within(seconds: float, folder: Path, *, serving: bool) -> bool:
    """Whether somebody serves out of the folder, or nobody any more, before the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if bool(servants_of(folder)) is serving:
            return True
        time.sleep(0.1)
    return False


def test_a_demo_that_is_terminated_leaves_no_hub_behind(tmp_path: Path) -> None:
    """Found as hubs that still worked, an hour later, for a demo that somebody had ended."""
    command = [sys.executable, "-m", "crossdock", "demo", "--orders", "20", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as demo:
        assert within(60, tmp_path, serving=True)
        demo.send_signal(signal.SIGTERM)
        _, words = demo.communicate(timeout=60)
    assert demo.returncode == INTERRUPTED
    assert b"Traceback" not in words
    assert within(20, tmp_path, serving=False), servants_of(tmp_path)
