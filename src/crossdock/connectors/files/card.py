"""Who a folder of files is."""

from __future__ import annotations

from crossdock.connectors.kit.card import Capability, Card, Limits
from crossdock.kernel.limits import MIB

CARD = Card(
    id="files",
    label="Files",
    summary="CSV, JSON, NDJSON or XML files in a folder, mapped by declaration; JSON files out",
    documentation="https://www.rfc-editor.org/rfc/rfc4180",
    capabilities=frozenset({Capability.SEND, Capability.LOOK_UP, Capability.RECEIVE}),
    limits=Limits(documents_per_request_max=1, reply_bytes_max=64 * MIB),
)
