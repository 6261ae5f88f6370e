"""The files connector keeps the connector contract, with a partner who leaves and takes files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from crossdock.connectors.files import inbound
from crossdock.connectors.files.client import KIND
from crossdock.connectors.files.settings import FilesSettings
from crossdock.contracts.feeds import Said, Unread
from crossdock.testing.builders import at
from crossdock.testing.connector_contract import ConnectorContract, Promise
from crossdock.testing.fakes.files import FakePartner


class TestFiles(ConnectorContract):
    """A folder keeps every promise that it makes."""

    kind = KIND
    fake = FakePartner
    lacks: ClassVar = {
        Promise.STATUSES: "a folder has no statuses; its troubles are tried in test_files.py",
        Promise.VOID: "a file that was taken has no state that we could see",
    }
    more_files = frozenset({"feeds.py"})

    def read(self, case: str, record: Any) -> Sequence[Said | Unread]:
        """Samples are called by their feed."""
        settings = msgspec.convert(FakePartner().settings(), FilesSettings)
        return [inbound.said(record, settings.feeds[case], "load", at(0))]
