"""A parcel carrier: it quotes rates, sells labels from an account of ours, and voids them.

A label is sold once per request, whatever our ability says about keys; what was sold twice for one
carton its truth shows. A share of its first answers is a label of long ago that is cancelled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.parcels import (
    Label,
    LabelRequest,
    LabelVoid,
    LabelVoided,
    RateQuote,
    RateRequest,
)
from crossdock.contracts.vocabulary import LabelState
from crossdock.estate.config import CarrierConfig
from crossdock.estate.system import Declined, System


@dataclass(slots=True)
class Sold:
    """One label on the carrier's books."""

    carton_id: str
    account: str
    price_minor: int
    active: bool = True


class Carrier(System):
    """Who carries parcels."""

    kind = "carrier"

    def __init__(self, name: str, config: CarrierConfig, hub: str, seed: int, host: str) -> None:
        super().__init__(name, config, hub, seed, host)
        self._config = config
        self.labels: dict[str, Sold] = {}  # request -> label
        self.stale = 0  # answers with a label that was cancelled before
        self.quotes = 0
        self.voids: Counter[str] = Counter()  # request of the label -> times voided

    def handlers(self) -> Mapping[str, Callable[[Any], str]]:
        """It is asked for rates and labels, and to void some."""
        return {
            catalogue.RATE_REQUESTED: self._rate,
            catalogue.LABEL_REQUESTED: self._sell,
            catalogue.LABEL_VOID_REQUESTED: self._void,
        }

    def active_by_carton(self) -> Counter[str]:
        """Carton -> labels of it that are paid for and not void."""
        return Counter(one.carton_id for one in self.labels.values() if one.active)

    def books(self, *, brief: bool) -> dict[str, Any]:
        """Labels sold and void, and what they come to."""
        active = self.active_by_carton()
        books: dict[str, Any] = {
            "labels": len(self.labels),
            "labels_active": active.total(),
            "labels_too_many": active.total() - len(active),
            "labels_void": sum(not one.active for one in self.labels.values()),
            "labels_stale": self.stale,
            "quotes": self.quotes,
            "spent_minor": sum(one.price_minor for one in self.labels.values() if one.active),
        }
        if not brief:
            books["by_carton"] = dict(active)
        return books

    def _rate(self, asked: RateRequest) -> str:
        self.quotes += 1
        self.say(
            catalogue.RATE_QUOTED,
            RateQuote(
                request_id=asked.request_id,
                order_id=asked.order_id,
                price_minor=self._price(asked.carton_id),
                currency=self._config.currency,
                service="standard",
            ),
        )
        return self.dice.number("Q-", asked.request_id)

    def _price(self, carton_id: str) -> int:
        return 400 + int(300 * self.dice.share("price", carton_id))

    def _sell(self, asked: LabelRequest) -> str:
        number = self.dice.number("1Z", asked.request_id)
        first = asked.request_id.endswith("/1")
        if first and self.dice.hits(self._config.stale, "stale", asked.carton_id):
            self.stale += 1
            self._answer(asked, number, LabelState.CANCELLED)
            return number
        if asked.request_id not in self.labels:
            price = self._price(asked.carton_id)
            self.labels[asked.request_id] = Sold(asked.carton_id, self._config.account, price)
        seconds = self.dice.between(self._config.label_seconds, "label", asked.request_id)
        self.work.later(seconds, partial(self._answer, asked, number, LabelState.ACTIVE))
        return number

    def _answer(self, asked: LabelRequest, number: str, state: LabelState) -> None:
        self.say(
            catalogue.LABEL_BOUGHT,
            Label(
                request_id=asked.request_id,
                order_id=asked.order_id,
                label_id=number,
                account=self._config.account,
                tracking=number,
                state=state,
                price_minor=self._price(asked.carton_id),
                currency=self._config.currency,
                service=asked.service,
            ),
        )

    def _void(self, asked: LabelVoid) -> str:
        if asked.account not in (None, self._config.account):
            raise Declined(f"no label of the account {asked.account} was sold here")
        sold = self.labels.get(asked.label_request)
        found = sold is not None and sold.active
        if sold is not None:
            sold.active = False
        self.voids[asked.label_request] += found
        self.say(
            catalogue.LABEL_VOIDED,
            LabelVoided(request_id=asked.request_id, order_id=asked.order_id, found=found),
        )
        return self.dice.number("V-", asked.request_id)
