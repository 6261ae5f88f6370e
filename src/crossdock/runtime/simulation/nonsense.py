"""Messages that are well formed and mean nothing, made from the catalogue itself.

Whatever type is added there is spoken here too, by anybody, about orders and items that exist or
not. The door may refuse it and the deciders may hold it or open an exception; nothing else may
happen.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import inspect

from crossdock.contracts.catalogue import CATALOGUE, MessageType
from crossdock.estate.system import System

if TYPE_CHECKING:
    from crossdock.runtime.simulation.world import World

_INBOUND = tuple(row for row in CATALOGUE.values() if row.inbound)
_NAMES = {
    "item": ("bolt", "nut", "cog", "set", "ghost"),
    "site": ("EAST", "WEST", "MARS"),
    "destination": ("EAST", "WEST"),
    "channel": ("web", "web", "fair"),
    "line": ("1", "2", "9"),
    "customer": ("acme", "nobody"),
    "currency": ("EUR", "JPY"),
}
_SHARE_OF_OPTIONAL = 0.4


async def talk_nonsense(world: World, draw: Random, number: int) -> None:
    """One system says something of a random type, now and then not even that."""
    system: System = draw.choice(list(world.estate.systems.values()))
    name = f"n-{number}"
    if draw.random() < 0.1:
        system.outbox.put(name, draw.choice((b"{}", b'"x"', b'{"id":1}', b"[1]", b'{"a":NaN}')))
        return
    row = draw.choice(_INBOUND)
    said = _Speaker(world, draw, number).noun(row)
    world.trace.reach(f"nonsense {row.name}")
    if draw.random() < 0.2:
        name = f"n-{draw.randint(0, number)}"  # which may stand for something else already
    system.outbox.put(
        name,
        msgspec.json.encode(
            {
                "specversion": "1.0",
                "id": name,
                "source": system.name,
                "type": row.name,
                "time": system.now() + timedelta(seconds=draw.choice((0, -5, 5, -86_400))),
                "data": said,
            }
        ),
    )


class _Speaker:
    """Makes up values by their types; ids are such that others know them, too."""

    def __init__(self, world: World, draw: Random, number: int) -> None:
        self._draw = draw
        self._number = number
        self._orders = [*list(world.doings.orders)[-3:], "o-nobody"]
        self._now = world.begins + timedelta(seconds=world.loop.time())

    def noun(self, row: MessageType) -> dict[str, Any]:
        """The data of one message."""
        kind = inspect.type_info(row.noun)
        assert isinstance(kind, inspect.StructType)
        return self._struct(kind)

    def _struct(self, kind: inspect.StructType) -> dict[str, Any]:
        return {
            field.encode_name: self._value(field.type, field.name)
            for field in kind.fields
            if field.required or self._draw.random() < _SHARE_OF_OPTIONAL
        }

    def _value(self, kind: inspect.Type, name: str) -> Any:
        """A value of a type for a field of a name."""
        draw = self._draw
        if isinstance(kind, inspect.UnionType):
            return self._value(draw.choice(kind.types), name)
        if isinstance(kind, inspect.StructType):
            return self._struct(kind)
        if isinstance(kind, inspect.VarTupleType | inspect.ListType):
            least = kind.min_length or 0
            count = max(least, draw.choice((0, 1, 1, 2)))
            return [self._value(kind.item_type, name) for _ in range(count)]
        if isinstance(kind, inspect.EnumType):
            return draw.choice([member.value for member in kind.cls])
        if isinstance(kind, inspect.LiteralType):
            return draw.choice(kind.values)
        if isinstance(kind, inspect.IntType):
            return self._number_of(kind)
        if isinstance(kind, inspect.BoolType):
            return draw.random() < 0.5
        if isinstance(kind, inspect.DateTimeType):
            return self._now + timedelta(seconds=draw.choice((-60, 0, 60, 90_000)))
        if isinstance(kind, inspect.NoneType):
            return None
        if isinstance(kind, inspect.DictType):
            return {}
        return self._word(name)

    def _number_of(self, kind: inspect.IntType) -> int:
        low = max(-3, kind.ge if kind.ge is not None else -3)
        return self._draw.randint(low, low + 5) if self._draw.random() < 0.9 else low

    def _word(self, name: str) -> str:
        draw = self._draw
        if name in _NAMES:
            return draw.choice(_NAMES[name])
        if name == "order_id":
            return draw.choice(self._orders)
        if name.endswith("_id") and draw.random() < 0.5:
            return f"z-{self._number}"
        return f"z-{draw.randint(1, 3)}"
