"""A warehouse's work on one release: what is to be picked, what stands on the staging floor."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from crossdock.contracts.orders import Release


class Step(Enum):
    """What is done next."""

    PICK = "pick"
    PACK = "pack"
    SHIP = "ship"


@dataclass(slots=True)
class JobLine:
    """One line of a release, in base units."""

    line: str
    item: str
    open: int  # asked for, not picked yet
    staged: int = 0  # picked, not shipped yet


@dataclass(slots=True, eq=False)
class Job:
    """One release on the floor."""

    release_id: str
    order_id: str
    round: int  # 1, or more where the same release was asked for again
    lines: list[JobLine]
    step: Step = Step.PICK
    picks: int = 0
    cartons: int = 0
    carton: dict[str, int] = field(default_factory=dict)  # line -> units in the open carton

    @classmethod
    def of(cls, asked: Release, round_: int) -> Job:
        """The job that a release asks for."""
        lines = [JobLine(line.line, line.item, line.quantity) for line in asked.lines]
        return cls(asked.release_id, asked.order_id, round_, lines)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to pick or to ship."""
        return not any(line.open or line.staged for line in self.lines)

    def stop_open(self, line: str, quantity: int) -> int:
        """Stop work on units not picked yet; gives how many were stopped."""
        stopped = 0
        for own in self.lines:
            if own.line == line:
                part = min(own.open, quantity - stopped)
                own.open -= part
                stopped += part
        return stopped

    def stop_staged(self, line: str, quantity: int) -> int:
        """Take units off the staging floor; gives how many were there."""
        stopped = 0
        for own in self.lines:
            if own.line == line:
                part = min(own.staged, quantity - stopped)
                own.staged -= part
                stopped += part
        return stopped

    def unpack(self) -> bool:
        """Open the carton again if nothing of it is left; gives whether there was one."""
        staged = {own.line: own.staged for own in self.lines}
        if not self.carton or any(min(staged[line], n) for line, n in self.carton.items()):
            return False
        self.after_carton()
        return True

    def after_carton(self) -> None:
        """What was in the carton has left, or was taken out: the next units come."""
        self.carton = {}
        self.step = Step.PICK if any(line.open for line in self.lines) else Step.PACK
