"""The Tryton connector and its fake keep the connector contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from crossdock.connectors.kit.reading import shaped
from crossdock.connectors.kit.verdicts import Verdict
from crossdock.connectors.tryton import inbound, wire
from crossdock.connectors.tryton.client import KIND
from crossdock.contracts.feeds import Said, Unread
from crossdock.testing.connector_contract import ConnectorContract
from crossdock.testing.fakes.tryton import FakeTryton, FakeTrytonByJsonRpc


class Posted(msgspec.Struct):
    """A golden invoice, with what the feed asks for beside it."""

    record: dict[str, Any]
    sales: tuple[wire.SaleLine, ...]
    shipments: tuple[wire.Left, ...]


class Sent(msgspec.Struct):
    """A golden shipment, with what the feed asks for beside it."""

    record: dict[str, Any]
    sales: tuple[wire.SaleLine, ...]


OWN = inbound.Own(datetime(2026, 3, 1, tzinfo=UTC), "counter", ("NORTH",))


class TestTryton(ConnectorContract):
    """An ERP keeps every promise of a connector."""

    kind = KIND
    fake = FakeTryton
    more_files = frozenset({"api.py", "feeds.py"})

    def read(self, case: str, record: Any) -> Sequence[Said | Unread]:
        """Each sample is a record of the feed that it is named after."""
        if case == "item":
            return inbound.item(record)
        if case == "price":
            return inbound.price(record, "LIST", "USD")
        if case == "party":
            return inbound.party(record)
        if case.startswith("purchase"):
            return inbound.purchase(record)
        if case == "order":
            return inbound.order(record, "counter")
        if case == "received":
            return inbound.receipt(record)
        if case == "left":
            sent = shaped(record, Sent)
            return inbound.shipment(sent.record, {line.id: line for line in sent.sales}, OWN)
        given = shaped(record, Posted)
        sales = {line.id: line for line in given.sales}
        return inbound.posted(given.record, sales, {one.id: one for one in given.shipments})


class TestTrytonByJsonRpc(TestTryton):
    """By its other interface it keeps the same, and means the same."""

    fake = FakeTrytonByJsonRpc
    overrides = dict.fromkeys((404, 405), (Verdict.SLOW_DOWN, "no database there, or it is away"))
    requests = ".json_rpc.json"
