"""One decider per message type, by subject; `decide.py` runs them, in the order of the log.

A new subject is a module here that exports `DECIDERS`, added to the table below.
"""

from __future__ import annotations

from crossdock.sagas.deciders import (
    counts,
    desk,
    effects,
    goods,
    identities,
    lots,
    masters,
    money,
    operations,
    orders,
    pauses,
    postings,
    proposals,
    purchasing,
    records,
    replenishment,
    reservations,
    returns,
    sagas,
    timers,
    transfers,
)
from crossdock.sagas.deciders.decider import Decider

DECIDERS: dict[str, Decider] = {
    **orders.DECIDERS,
    **desk.DECIDERS,
    **goods.DECIDERS,
    **purchasing.DECIDERS,
    **counts.DECIDERS,
    **transfers.DECIDERS,
    **lots.DECIDERS,
    **masters.DECIDERS,
    **reservations.DECIDERS,
    **identities.DECIDERS,
    **operations.DECIDERS,
    **pauses.DECIDERS,
    **postings.DECIDERS,
    **money.DECIDERS,
    **returns.DECIDERS,
    **replenishment.DECIDERS,
    **timers.DECIDERS,
    **records.DECIDERS,
    **effects.DECIDERS,
    **sagas.DECIDERS,
    **proposals.DECIDERS,
}
"""Every message type that may stand on the log, and how it is decided."""
