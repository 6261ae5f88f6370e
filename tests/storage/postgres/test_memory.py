"""How the embedded server's memory is measured out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from crossdock.storage.postgres.memory import memory_here, memory_settings

GIB = 1 << 30


@pytest.mark.parametrize(
    ("memory", "buffers"),
    [(GIB // 2, "128MB"), (GIB, "128MB"), (24 * GIB, "3072MB"), (512 * GIB, "8192MB")],
)
def test_buffers_grow_with_the_machine(memory: int, buffers: str) -> None:
    """An eighth of the memory, within bounds at both ends."""
    assert memory_settings(memory)["shared_buffers"] == buffers


def test_the_planner_never_counts_with_less_cache_than_buffers() -> None:
    """What is said to be cached includes the buffers themselves."""
    for shift in range(28, 42):
        said = memory_settings(1 << shift)
        assert int(said["effective_cache_size"][:-2]) >= int(said["shared_buffers"][:-2])


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    """The lower of the machine's memory and the limits that are set; words and absence set none."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit, none, absent = tmp_path / "limit", tmp_path / "none", tmp_path / "absent"
    limit.write_text(f"{machine // 2}\n")
    none.write_text("max\n")
    assert memory_here([none, absent]) == machine
    assert memory_here([none, limit, absent]) == machine // 2
