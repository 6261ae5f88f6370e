"""What the hub is short of: when it refuses, when it pauses, when it opens again."""

from __future__ import annotations

from pathlib import Path

from crossdock.gateway.errors import BacklogFull, DiskLow, MemoryHigh
from crossdock.log.errors import StoreUnavailable
from crossdock.runtime.pressure import Limits, Pressure, free_mib_of
from crossdock.testing.hub import at_once


class House:
    """A process whose figures are set by hand."""

    def __init__(self, limits: Limits) -> None:
        self.undecided = 0
        self.free: float | None = 1_000.0
        self.memory = 0.0
        self.away = False
        self.pressure = Pressure(
            limits, self, free_mib=lambda: self.free, memory_mib=lambda: self.memory
        )

    async def position(self) -> dict[int, tuple[int, int]]:
        """Two partitions, one of them decided to its end."""
        if self.away:
            raise StoreUnavailable
        return {0: (7, 7), 1: (10 + self.undecided, 10)}

    def look(self, **figures: float) -> tuple[str, ...]:
        """Set figures and look at them."""
        for name, figure in figures.items():
            setattr(self, name, figure)
        assert at_once(self.pressure.turn()) == 0
        return self.pressure.troubles()


LIMITS = Limits(undecided_messages=100, disk_free_mib=90, memory_mib=50)


def test_a_gauge_must_fall_a_little_below_its_limit() -> None:
    """At the limit all is well, one past it the door shuts, and it opens at nine tenths."""
    house = House(LIMITS)
    readings = [(100, ()), (101, ("backlog-full",)), (91, ("backlog-full",)), (90, ())]
    for undecided, troubles in readings:
        assert house.look(undecided=undecided) == troubles
        refusal = house.pressure.refusal()
        assert (type(refusal) is BacklogFull) is bool(troubles)


def test_the_disk_has_two_floors() -> None:
    """Below the first nothing is taken, below its half nothing is decided; both need some more."""
    house = House(LIMITS)
    for free, refuses, pauses in [
        (90, False, False),
        (89, True, False),
        (44, True, True),
        (49, True, True),
        (50, True, False),
        (99, True, False),
        (100, False, False),
    ]:
        house.look(free=free)
        assert (house.pressure.refusal() is not None, house.pressure.pauses()) == (refuses, pauses)


def test_the_worst_is_named_first() -> None:
    """Of several shortages the caller hears of the disk, then of the memory; health of all."""
    house = House(LIMITS)
    everything = house.look(free=1, memory=51, undecided=101)
    assert everything == ("disk-low", "memory-high", "backlog-full")
    assert type(house.pressure.refusal()) is DiskLow
    house.look(free=1_000)
    assert type(house.pressure.refusal()) is MemoryHigh


def test_a_database_that_is_away_is_said_and_not_refused_for() -> None:
    """Health tells; the door leaves it to the append, which waits for a moment."""
    house = House(LIMITS)
    assert house.look(away=True) == ("database-away",)
    assert house.pressure.refusal() is None
    assert house.look(away=False) == ()


def test_what_has_no_limit_or_no_figure_is_never_past() -> None:
    """A limit of 0 is none; where no disk is known, none is full."""
    house = House(Limits(undecided_messages=0, disk_free_mib=0, memory_mib=0))
    assert house.look(undecided=10**9, free=0, memory=10**6) == ()
    unknown = House(LIMITS)
    unknown.free = None
    assert unknown.look() == ()


def test_room_is_that_of_the_fullest_disk_that_is_there(tmp_path: Path) -> None:
    """Folders that do not exist do not count."""
    here = free_mib_of([tmp_path])
    assert here is not None
    assert free_mib_of([tmp_path, tmp_path / "absent"]) is not None
    assert free_mib_of([tmp_path / "absent"]) is None
