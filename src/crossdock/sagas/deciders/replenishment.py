"""What a stock policy does: safety stock is never promised, and more is asked for in time."""

from __future__ import annotations

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.replenishment import (
    ReplenishmentRequest,
    StockPolicy,
    StockPolicyReview,
)
from crossdock.log.records import Wanted
from crossdock.sagas import ahead, fulfilment
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn

POLICY = "stock-policy"
"""The kind of document that keeps a site's policy for an item."""


class PolicyState(msgspec.Struct, frozen=True):
    """A policy, and whether its site is low on the item: then it was asked for more."""

    policy: StockPolicy
    low: bool = False


_STATE = msgspec.json.Decoder(PolicyState)


def _policy_id(said: StockPolicy | StockPolicyReview) -> str:
    return f"{said.item}/{said.site}"


def _known(batch: Batch, said: StockPolicy | StockPolicyReview) -> PolicyState | None:
    document = batch.document(POLICY, _policy_id(said))
    return None if document is None else _STATE.decode(document.body)


def _changed(batch: Batch, turn: Turn, said: StockPolicy) -> None:
    known = _known(batch, said)
    if known is not None and known.policy.revision >= said.revision:
        turn.supersede(f"revision {known.policy.revision} of the policy is known")
        return
    before = 0 if known is None else known.policy.safety_stock
    turn.book.keep_safe(said.item, said.site, said.safety_stock - before)
    if said.safety_stock < before:
        fulfilment.serve_waiting(turn, said.item, said.site)
    was_low = known is not None and known.low
    low = _is_low(turn, said)
    batch.store_document(turn, POLICY, _policy_id(said), PolicyState(said, low))
    if low and not was_low:
        _ask(turn, said)


def _reviewed(batch: Batch, turn: Turn, said: StockPolicyReview) -> None:
    known = _known(batch, said)
    if known is None or known.low == (low := _is_low(turn, known.policy)):
        turn.supersede("the site is as low on the item as it was known to be")
        return
    batch.store_document(turn, POLICY, _policy_id(said), PolicyState(known.policy, low))
    if low:
        _ask(turn, known.policy)


def _is_low(turn: Turn, policy: StockPolicy) -> bool:
    point = policy.reorder_point
    if point is None:
        return False
    return turn.book.free(policy.item, policy.site) + _expected(turn, policy) <= point


def _expected(turn: Turn, policy: StockPolicy) -> int:
    return turn.ahead.of(policy.item).unpromised(policy.site)


def _ask(turn: Turn, policy: StockPolicy) -> None:
    assert policy.reorder_point is not None
    request = ReplenishmentRequest(
        request_id=f"RP-{turn.lasting_name}",
        item=policy.item,
        site=policy.site,
        free=turn.book.free(policy.item, policy.site),
        expected=_expected(turn, policy),
        reorder_point=policy.reorder_point,
        quantity=policy.reorder_quantity,
    )
    turn.tell(
        turn.policy.matrix.consumers("replenishment", policy.site),
        catalogue.REPLENISHMENT_REQUESTED,
        policy.item,
        request,
        f"replenishment/{request.request_id}",
    )


def _wants(wanted: Wanted, said: StockPolicy | StockPolicyReview) -> None:
    wanted.documents.add((POLICY, _policy_id(said)))
    wanted.documents.add((ahead.KIND, said.item))
    wanted.items.add(said.item)


DECIDERS: dict[str, Decider] = {
    catalogue.STOCK_POLICY_CHANGED: Decider(_changed, _wants),
    catalogue.STOCK_POLICY_REVIEWED: Decider(_reviewed, _wants),
}
"""Every message about stock policies."""
