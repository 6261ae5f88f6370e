"""What processes use: processor seconds, memory and descriptors, as the kernel counts (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

from crossdock.kernel.limits import MIB

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system seconds of a process, of its live children and of those it waited for."""
    total = _ticks(pid, (11, 12, 13, 14)) / _TICKS
    for child in children(pid):
        total += cpu_seconds(child)
    return total


def own_cpu_seconds(pid: int) -> float:
    """User and system seconds of a process alone, without its children."""
    return _ticks(pid, (11, 12)) / _TICKS


def peak_mib(pid: int) -> float:
    """The largest resident memory that a process ever had, in MiB; 0 where it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def rss_mib(pid: int) -> float:
    """The resident memory of a process now, in MiB; 0 where it is gone or there is no /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def open_files(pid: int) -> int:
    """How many descriptors a process has open; 0 where it is gone or there is no /proc."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - /proc has no entries to look at
    except OSError:
        return 0


def _ticks(pid: int, places: tuple[int, ...]) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(fields[index]) for index in places)


def children(pid: int) -> list[int]:
    """The live children of a process."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [
            int(child)
            for task in tasks
            for child in (task / "children").read_text(encoding="ascii").split()
        ]
    except OSError:
        return []
