"""A message that ends processes, or never ends, is put aside; all others are decided (C10, C11)."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crossdock.runtime.suspects import TRIES_MAX, TRIES_MAX_IN_ALL
from crossdock.runtime.watchdog import STUCK
from tests.outside import poisoned

APPLIED = "applied "
DEAD = "dead cannot be decided: "


def decide(folder: Path, what: str) -> subprocess.CompletedProcess[str]:
    """One process over the five messages."""
    command = [sys.executable, "-m", "tests.outside.poisoned", str(folder), what]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def left_by_the_dead(folder: Path, tries: int) -> None:
    """The record of a process that was killed while it thought about the third message."""
    thinking = (
        f'{{"thinking":["0:{poisoned.POISON}"],"tries":{{"0:{poisoned.POISON}":{tries - 1}}}}}'
    )
    (folder / "1-a.json").write_text(thinking, encoding="ascii")


@pytest.mark.parametrize(
    ("what", "code", "ending"),
    [
        ("crash", -signal.SIGSEGV, "SIGSEGV"),
        ("hang", STUCK, f"no end within {4 * poisoned.SECONDS_MAX:g} s"),
    ],
)
def test_c10_a_message_that_ends_processes_is_put_aside(
    tmp_path: Path, what: str, code: int, ending: str
) -> None:
    """So many processes end over it and no more; on trial it is dead, it alone, with the reason."""
    for _ in range(TRIES_MAX):
        assert decide(tmp_path, what).returncode == code
    last = decide(tmp_path, what)
    assert last.returncode == 0, last.stderr
    dead = f"{DEAD}{TRIES_MAX} processes ended over it, and a child on trial: {ending}"
    assert last.stdout.splitlines() == [APPLIED, APPLIED, dead, APPLIED, APPLIED]


@pytest.mark.parametrize("tries", [1, TRIES_MAX, TRIES_MAX_IN_ALL - 1])
def test_who_was_near_when_somebody_killed_the_process_is_innocent(
    tmp_path: Path, tries: int
) -> None:
    """However often kill -9 from outside finds one message in thought, it comes back from trial."""
    left_by_the_dead(tmp_path, tries)
    only = decide(tmp_path, "nothing")
    assert only.returncode == 0, only.stderr
    assert only.stdout.splitlines() == [APPLIED] * 5


def test_what_takes_its_trial_along_is_put_aside_in_the_end(tmp_path: Path) -> None:
    """Where child and parent always end together, enough deaths are evidence."""
    left_by_the_dead(tmp_path, TRIES_MAX_IN_ALL)
    only = decide(tmp_path, "crash")
    assert only.returncode == 0, only.stderr
    dead = f"{DEAD}{TRIES_MAX_IN_ALL} processes ended over it"
    assert only.stdout.splitlines() == [APPLIED, APPLIED, dead, APPLIED, APPLIED]


def test_c11_a_message_that_loops_costs_no_process(tmp_path: Path) -> None:
    """Its thinking is ended in the midst, in the batch and alone; then it is dead."""
    only = decide(tmp_path, "loop")
    assert only.returncode == 0, only.stderr
    dead = f"dead cannot be decided: more than {poisoned.SECONDS_MAX:g} processor seconds"
    assert only.stdout.splitlines() == [APPLIED, APPLIED, dead, APPLIED, APPLIED]


def test_what_stood_still_is_in_the_log(tmp_path: Path) -> None:
    """A process that waits for ever ends with a traceback of where."""
    said = decide(tmp_path, "hang").stderr
    assert "the event loop has not turned for 2 s" in said
    assert "in poison" in said


def test_what_lets_no_thread_run_is_ended_by_the_kernel(tmp_path: Path) -> None:
    """No signal of Python's and no thread gets a turn; the process ends all the same, and says."""
    ended = decide(tmp_path, "grind")
    assert ended.returncode == -signal.SIGPROF
    assert "in poison" in ended.stderr
