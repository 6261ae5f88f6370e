"""Ledger accounts as a batch sees them: what was loaded, and what its messages moved so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from crossdock.log.accounts import Account, Counted, Expected, Lot, Moment, WholeLot
from crossdock.log.records import Loaded, Movement, Wanted


class AccountsNotLoaded(LookupError):
    """A decision asked for accounts that the batch had not loaded."""

    def __init__(self, moments: Iterable[Moment] = (), lots: Iterable[Lot] = ()) -> None:
        self.moments = set(moments)
        self.lots = set(lots)
        super().__init__(self.moments, self.lots)


class Accounts:
    """The accounts of one batch; what was asked for must still be so when the batch is written."""

    def __init__(self, wanted: Wanted, loaded: Loaded) -> None:
        self.entered: list[tuple[Movement, datetime]] = []  # with their event times
        self._wanted = wanted
        self._loaded = loaded
        self._relied_on: set[Moment] = set()
        self._whole: set[Lot] = set()
        self._counts: dict[Account, tuple[str, dict[datetime, int]]] = {}

    def held(self, moments: Iterable[Moment]) -> list[int]:
        """What accounts held as of event times, or hold.

        Raises:
            AccountsNotLoaded: the batch did not load one of them.
        """
        asked = list(moments)
        missing = [moment for moment in asked if moment not in self._wanted.accounts]
        if missing:
            raise AccountsNotLoaded(moments=missing)
        self._relied_on.update(asked)
        return [self._now(moment) for moment in asked]

    def of_lot(self, lot: Lot) -> dict[Account, int]:
        """What each account of a lot holds; empty ones left out.

        Raises:
            AccountsNotLoaded: the batch did not load the lot.
        """
        if lot not in self._wanted.lots:
            raise AccountsNotLoaded(lots=[lot])
        held = dict(self._loaded.lots.get(lot, {}))
        for account, change, _ in self._changes():
            if (account[0], account[2]) == lot:
                held[account] = held.get(account, 0) + change
        return {account: held[account] for account in sorted(held) if held[account]}

    def whole_lot(self, lot: Lot) -> dict[Account, int]:
        """As `of_lot`; that nothing else is held of the lot must still be so when it is written.

        Raises:
            AccountsNotLoaded: the batch did not load the lot.
        """
        held = self.of_lot(lot)
        self._whole.add(lot)
        return held

    def count(self, account: Account, document: str, counts: dict[datetime, int]) -> None:
        """Remember that an account was counted: its units by the event time of each count."""
        self._counts[account] = (document, counts)

    def expected(self) -> list[Expected]:
        """What must be so after the batch is written."""
        return [
            Expected(account, as_of, self._now((account, as_of)))
            for account, as_of in sorted(self._relied_on, key=_order)
        ]

    def whole(self) -> list[WholeLot]:
        """Lots of which nothing else may be held after the batch is written."""
        return [WholeLot(lot, self.of_lot(lot)) for lot in sorted(self._whole)]

    def counted(self) -> list[Counted]:
        """What was counted; again where a later message of the batch happened before the count."""
        return [
            Counted(
                account,
                document,
                max(counts),
                any(self._now((account, at)) != units for at, units in counts.items()),
            )
            for account, (document, counts) in sorted(self._counts.items())
        ]

    def _now(self, moment: Moment) -> int:
        account, as_of = moment
        return self._loaded.accounts.get(moment, 0) + sum(
            change
            for one, change, happened in self._changes()
            if one == account and (as_of is None or happened <= as_of)
        )

    def _changes(self) -> Iterator[tuple[Account, int, datetime]]:
        for m, happened in self.entered:
            yield (m.item, m.from_site, m.lot, m.from_state.value, m.owner), -m.quantity, happened
            yield (m.item, m.to_site, m.lot, m.to_state.value, m.owner), m.quantity, happened


def _order(moment: Moment) -> tuple[Account, str]:
    account, as_of = moment
    return account, as_of.isoformat() if as_of is not None else ""
