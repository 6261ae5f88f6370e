"""How much of the machine's memory the database server that comes with the hub plans with.

A quarter for its own buffers is what PostgreSQL's manual advises for a machine that serves a
database (chapter "Resource Consumption", `shared_buffers`). The hub shares its machine, so it is an
eighth here. It is taken page by page as the data is used: a small house never takes it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

_MIB = 1 << 20
_SHARE = 8
_BUFFERS_MIB_MIN = 128  # two cores and some gigabytes: enough to hold the hot tables
_BUFFERS_MIB_MAX = 8192
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where a container's limit stands, in bytes: control groups of version 2 and of version 1."""


def memory_settings(memory: int) -> Mapping[str, str]:
    """The settings of a server on a machine of so many bytes of memory."""
    buffers = min(max(memory // _SHARE // _MIB, _BUFFERS_MIB_MIN), _BUFFERS_MIB_MAX)
    cached = max(memory // 2 // _MIB, 8 * _BUFFERS_MIB_MIN)
    return {"shared_buffers": f"{buffers}MB", "effective_cache_size": f"{cached}MB"}


def memory_here(limits: Sequence[Path] = _LIMITS) -> int:
    """Bytes of memory that this process may count with: the machine's, or its container's limit."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for file in limits if (limit := _limit(file)))])


def _limit(file: Path) -> int:
    """A limit in bytes; 0 where there is none."""
    try:
        words = file.read_text(encoding="ascii").strip()
    except OSError:
        return 0
    return int(words) if words.isdecimal() else 0
