"""The REST connector and its fake keep the connector contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crossdock.connectors.rest import records
from crossdock.connectors.rest.client import KIND
from crossdock.connectors.rest.settings import RestSettings
from crossdock.contracts.feeds import Said, Unread
from crossdock.testing.builders import at
from crossdock.testing.connector_contract import ConnectorContract
from crossdock.testing.fakes.rest import FakeRest


class TestRest(ConnectorContract):
    """A system that takes CloudEvents keeps every promise that it makes."""

    kind = KIND
    fake = FakeRest
    more_files = frozenset({"feeds.py", "records.py", "webhook.py", "writing.py"})

    def read(self, case: str, record: Any) -> Sequence[Said | Unread]:
        """Samples are called by their feed."""
        settings = msgspec.convert(FakeRest().settings(), RestSettings)
        return [records.said(record, case, settings.feeds[case], at(0))]
