"""Who may have ended a process is on record, for whoever starts next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from crossdock.runtime.suspects import SuspectsFile

_DIES = """
import os, sys
from pathlib import Path
from crossdock.runtime.suspects import SuspectsFile
suspects = SuspectsFile(Path(sys.argv[1]))
suspects.begin(sys.argv[2:])
os.kill(os.getpid(), 9)
"""


def die_over(folder: Path, *places: str) -> None:
    """Let a process begin to think about some messages, and never come back."""
    command = [sys.executable, "-c", _DIES, str(folder), *places]
    assert subprocess.run(command, check=False).returncode == -9


def test_each_death_counts_one_try_for_all_that_were_thought_about(tmp_path: Path) -> None:
    """Counts grow over deaths, of whichever process, and end with a decision."""
    die_over(tmp_path, "0:1", "0:2")
    die_over(tmp_path, "0:2")
    suspects = SuspectsFile(tmp_path)
    assert [suspects.tries(place) for place in ("0:1", "0:2", "0:3")] == [1, 2, 0]
    suspects.clear(["0:1"])
    assert suspects.named() == ["0:2 (2)"]
    suspects.close()
    again = SuspectsFile(tmp_path)
    assert [again.tries(place) for place in ("0:1", "0:2")] == [0, 2]
    again.close()


def test_who_came_back_from_thinking_is_no_suspect(tmp_path: Path) -> None:
    """A process that ends between two batches accuses nobody, and leaves no file behind."""
    suspects = SuspectsFile(tmp_path)
    suspects.begin(["0:1"])
    suspects.end()
    suspects.close()
    assert list(tmp_path.iterdir()) == []


def test_the_living_keep_their_files(tmp_path: Path) -> None:
    """What a process is thinking about right now is no evidence yet."""
    living = SuspectsFile(tmp_path)
    living.begin(["0:1"])
    other = SuspectsFile(tmp_path)
    assert other.tries("0:1") == 0
    living.close()
    other.close()


def test_a_file_that_says_nothing_accuses_nobody(tmp_path: Path) -> None:
    """Damaged files of the dead are passed over."""
    (tmp_path / "1-a.json").write_bytes(b'{"thinking":["0:1"')
    (tmp_path / "2-b.json").write_bytes(b"")
    suspects = SuspectsFile(tmp_path)
    assert suspects.named() == []
    suspects.close()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names only
