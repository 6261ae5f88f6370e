"""The estate runs on either event loop: in tests often on asyncio's, as a process on uvloop's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

Factory = Callable[[], asyncio.AbstractEventLoop] | None

chosen: list[Factory] = [None]
"""The factory of the loops that `run` makes; None stands for asyncio's own."""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of the chosen kind; a failing callback fails the test."""
    failures: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=chosen[0]) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: failures.append(context))
        result = runner.run(coroutine)
    assert failures == []
    return result
