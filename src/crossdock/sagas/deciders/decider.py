"""What a decider is: one function per message type, and what it must see to do its work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossdock.log.records import Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn


def nothing_more(wanted: Wanted, noun: Any) -> None:
    """Ask for nothing beyond the order that the message is about."""


@dataclass(frozen=True, slots=True)
class Decider:
    """How one message type is decided.

    `decide` is pure: batch, turn and noun in, changes to the turn's outcome out. `wants` adds what
    it will look at, so that a batch is loaded in one go; what it forgets is asked for later, at the
    price of another round. The order of a message that is keyed by one is always loaded.
    `contradicted` adds to what becomes of a message whose business key has other content already:
    it is held, and whoever asked may need an answer; unless `revives` says that what came before
    was refused. `further` adds what can only be named once something else is there.
    """

    decide: Callable[[Batch, Turn, Any], None]
    wants: Callable[[Wanted, Any], None] = nothing_more
    contradicted: Callable[[Batch, Turn, Any], None] | None = None
    further: Callable[[Batch, Wanted, Any], None] | None = None
    revives: Callable[[Batch, Any], bool] | None = None


def items_of_lines(wanted: Wanted, noun: Any) -> None:
    """Ask for the free stock of every item that the noun's lines name."""
    wanted.items.update(line.item for line in noun.lines)


def its_item(wanted: Wanted, noun: Any) -> None:
    """Ask for the free stock of the item that the noun names."""
    wanted.items.add(noun.item)
