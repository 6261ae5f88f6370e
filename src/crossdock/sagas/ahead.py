"""What is promised of stock that is expected, as a batch sees it: by item, one document (R3, R80).

Whoever grants or takes back such a promise writes the item's document, so two who meet decide one
after the other. When stock comes free, a promise is served after all who waited before it was made
and before all who came later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec

from crossdock.contracts.vocabulary import ReservationState
from crossdock.inventory import inbound, reservations
from crossdock.inventory.inbound import Ahead, Inbound, Later, OpenLine
from crossdock.inventory.reservations import Reservation
from crossdock.log.records import Document
from crossdock.sagas.policy import ChannelPolicy

if TYPE_CHECKING:
    from crossdock.sagas.turn import Turn

KIND = "inbound"
"""The kind of document that keeps what is expected of an item; its id is the item."""

_INBOUND = msgspec.json.Decoder(Inbound)
_RESERVATION = msgspec.json.Decoder(Reservation)


class Documents(Protocol):
    """The side of a batch on which documents are kept."""

    def need_documents(self, kind: str, numbers: Sequence[str]) -> None: ...
    def document(self, kind: str, number: str) -> Document | None: ...
    def store_document(
        self,
        turn: Turn,
        kind: str,
        number: str,
        body: msgspec.Struct,
        due: datetime | None = None,
    ) -> None: ...


def may_come(
    now: Inbound,
    channel: ChannelPolicy,
    sites: Sequence[str],
    spoken_for: int,
    free: Callable[[str], int],
    since: datetime,
) -> list[Later]:
    """What a channel may promise of what comes to these sites, earliest first.

    `spoken_for` are units that others get before; `free` gives what is free at a site.
    """
    here = {one.site for one in now.open if one.site in sites}
    short = inbound.short_of({site: free(site) for site in here}, channel.keep_back)
    until = since + timedelta(days=channel.sells_ahead_days)
    return inbound.coming(now, sites, until, spoken_for + short)


class AheadBook:
    """The promises of one batch that are held by what is expected.

    Every method raises DocumentNotLoaded where the batch did not load what it looks at.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def of(self, item: str) -> Inbound:
        """What is expected of the item, and promised."""
        document = self._documents.document(KIND, item)
        return Inbound() if document is None else _INBOUND.decode(document.body)

    def coming(
        self, turn: Turn, channel: ChannelPolicy, item: str, sites: Sequence[str], taken: int
    ) -> list[Later]:
        """What the channel may promise beside `taken` units, earliest first."""
        waiting = sum(row.quantity for row in turn.waiting.served_in_order(item))
        return may_come(
            self.of(item),
            channel,
            sites,
            taken + waiting,
            lambda site: turn.book.free(item, site),
            turn.message.received_time,
        )

    def expect(self, turn: Turn, item: str, purchase_order: str, lines: list[OpenLine]) -> None:
        """So much of a purchase order is to come."""
        before = self.of(item)
        after = inbound.with_lines(before, purchase_order, lines)
        if after.open == before.open:
            return
        self._documents.store_document(turn, KIND, item, after)

    def follow(
        self,
        turn: Turn,
        reservation_id: str,
        before: Reservation | None,
        after: Reservation,
        since: datetime,
        sites: Sequence[str],
    ) -> None:
        """Let the items' documents know what a reservation is promised ahead from now on."""
        for number, one in enumerate(after.lines):
            if one.ahead == (0 if before is None else before.lines[number].ahead):
                continue
            now = self.of(one.item)
            where = (one.site,) if one.site else tuple(sites)
            part = Ahead(reservation_id, number, one.ahead, since, where)
            for known in now.ahead:
                if (known.reservation_id, known.line) == (reservation_id, number):
                    part = msgspec.structs.replace(known, quantity=one.ahead)
            self._documents.store_document(turn, KIND, one.item, inbound.with_ahead(now, part))

    def in_turn(self, turn: Turn, item: str, site: str) -> list[Ahead]:
        """Who is promised ahead and may be served there now, oldest first."""
        if not turn.policy.sells_ahead:
            return []
        found = []
        left = turn.book.uncovered(item, site)
        for part in self.of(item).ahead:
            if left > 0 and site in part.sites:
                found.append(part)
                left -= part.quantity
        numbers = [part.reservation_id for part in found]
        self._documents.need_documents("reservation", numbers)
        return found

    def serve(self, turn: Turn, part: Ahead, item: str, site: str) -> None:
        """Set units that are there aside for who was promised them ahead."""
        quantity = min(part.quantity, turn.book.free(item, site))
        document = self._documents.document("reservation", part.reservation_id)
        if quantity <= 0 or document is None:
            return
        turn.book.reserve(item, site, quantity, 0)
        known = reservations.arrive(_RESERVATION.decode(document.body), part.line, site, quantity)
        due = known.expires if known.state is ReservationState.OPEN else None
        self._documents.store_document(turn, "reservation", part.reservation_id, known, due)
        left = msgspec.structs.replace(part, quantity=part.quantity - quantity)
        after = inbound.with_ahead(self.of(item), left)
        self._documents.store_document(turn, KIND, item, after)
