"""A house that carries out the recipe of a parcel, with one order and one closed carton."""

from __future__ import annotations

from dataclasses import replace

from crossdock.contracts import catalogue, orders, parcels, shipments
from crossdock.contracts.vocabulary import LabelState
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.parcel.recipe import PARCEL
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.testing.far import FarSides, told_of_parcels
from crossdock.testing.hub import SmallHub, small_policy

LINE = orders.LineQuantity(line="1", item="bolt", quantity=2)
PACK = shipments.Pack(carton_id="K", order_id="O", site="EAST", lines=(LINE,))


def house(*recipes: Recipe, batch: int = 100) -> FarSides:
    """The far sides of a house with an order of two bolts."""
    policy = replace(told_of_parcels(small_policy()), recipes=RecipeBook(recipes or (PARCEL,)))
    hub = SmallHub(policy, batch=batch)
    hub.stock(EAST={"bolt": 5})
    far = FarSides(hub)
    line = orders.OrderLine(line="1", item="bolt", quantity=2)
    order = orders.Order(
        order_id="O", channel="web", customer="acme", currency="GBP", lines=(line,)
    )
    far.says("shop", catalogue.ORDER_PLACED, order)
    return far


def label(request: str, account: str = "ACC-7") -> parcels.Label:
    """A label that the carrier sold under a request."""
    return parcels.Label(
        request_id=request,
        order_id="O",
        label_id="L-1",
        account=account,
        tracking="1Z",
        state=LabelState.ACTIVE,
        price_minor=495,
        currency="GBP",
    )
