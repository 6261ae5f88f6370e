"""The connector contract: one class whose tests every connector and its fake pass.

A connector's test module derives from `ConnectorContract`, names its `kind` and its fake, says with
a reason what it lacks, and adds nothing. The parts live in `crossdock.testing.connectors`.
"""

from __future__ import annotations

from crossdock.testing.connectors.bench import Promise
from crossdock.testing.connectors.cards import CardContract
from crossdock.testing.connectors.hearing import HearContract
from crossdock.testing.connectors.samples import SampleContract
from crossdock.testing.connectors.sending import SendContract

__all__ = ["ConnectorContract", "Promise"]


class ConnectorContract(CardContract, SampleContract, SendContract, HearContract):
    """Everything that a connector promises."""
