"""How commands speak: words for people, and with `--json` one JSON object as the last line.

Exit codes: 0 done and sound; 1 done, and something is wrong with what was looked at; 2 the command
could not do its work (wrong input, no database); 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from crossdock.kernel.errors import CrossdockError

OK = 0
UNSOUND = 1
FAILED = 2
INTERRUPTED = 130


def say(text: str) -> None:
    """A line for people, on standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def hint(text: str) -> None:
    """A line beside the result: progress and warnings, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def finish(result: Mapping[str, object], *, as_json: bool) -> None:
    """End with the result; with `--json` as one JSON object on the last line."""
    if as_json:
        sys.stdout.write(msgspec.json.encode(result).decode() + "\n")
        sys.stdout.flush()


def explain(error: CrossdockError) -> str:
    """An error as people read it: what, where, found, expected, what to do."""
    return f"error ({error.code}): {error}"
