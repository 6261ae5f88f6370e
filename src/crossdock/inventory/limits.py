"""How much a correction may change by itself, and before people are shown it (R90, R91, R92)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CorrectionLimit:
    """So many units, or so much of what was believed, at one site or any, of one class or any.

    A site or class of "" is any; None: no limit.
    """

    site: str = ""
    item_class: str = ""
    units: int | None = None  # base units
    percent: int | None = None  # of what the account held

    @property
    def precision(self) -> int:
        """How narrowly it is meant; the narrowest limit that fits holds."""
        return 2 * bool(self.site) + bool(self.item_class)

    def fits(self, site: str, item_class: str) -> bool:
        """Whether it is meant for this class of items at this site."""
        return self.site in ("", site) and self.item_class in ("", item_class)

    def exceeded(self, change: int, held: int) -> str:
        """In words, what of it a change of so many units goes beyond; "" where it does not."""
        size = abs(change)
        if self.units is not None and size > self.units:
            return f"more than {self.units} units"
        if self.percent is not None and size * 100 > self.percent * max(held, 0):
            return f"more than {self.percent} percent of {held}"
        return ""


def narrowest(
    limits: Iterable[CorrectionLimit], site: str, item_class: str
) -> CorrectionLimit | None:
    """The limit that holds for a class of items at a site; None where none does."""
    fitting = [limit for limit in limits if limit.fits(site, item_class)]
    return max(fitting, key=lambda limit: limit.precision, default=None)


def variance(tolerance: CorrectionLimit, counted: int, change: int) -> str:
    """The figures of a count that changed stock beyond the tolerance; "" where it did not."""
    beyond = tolerance.exceeded(change, counted - change)
    return f"counted {counted}, believed {counted - change}, {change:+}: {beyond}" if beyond else ""
