"""The section `limits`: what a process may use before it refuses work."""

from __future__ import annotations

from typing import Any

from crossdock.runtime.config_reader import Reader
from crossdock.runtime.pressure import Limits


def read_limits(reader: Reader, section: dict[str, Any]) -> Limits:
    """The limits of this file; what it does not name keeps its default."""
    known = (
        "undecided_messages", "disk_free_mib", "memory_mib", "decide_seconds", "stuck_seconds",
    )  # fmt: skip
    reader.only(section, "limits", known)
    default = Limits()
    return Limits(
        undecided_messages=reader.number(
            section, "undecided_messages", "limits", default.undecided_messages, 0, 10**9
        ),
        disk_free_mib=reader.number(
            section, "disk_free_mib", "limits", default.disk_free_mib, 0, 10**9
        ),
        memory_mib=reader.number(section, "memory_mib", "limits", default.memory_mib, 0, 10**6),
        decide_seconds=reader.number(
            section, "decide_seconds", "limits", default.decide_seconds, 1, 600
        ),
        stuck_seconds=reader.number(
            section, "stuck_seconds", "limits", default.stuck_seconds, 10, 3_600
        ),
    )
