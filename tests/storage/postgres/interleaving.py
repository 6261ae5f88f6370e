"""All interleavings of two sessions on a real server, statement by statement.

Each session stops before every statement of interest. A schedule says whose turn it is each time;
a session that the server lets wait for the other's lock is left waiting, and the other goes on.
Schedules are found by going back to the last choice that has an alternative, until there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

import asyncpg

_LOOK_SECONDS = 0.002
_STUCK_SECONDS = 20.0

Act = Callable[[], Awaitable[object]]


class Gate:
    """The fault hook of one session: holds it before each of these statements."""

    def __init__(self, statements: Collection[str]) -> None:
        self._statements = statements
        self._let = asyncio.Event()
        self.closed = False  # whether it stops anybody at all
        self.at: str | None = None
        self.passed: list[str] = []

    async def __call__(self, statement: str) -> None:
        """Wait to be let through."""
        if not self.closed or statement not in self._statements:
            return
        self.at = statement
        await self._let.wait()
        self._let.clear()

    def let_through(self) -> None:
        """One statement, and whatever follows up to the next gate."""
        assert self.at is not None
        self.passed.append(self.at)
        self.at = None
        self._let.set()


@dataclass(slots=True)
class Session:
    """One connection's gate, and how the server calls the connection."""

    gate: Gate
    pid: int


@dataclass(slots=True)
class Turn:
    """One choice of a schedule: who was let through, of whom."""

    chosen: int
    options: list[int]


@dataclass(slots=True)
class Run:
    """One schedule, played: its choices, where each session blocked, what the acts gave."""

    turns: list[Turn] = field(default_factory=list)
    blocked: int = 0
    results: list[object] = field(default_factory=list)


class Scheduler:
    """Plays two sessions' acts under every schedule."""

    def __init__(self, sessions: Sequence[Session], monitor: asyncpg.Connection) -> None:
        self._sessions = sessions
        self._monitor = monitor

    async def play_all(
        self,
        scene: Callable[[int], Awaitable[Sequence[Act]]],
        check: Callable[[int, Run], Awaitable[None]],
    ) -> list[Run]:
        """Set the scene anew for each schedule, play it, check what is left; gives all runs."""
        runs: list[Run] = []
        prefix: list[int] | None = []
        while prefix is not None:
            number = len(runs)
            run = await self._play(await scene(number), prefix)
            await check(number, run)
            runs.append(run)
            prefix = _next(run.turns)
        return runs

    async def _play(self, acts: Sequence[Act], prefix: Sequence[int]) -> Run:
        run = Run()
        for session in self._sessions:
            session.gate.closed = True
            session.gate.passed = []
        tasks = [asyncio.ensure_future(act()) for act in acts]
        await self._settle(tasks, run)
        while not all(task.done() for task in tasks):
            options = [n for n, session in enumerate(self._sessions) if session.gate.at is not None]
            if options:
                at = len(run.turns)
                chosen = prefix[at] if at < len(prefix) else options[0]
                assert chosen in options, "the same choices lead to the same place"
                run.turns.append(Turn(chosen, options))
                self._sessions[chosen].gate.let_through()
            await self._settle(tasks, run)
        for session in self._sessions:
            session.gate.closed = False
        run.results = list(await asyncio.gather(*tasks, return_exceptions=True))
        return run

    async def _settle(self, tasks: Sequence[asyncio.Future[object]], run: Run) -> None:
        """Wait until each session is done, stands at its gate, or waits for the other's lock."""
        async with asyncio.timeout(_STUCK_SECONDS):
            while True:
                for _ in range(20):
                    await asyncio.sleep(0)
                moving = [
                    session
                    for session, task in zip(self._sessions, tasks, strict=True)
                    if not task.done() and session.gate.at is None
                ]
                if not moving:
                    return
                if len(moving) < len(tasks) and await self._all_blocked(moving):
                    run.blocked += 1
                    return
                await asyncio.sleep(_LOOK_SECONDS)

    async def _all_blocked(self, moving: Sequence[Session]) -> bool:
        blocked = await self._monitor.fetchval(
            "SELECT bool_and(cardinality(pg_blocking_pids(pid)) > 0) FROM unnest($1::int[]) AS pid",
            [session.pid for session in moving],
        )
        return bool(blocked)


def _next(turns: list[Turn]) -> list[int] | None:
    """The choices up to the last one that has an alternative, with that; None: all were tried."""
    while turns:
        last = turns[-1]
        later = last.options[last.options.index(last.chosen) + 1 :]
        if later:
            return [turn.chosen for turn in turns[:-1]] + [later[0]]
        turns = turns[:-1]
    return None
