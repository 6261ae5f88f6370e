"""The tidy tests can fail: each way of looking finds a fault that is planted for it."""

from __future__ import annotations

import pytest

from tests.tidy import scan


@pytest.mark.parametrize(
    ("ban", "source", "found"),
    [
        (scan.CLOCK, "import time\ntime.sleep(1)", "time.sleep"),
        (scan.CLOCK, "import time as clock\nclock.monotonic()", "time.monotonic"),
        (scan.CLOCK, "from time import perf_counter", "time.perf_counter"),
        (scan.CLOCK, "import datetime as dt\ndt.datetime.now(dt.UTC)", "datetime.datetime.now"),
        (scan.CLOCK, "from datetime import date\ndate.today()", "datetime.date.today"),
        (scan.CHANCE, "import random\nrandom.choice([1])", "random.choice"),
        (scan.CHANCE, "from random import Random\nRandom()", "random.Random()"),
        (scan.CHANCE, "from uuid import uuid4\nuuid4()", "uuid.uuid4"),
        (scan.CHANCE, "import secrets\nsecrets.token_hex()", "secrets.token_hex"),
        (scan.ENVIRONMENT, "import os\nos.environ['HOME']", "os.environ"),
        (scan.ENVIRONMENT, "from os import getenv", "os.getenv"),
    ],
)
def test_ambient_calls_are_found(ban: scan.Ban, source: str, found: str) -> None:
    """A planted ambient call is found through whatever name it was imported by."""
    assert found in [name for _, name in scan.ambient(source, ban)]


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\ndatetime.fromisoformat('2026-01-01T00:00:00Z')",
        "from random import Random\ngenerator: Random = Random(7)",
        "clock.now()\nids.random.next()",
        "import os\nos.path.sep",
        "from datetime import time\ntime(12, 0)",
    ],
)
def test_honest_calls_are_left_alone(source: str) -> None:
    """What is seeded, parsed or asked of a port is not called ambient."""
    assert scan.ambient(source, scan.CLOCK, scan.CHANCE, scan.ENVIRONMENT) == []


@pytest.mark.parametrize(
    "text",
    [
        "cd /" + "work/main",
        "see /" + "home/someone/notes",
        "index: https://py" + "pi.org/simple",
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "key = 'AKIA" + "ABCDEFGHIJKLMNOP'",
        "token = 'gh" + "p_" + "a" * 36 + "'",
    ],
)
def test_unwanted_text_is_found(text: str) -> None:
    """A planted secret, machine path or registry host is found."""
    assert len(scan.unwanted(text)) == 1


def test_function_lengths_count_nested_and_async_functions() -> None:
    """Methods, nested and async functions are each measured under their dotted name."""
    source = "class A:\n    async def b(self):\n        def c():\n            pass\n        c()\n"
    assert dict(scan.function_lengths(source)) == {"A.b": 4, "A.b.c": 2}


@pytest.mark.parametrize(
    ("source", "line"), [("x = 1", ""), ('"""Says it.\n\nMore."""', "Says it.")]
)
def test_first_line_is_the_docstrings(source: str, line: str) -> None:
    """The first line of a module is its docstring's, and a module without one has none."""
    assert scan.first_line(source) == line
