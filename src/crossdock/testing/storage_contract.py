"""The storage contract: one class whose tests every engine passes, without a skip.

An engine's test module derives from `StoreContract`, says how to open a fresh engine, and adds
nothing. The parts live in `crossdock.testing.storage`, one per side of the port.
"""

from __future__ import annotations

from crossdock.testing.storage.accounts import AccountContract
from crossdock.testing.storage.answers import AnswerContract
from crossdock.testing.storage.as_of import AsOfContract
from crossdock.testing.storage.availability import AvailabilityContract
from crossdock.testing.storage.batches import BatchContract
from crossdock.testing.storage.calls import CallContract
from crossdock.testing.storage.effects import EffectContract
from crossdock.testing.storage.faults import FaultContract
from crossdock.testing.storage.feeds import FeedContract
from crossdock.testing.storage.finance import FinanceContract
from crossdock.testing.storage.intake import IntakeContract
from crossdock.testing.storage.leases import LeaseContract
from crossdock.testing.storage.looking import LookingContract
from crossdock.testing.storage.money import MoneyContract
from crossdock.testing.storage.policies import PolicyContract
from crossdock.testing.storage.reading import ReadingContract
from crossdock.testing.storage.work import WorkContract


class StoreContract(
    IntakeContract,
    LeaseContract,
    BatchContract,
    CallContract,
    EffectContract,
    AnswerContract,
    AvailabilityContract,
    ReadingContract,
    LookingContract,
    AsOfContract,
    AccountContract,
    FeedContract,
    FinanceContract,
    MoneyContract,
    PolicyContract,
    WorkContract,
    FaultContract,
):
    """Everything that an engine promises."""
