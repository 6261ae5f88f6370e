"""Is there one order of all calls that explains every answer, and that no clock contradicts?

A history of calls on one counter, each with the moment it was asked and the moment it was answered.
It is linearizable if the calls can be put in a row so that each stands somewhere between its two
moments and a plain counter, asked in this order, gives the same answers. The search goes through
the calls that may come next, those asked before any other was answered, and remembers which sets of
calls it has seen: the counter's state follows from the set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Op:
    """One call on the counter: takes units (or gives them back), granted or not."""

    asked: float
    answered: float
    takes: int  # negative: gives back
    granted: bool

    def explained_by(self, free: int) -> bool:
        """Whether a counter that stands at `free` gives this answer."""
        return self.granted == (self.takes <= free)


def order_of(history: Sequence[Op], free: int) -> list[Op] | None:
    """An order that explains the history of a counter that began at `free`; None: there is none."""
    ops = sorted(history, key=lambda op: op.asked)
    seen: set[int] = set()
    stack: list[tuple[int, int, list[int]]] = [(0, free, [])]
    everything = (1 << len(ops)) - 1
    while stack:
        done, stands, row = stack.pop()
        if done == everything:
            return [ops[n] for n in row]
        if done in seen:
            continue
        seen.add(done)
        left = [n for n in range(len(ops)) if not done >> n & 1]
        soonest = min(ops[n].answered for n in left)
        for n in reversed(left):
            op = ops[n]
            if op.asked <= soonest and op.explained_by(stands):
                stack.append((done | 1 << n, stands - (op.takes if op.granted else 0), [*row, n]))
    return None
