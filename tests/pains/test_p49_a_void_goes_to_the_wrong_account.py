"""P49: a label was voided in another account than the one that had bought it.

The account stands with the label from the carrier's answer on, and the void goes to the system that
sold it, with that account, whatever the house is configured to by then.
"""

from __future__ import annotations

from dataclasses import replace

from crossdock.contracts import catalogue, orders, parcels
from crossdock.log.records import Verdict
from crossdock.testing.far import told_of_parcels
from tests.pains.parcel_house import PACK, house, label


def test_a_void_names_the_account_and_goes_to_whoever_sold() -> None:
    """Though the house buys its labels elsewhere since."""
    far = house()
    far.says("wms_east", catalogue.CARTON_PACKED, PACK)
    far.says("carrier", catalogue.LABEL_BOUGHT, label("parcel.labelled/K/1", "ACC-7"))
    moved = told_of_parcels(far.hub.policy, label=("courier",))
    far.hub.policy = replace(moved, recipes=far.hub.policy.recipes)
    for system in ("erp", "tms"):
        for key in far.told(system):
            far.ends(key, Verdict.ACCEPTED)
    said = orders.OrderCancellation(order_id="O", cancellation_id="C")
    far.says("shop", catalogue.ORDER_CANCELLATION_REQUESTED, said)
    for system in ("tms", "erp"):
        for key in far.told(system):
            far.ends(key, Verdict.ACCEPTED)
    assert far.told("courier") == []
    [void] = [key for key in far.told("carrier") if "undo" in key]
    told = far.body(void, parcels.LabelVoid)
    assert (told.label_request, told.label_id, told.account) == (
        "parcel.labelled/K/1",
        "L-1",
        "ACC-7",
    )
