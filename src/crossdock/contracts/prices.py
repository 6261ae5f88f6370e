"""What an item costs by a price list: quantity breaks, unit, currency, validity (R12)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from crossdock.contracts.words import Currency, Identifier, Instant, Noun, PriceE4, Quantity
from crossdock.kernel.limits import PRICE_STEPS_MAX


class PriceStep(Noun, frozen=True, kw_only=True):
    """A price per `unit` (the base unit where none is named) from so many of them on."""

    currency: Currency
    unit_price_e4: PriceE4
    from_quantity: Quantity = 1
    unit: Identifier | None = None
    valid_from: Instant | None = None
    valid_until: Instant | None = None  # and not at that moment any more

    def holds(self, currency: str, unit: str, quantity: int, at: datetime) -> bool:
        """Whether this is a price of so many units at that time; `unit` "" is the base unit."""
        return (
            self.currency == currency
            and (self.unit or "") == unit
            and self.from_quantity <= quantity
            and (self.valid_from is None or self.valid_from <= at)
            and (self.valid_until is None or at < self.valid_until)
        )


class Price(Noun, frozen=True, kw_only=True):
    """All prices of one item on one list; `price` is the two names, `RETAIL/85123A`."""

    price: Identifier
    price_list: Identifier
    item: Identifier
    steps: Annotated[tuple[PriceStep, ...], Meta(max_length=PRICE_STEPS_MAX)]
    revision: Quantity = 1

    def __post_init__(self) -> None:
        """Refuse a number that is not made of the list and the item: it is looked up by them.

        Raises:
            ValueError: it is another number.
        """
        if self.price != price_key(self.price_list, self.item):
            raise ValueError("Expected `price` to be `<price_list>/<item>`")


def price_key(price_list: str, item: str) -> str:
    """Under which number the prices of an item on a list are kept."""
    return f"{price_list}/{item}"


def price_of(
    price: Price, currency: str, unit: str, quantity: int, at: datetime
) -> PriceStep | None:
    """The price of so many units: of the steps that hold, the one of the largest quantity.

    Of two such steps the one that holds from later on; None where no step holds.
    """
    holding = [one for one in price.steps if one.holds(currency, unit, quantity, at)]
    return max(holding, key=_by_quantity_and_start, default=None)


def _by_quantity_and_start(step: PriceStep) -> tuple[int, float]:
    start = step.valid_from
    return step.from_quantity, float("-inf") if start is None else start.timestamp()
