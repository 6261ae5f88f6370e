"""The contract of stock policies: whoever runs low, or low no more, is found."""

from __future__ import annotations

import msgspec

from crossdock.inventory.inbound import Ahead, Inbound, OpenLine
from crossdock.log.records import Document
from crossdock.testing.builders import at, stock
from crossdock.testing.storage.engine import ContractBase, Engine, land, scene


def policy(item: str, point: int | None, *, low: bool = False) -> tuple[Document, int]:
    """The first revision of a policy for an item at EAST."""
    said = {"item": item, "site": "EAST"} | ({} if point is None else {"reorder_point": point})
    body = msgspec.Raw(msgspec.json.encode({"policy": said, "low": low}))
    return Document("stock-policy", f"{item}/EAST", 1, None, body), 0


def expected(item: str, site: str, quantity: int, *, promised: int = 0) -> tuple[Document, int]:
    """A purchase order that is to come, and what of the item is promised ahead."""
    coming = Inbound([OpenLine(site, quantity, at(9), "PO-1", "1")])
    if promised:
        coming.ahead = [Ahead("R-1", 0, promised, at(1), (site,))]
    return Document("inbound", item, 1, None, msgspec.Raw(msgspec.json.encode(coming))), 0


class PolicyContract(ContractBase):
    """What `policies_to_review` promises."""

    @scene
    async def test_who_runs_low_unnoticed_is_found(self, on: Engine) -> None:
        """Low and not known to be, or known to be and low no more; free stock counts."""
        store = await on.handle()
        assert await store.policies_to_review("", 9) == ([], "")
        await land(
            store,
            stock=[
                stock(item="at", sellable=9, reserved=4),
                stock(item="above", sellable=9, reserved=3),
                stock(item="again", sellable=9),
                stock(item="known", sellable=1),
                stock(item="never", sellable=0),
            ],
            documents=[
                policy("at", 5),
                policy("above", 5),
                policy("again", 5, low=True),
                policy("known", 5, low=True),
                policy("never", None),
                policy("nowhere", 0),
            ],
        )
        found, further = await store.policies_to_review("", 9)
        assert found == [("again", "EAST"), ("at", "EAST"), ("nowhere", "EAST")]
        assert further == ""

    @scene
    async def test_what_is_expected_at_the_site_counts(self, on: Engine) -> None:
        """Less what may be served there with it; what comes elsewhere does not help."""
        store = await on.handle()
        await land(
            store,
            stock=[stock(item=item, sellable=2) for item in ("few", "more", "spoken", "west")],
            documents=[
                *(policy(item, 5) for item in ("few", "more", "spoken", "west")),
                expected("few", "EAST", 3),
                expected("more", "EAST", 4),
                expected("spoken", "EAST", 9, promised=6),
                expected("west", "WEST", 9),
            ],
        )
        found, _ = await store.policies_to_review("", 9)
        assert found == [("few", "EAST"), ("spoken", "EAST"), ("west", "EAST")]

    @scene
    async def test_policies_are_looked_at_in_pages(self, on: Engine) -> None:
        """Each page goes on where the one before ended; the last one says so."""
        store = await on.handle()
        await land(store, documents=[policy(item, 0) for item in ("a", "b", "c")])
        found: list[str] = []
        further, pages = "", 0
        while pages < 9:
            page, further = await store.policies_to_review(further, 2)
            found += [item for item, _ in page]
            pages += 1
            if not further:
                break
        assert (found, pages) == (["a", "b", "c"], 2)
