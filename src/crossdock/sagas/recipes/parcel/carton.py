"""What an instance keeps of the carton that began it."""

from __future__ import annotations

import msgspec

from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.shipments import Pack
from crossdock.contracts.words import Address
from crossdock.sagas.recipes.parts import Scene


class Carton(msgspec.Struct, omit_defaults=True):
    """A closed carton. The site is the one that packed it, and says whom to tell."""

    carton_id: str
    order_id: str
    site: str
    lines: tuple[LineQuantity, ...]
    weight_grams: int | None = None


def carton_of(said: Pack) -> Carton:
    """The carton of a packing."""
    return Carton(said.carton_id, said.order_id, said.site, said.lines, said.weight_grams)


def ship_to(scene: Scene) -> Address:
    """Where the carton goes, as its order says; empty while the order is not known."""
    return scene.order.ship_to if scene.order is not None else Address()
