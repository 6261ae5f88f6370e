"""Orders that are held because of a master record, and are looked at again when it changes.

Per record there is a list (`order-watch`, `credit/ACME`) in pages of its own, so that one which a
thousand orders wait for is not written a thousand times over. Waking says a review of every order
on the list, and begins a new one: whoever is still held enters himself again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.orders import OrderReview
from crossdock.log.records import Wanted
from crossdock.orders.doings import Doing
from crossdock.orders.state import OrderState
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

LIST: Final = "order-watch"
PAGE: Final = "order-watch-page"
_PAGE_ORDERS: Final = 200


class Watch(msgspec.Struct):
    """How many orders are on the list of this round."""

    round: int = 1
    count: int = 0


class Page(msgspec.Struct):
    """Orders of one page."""

    orders: list[str]


_WATCH = msgspec.json.Decoder(Watch)
_PAGES = msgspec.json.Decoder(Page)


def watch(batch: Batch, turn: Turn, order: OrderState, entity: str, number: str) -> None:
    """Let the order be looked at again when this record changes."""
    name = f"{entity}/{number}"
    known = batch.document(LIST, name)
    listed = Watch() if known is None else _WATCH.decode(known.body)
    if order.watching.get(name) == listed.round:
        return
    page = f"{name}/{listed.round}/{listed.count // _PAGE_ORDERS}"
    written = batch.document(PAGE, page)
    others = [] if written is None else _PAGES.decode(written.body).orders
    batch.store_document(turn, PAGE, page, Page([*others, order.order_id]))
    batch.store_document(turn, LIST, name, Watch(listed.round, listed.count + 1))
    turn.remember(order, Doing.WATCHING, listed.round, name)


def further(batch: Batch, more: Wanted, entity: str, number: str) -> None:
    """Ask for the list of a record and its pages, as far as they can be named."""
    name = f"{entity}/{number}"
    more.documents.add((LIST, name))
    if (LIST, name) in batch.wanted.documents:
        known = batch.document(LIST, name)
        listed = Watch() if known is None else _WATCH.decode(known.body)
        pages = range(listed.count // _PAGE_ORDERS + 1)
        more.documents.update((PAGE, f"{name}/{listed.round}/{page}") for page in pages)
        more.documents.add((PAGE, f"{name}/{listed.round + 1}/0"))


def wake(batch: Batch, turn: Turn, entity: str, number: str) -> None:
    """Have every order looked at again that is held because of this record."""
    name = f"{entity}/{number}"
    known = batch.document(LIST, name)
    listed = Watch() if known is None else _WATCH.decode(known.body)
    if not listed.count:
        return
    pages = [f"{name}/{listed.round}/{page}" for page in range(-(-listed.count // _PAGE_ORDERS))]
    batch.need_documents(PAGE, pages)
    for page in pages:
        written = batch.document(PAGE, page)
        for order_id in [] if written is None else _PAGES.decode(written.body).orders:
            review = OrderReview(order_id=order_id, reason=f"{name} has changed")
            turn.say(catalogue.ORDER_REVIEW_REQUESTED, order_id, review)
    batch.store_document(turn, LIST, name, Watch(listed.round + 1, 0))
