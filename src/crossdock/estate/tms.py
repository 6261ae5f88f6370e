"""A transport management system: bookings by our request, cancelled by it too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.parcels import Booking, BookingCancellation
from crossdock.estate.config import TmsConfig
from crossdock.estate.system import System


class Tms(System):
    """Who plans lorries."""

    kind = "tms"

    def __init__(self, name: str, config: TmsConfig, hub: str, seed: int, host: str) -> None:
        super().__init__(name, config, hub, seed, host)
        self.bookings: dict[str, str] = {}  # request -> carton, while the booking stands
        self.made: Counter[str] = Counter()  # request -> times booked
        self.cancelled: Counter[str] = Counter()  # request -> times cancelled

    def handlers(self) -> Mapping[str, Callable[[Any], str]]:
        """It is asked to book, and not to."""
        return {
            catalogue.BOOKING_REQUESTED: self._book,
            catalogue.BOOKING_CANCELLED: self._cancel,
        }

    def by_carton(self) -> Counter[str]:
        """Carton -> bookings that stand."""
        return Counter(self.bookings.values())

    def books(self, *, brief: bool) -> dict[str, Any]:
        """Bookings that stand, and those that do not any more."""
        books: dict[str, Any] = {
            "bookings": len(self.bookings),
            "bookings_twice": self.made.total() - len(self.made),
            "cancelled": len(self.cancelled),
        }
        if not brief:
            books["by_carton"] = dict(self.by_carton())
        return books

    def _book(self, asked: Booking) -> str:
        self.made[asked.request_id] += 1
        if asked.request_id not in self.cancelled:
            self.bookings[asked.request_id] = asked.carton_id
        return self.dice.number("TR-", asked.request_id)

    def _cancel(self, asked: BookingCancellation) -> str:
        self.cancelled[asked.booking_request] += 1
        self.bookings.pop(asked.booking_request, None)
        return self.dice.number("TX-", asked.request_id)
