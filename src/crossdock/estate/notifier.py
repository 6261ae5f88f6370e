"""A notification service, and the dashboard beside it: each counts what it was asked to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.parcels import Notice, ParcelProgress
from crossdock.estate.config import NotifierConfig
from crossdock.estate.system import System


class Notifier(System):
    """Who writes to customers and fills dashboards."""

    kind = "notifier"

    def __init__(self, name: str, config: NotifierConfig, hub: str, seed: int, host: str) -> None:
        super().__init__(name, config, hub, seed, host)
        self.notices: Counter[str] = Counter()  # carton -> notices to its customer
        self.progress: Counter[str] = Counter()  # carton -> times on the dashboard

    def handlers(self) -> Mapping[str, Callable[[Any], str]]:
        """It is asked to write, and told how far cartons are."""
        return {
            catalogue.NOTICE_REQUESTED: self._notice,
            catalogue.PARCEL_PROGRESSED: self._progress,
        }

    def books(self, *, brief: bool) -> dict[str, Any]:
        """Notices, and customers who got one twice."""
        books: dict[str, Any] = {
            "notices": self.notices.total(),
            "notices_twice": self.notices.total() - len(self.notices),
            "on_the_dashboard": len(self.progress),
        }
        if not brief:
            books["by_carton"] = dict(self.notices)
        return books

    def _notice(self, asked: Notice) -> str:
        carton = asked.carton_id or asked.order_id
        self.notices[carton] += 1
        return self.dice.number("N-", asked.request_id)

    def _progress(self, said: ParcelProgress) -> str:
        self.progress[said.carton_id] += 1
        return self.dice.number("D-", said.request_id)
