"""The recipes that ship with the hub, by name; a house says in `crossdock.yaml` which it uses."""

from __future__ import annotations

from typing import Final

from crossdock.sagas.recipes.goods_back import RETURN
from crossdock.sagas.recipes.invoice_match import INVOICE_MATCH
from crossdock.sagas.recipes.order_to_ship import ORDER_TO_SHIP
from crossdock.sagas.recipes.parcel.recipe import PARCEL
from crossdock.sagas.recipes.recipe import Recipe

SHIPPED: Final[dict[str, tuple[Recipe, ...]]] = {
    ORDER_TO_SHIP.name: (ORDER_TO_SHIP,),
    PARCEL.name: (PARCEL,),
    RETURN.name: (RETURN,),
    INVOICE_MATCH.name: (INVOICE_MATCH,),
}
"""Name -> every version of it, the oldest first."""
