"""The Vendure connector and its fake keep the connector contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crossdock.connectors.vendure import inbound
from crossdock.connectors.vendure.client import KIND
from crossdock.connectors.vendure.settings import VendureSettings
from crossdock.contracts.feeds import Said, Unread
from crossdock.testing.connector_contract import ConnectorContract
from crossdock.testing.fakes.vendure import FakeVendure


class TestVendure(ConnectorContract):
    """A shop keeps every promise of a connector."""

    kind = KIND
    fake = FakeVendure
    more_files = frozenset({"api.py", "feeds.py"})

    def read(self, case: str, record: Any) -> Sequence[Said | Unread]:
        """Every sample is an order."""
        return inbound.order(record, msgspec.convert(FakeVendure().settings(), VendureSettings))
