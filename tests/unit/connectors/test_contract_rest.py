"""The REST connector and its fake keep the connector contract."""

from __future__ import annotations

from typing import ClassVar

from crossdock.connectors.rest.client import KIND
from crossdock.testing.connector_contract import ConnectorContract, Promise
from crossdock.testing.fakes.rest import FakeRest


class TestRest(ConnectorContract):
    """A system that takes CloudEvents keeps every promise that it makes."""

    kind = KIND
    fake = FakeRest
    more_files = frozenset({"webhook.py"})
    lacks: ClassVar = {
        Promise.FEEDS: "it is told and posts what it has to say at the door; nobody asks it"
    }
