"""What each fact moves in the ledger, and what of it the shelf feels."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.contracts.returns import ReturnReceipt, ReturnReceiptLine
from crossdock.contracts.stock import (
    Receipt,
    ReceiptLine,
    StockAdjustment,
    StockMovement,
    StockPlace,
)
from crossdock.contracts.vocabulary import (
    INSIDE,
    AdjustmentReason,
    Disposition,
    MovementKind,
    StockState,
)
from crossdock.inventory import ledger
from crossdock.log.records import Movement


def shown(movements: list[Movement]) -> list[str]:
    """Movements as people read them."""
    return [
        f"{m.quantity} {m.item} {m.from_site} {m.from_state} to {m.to_site} {m.to_state}"
        for m in movements
    ]


def receipt(quantity: int, state: StockState = StockState.AVAILABLE) -> Receipt:
    """So many bolts came from a supplier, into this state."""
    line = ReceiptLine(item="bolt", quantity=quantity, state=state)
    return Receipt(receipt_id="r", site="EAST", lines=(line,))


def adjustment(quantity: int, state: StockState = StockState.AVAILABLE) -> StockAdjustment:
    """A count found so many more."""
    return StockAdjustment(
        adjustment_id="a",
        site="EAST",
        item="bolt",
        quantity=quantity,
        reason=AdjustmentReason.COUNT,
        state=state,
    )


def back(disposition: Disposition) -> ReturnReceipt:
    """Two bolts came back."""
    line = ReturnReceiptLine(line="1", item="bolt", quantity=2, disposition=disposition)
    return ReturnReceipt(return_receipt_id="rr", order_id="O1", site="EAST", lines=(line,))


def transfer() -> StockMovement:
    """Three bolts are driven from one site to the other."""
    return StockMovement(
        kind=MovementKind.TRANSFER_OUT,
        movement_id="m",
        item="bolt",
        quantity=3,
        source=StockPlace(site="EAST", state=StockState.AVAILABLE),
        target=StockPlace(site="WEST", state=StockState.IN_TRANSIT),
    )


QUARANTINE = StockState.QUARANTINE
CASES = {
    "receipt": (ledger.received(receipt(4)), "4 bolt EAST supplier to EAST available"),
    "receipt, to be inspected": (
        ledger.received(receipt(4, QUARANTINE)),
        "4 bolt EAST supplier to EAST quarantine",
    ),
    "receipt of nothing": (ledger.received(receipt(0)), ""),
    "count finds more": (
        ledger.adjusted(adjustment(2)),
        "2 bolt EAST adjustment to EAST available",
    ),
    "count finds fewer": (
        ledger.adjusted(adjustment(-2, QUARANTINE)),
        "2 bolt EAST quarantine to EAST adjustment",
    ),
    "transfer": (ledger.moved(transfer()), "3 bolt EAST available to WEST in_transit"),
    "pick": (
        [ledger.picked("bolt", "EAST", "", 1, "p")],
        "1 bolt EAST available to EAST picked",
    ),
    "not found": (
        [ledger.not_found("bolt", "EAST", "", 1, "p")],
        "1 bolt EAST available to EAST missing",
    ),
    "shipment": (
        [ledger.shipped("bolt", "EAST", "", 1, "s")],
        "1 bolt EAST picked to EAST customer",
    ),
    "return to the shelf": (
        ledger.returned(back(Disposition.RESTOCK)),
        "2 bolt EAST customer to EAST available",
    ),
    "return to be looked at": (
        ledger.returned(back(Disposition.QUARANTINE)),
        "2 bolt EAST customer to EAST quarantine",
    ),
    "return to the bin": (
        ledger.returned(back(Disposition.SCRAP)),
        "2 bolt EAST customer to EAST scrapped",
    ),
}


@pytest.mark.parametrize(("movements", "expected"), CASES.values(), ids=CASES)
def test_a_fact_moves_goods_from_account_to_account(
    movements: list[Movement], expected: str
) -> None:
    """From where, to where, how much: never into nothing (I12)."""
    assert shown(movements) == ([expected] if expected else [])


states = st.sampled_from(StockState)
sites = st.sampled_from(["EAST", "WEST"])
movements = st.builds(
    Movement,
    item=st.just("bolt"),
    lot=st.just(""),
    owner=st.just(""),
    from_site=sites,
    from_state=states,
    to_site=sites,
    to_state=states,
    quantity=st.integers(1, 9),
    document=st.just("d"),
)


@given(told=st.lists(movements, max_size=10))
def test_the_shelf_feels_what_the_available_accounts_feel(told: list[Movement]) -> None:
    """The changes of promise rows sum to the changes of the available accounts, site by site."""
    accounts: Counter[str] = Counter()
    shelf: Counter[str] = Counter()
    for one in told:
        if one.from_state is StockState.AVAILABLE:
            accounts[one.from_site] -= one.quantity
        if one.to_state is StockState.AVAILABLE:
            accounts[one.to_site] += one.quantity
        for item, site, change in ledger.sellable_change(one):
            assert item == "bolt"
            shelf[site] += change
    assert {s: n for s, n in shelf.items() if n} == {s: n for s, n in accounts.items() if n}


def test_every_disposition_has_its_account() -> None:
    """And only what goes back to the shelf may be sold again."""
    targets = {one: ledger.returned(back(one))[0].to_state for one in Disposition}
    assert [one for one, state in targets.items() if state is StockState.AVAILABLE] == [
        Disposition.RESTOCK
    ]
    assert StockState.ADJUSTMENT not in INSIDE
