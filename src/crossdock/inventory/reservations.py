"""The reservation book's rules: request, commit whole or in part, release, expire (R79-R85).

Values in, a reservation or a refusal out: the first refusal that applies, in the order in which the
vocabulary names them. Each reservation is resolved once; who comes second is told what it became.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from crossdock.contracts.reservations import ReservationLine, ReservationRequest
from crossdock.contracts.vocabulary import ItemStatus, PromiseLevel, Refusal, ReservationState
from crossdock.inventory.inbound import Coming, Later, fill, take_first

Offered = Callable[[str, str], int]
"""Base units of (item, site) that the asking channel may take now."""

Status = Callable[[str], ItemStatus | None]
"""An item's status; None for an item that is not known. Items that nobody checks are active."""


class HeldLine(msgspec.Struct, omit_defaults=True):
    """One line: what was wanted, and what is held of it, by site; `site` is the one it named."""

    line: str
    item: str
    wanted: int
    site: str = ""
    sites: dict[str, int] = {}
    pooled: dict[str, int] = {}  # of these, units of the channel's own pool
    later: list[Later] = []  # beside these, units of what is expected

    @property
    def held(self) -> int:
        """Base units held over all sites."""
        return sum(self.sites.values())

    @property
    def ahead(self) -> int:
        """Base units held of what is expected."""
        return sum(one.quantity for one in self.later)


class Reservation(msgspec.Struct, omit_defaults=True):
    """A reservation as its document keeps it; `order_id` is the order that took it over."""

    channel: str
    lines: list[HeldLine]
    state: ReservationState = ReservationState.OPEN
    hard: bool = False
    all_or_nothing: bool = True
    level: PromiseLevel = PromiseLevel.CHANNEL
    expires: datetime | None = None
    order_id: str = ""

    def same_as(self, wish: ReservationRequest) -> bool:
        """Whether this is what was asked for."""
        return (
            self.channel == wish.channel
            and self.hard == wish.hard
            and self.all_or_nothing == wish.all_or_nothing
            and self.level is wish.level
            and [(one.line, one.item, one.wanted, one.site) for one in self.lines]
            == [(one.line, one.item, one.quantity, one.site or "") for one in wish.lines]
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """Why not, what it is about, and how much there was, by line."""

    refusal: Refusal
    about: str = ""
    available: Mapping[str, int] = field(default_factory=dict)


class Freed(NamedTuple):
    """Units that are promised to nobody any more; `pooled` of them were of the channel's pool."""

    item: str
    site: str
    quantity: int
    pooled: int


def expiry(wish: ReservationRequest, now: datetime, soft_seconds: int) -> datetime | None:
    """When the reservation ends by itself: as asked for; else never if hard, soon if soft."""
    if wish.expires_at is not None:
        return wish.expires_at
    if wish.expires_in_seconds is not None:
        return now + timedelta(seconds=wish.expires_in_seconds)
    return None if wish.hard else now + timedelta(seconds=soft_seconds)


def reserve(
    wish: ReservationRequest,
    known: Reservation | None,
    sells_from: Sequence[str] | None,
    status: Status,
    offered: Offered,
    come: Coming | None = None,
    *,
    expires: datetime | None,
    now: datetime,
) -> Reservation | Refused:
    """Set units aside for every line, or say exactly why not; `sells_from` None: no such channel.

    A wish that is known already, with the same content, gives the reservation as it stands. What
    stock does not cover may `come` later; not where all of it has to be at one site.
    """
    if known is not None:
        return known if known.same_as(wish) else Refused(Refusal.SAME_ID_OTHER_CONTENT)
    if (refused := _impossible(wish, sells_from, status, expires, now)) is not None:
        return refused
    sells_from = sells_from or ()
    shares = share(wish.lines, sells_from, offered, wish.level)
    later = _later(wish, sells_from, shares, come)
    found = [
        sum(now.values()) + sum(part.quantity for part in parts)
        for now, parts in zip(shares, later, strict=True)
    ]
    held = sum(found)
    wanted = sum(line.quantity for line in wish.lines)
    if not held or (wish.all_or_nothing and held < wanted):
        return _not_enough(wish.lines, found, sells_from, offered)
    return Reservation(
        channel=wish.channel,
        lines=[
            HeldLine(line.line, line.item, line.quantity, line.site or "", one, {}, parts)
            for line, one, parts in zip(wish.lines, shares, later, strict=True)
        ],
        hard=wish.hard,
        all_or_nothing=wish.all_or_nothing,
        level=wish.level,
        expires=expires,
    )


def _later(
    wish: ReservationRequest,
    sells_from: Sequence[str],
    shares: Sequence[Mapping[str, int]],
    come: Coming | None,
) -> list[list[Later]]:
    """What each line is promised of what is expected."""
    if come is None or wish.level is PromiseLevel.SITE:
        return [[] for _ in shares]
    missing = [
        (
            line.item,
            sells_from if line.site is None else (line.site,),
            line.quantity - sum(one.values()),
        )
        for line, one in zip(wish.lines, shares, strict=True)
    ]
    return fill(missing, come)


def _impossible(
    wish: ReservationRequest,
    sells_from: Sequence[str] | None,
    status: Status,
    expires: datetime | None,
    now: datetime,
) -> Refused | None:
    """Why no stock whatever could serve the wish, if so."""
    for line in wish.lines:
        if line.quantity <= 0:
            return Refused(Refusal.QUANTITY_NOT_POSITIVE, line.line)
    if expires is not None and expires <= now:
        return Refused(Refusal.ALREADY_EXPIRED)
    statuses = {line.item: status(line.item) for line in wish.lines}
    for item, found in statuses.items():
        if found is None:
            return Refused(Refusal.UNKNOWN_ITEM, item)
    for item, found in statuses.items():
        if found is ItemStatus.BLOCKED:
            return Refused(Refusal.ITEM_BLOCKED, item)
    if sells_from is None:
        return Refused(Refusal.UNKNOWN_CHANNEL, wish.channel)
    for line in wish.lines:
        if line.site is not None and line.site not in sells_from:
            return Refused(Refusal.SITE_NOT_CAPABLE, line.site)
    return None


def _not_enough(
    lines: Sequence[ReservationLine],
    found: Sequence[int],
    sells_from: Sequence[str],
    offered: Offered,
) -> Refused:
    """Name the first line that is short, and what there is for each now."""
    short = next(
        line.line for line, units in zip(lines, found, strict=True) if units < line.quantity
    )
    available = {
        line.line: sum(
            max(0, offered(line.item, site))
            for site in ((line.site,) if line.site is not None else sells_from)
        )
        for line in lines
    }
    return Refused(Refusal.NOT_ENOUGH_AVAILABLE, short, available)


def share(
    lines: Sequence[ReservationLine],
    sells_from: Sequence[str],
    offered: Offered,
    level: PromiseLevel,
) -> list[dict[str, int]]:
    """How many units of each line from which site, lines of one item drawing on the same stock.

    At level channel a line comes whole from the first site that has it, else from several in their
    order. At level site all lines come from the first site that has them all, else from the one
    that has most.
    """
    if level is PromiseLevel.CHANNEL:
        return _share(lines, sells_from, offered)
    best: list[dict[str, int]] = [{} for _ in lines]
    most = 0
    wanted = sum(line.quantity for line in lines)
    for site in sells_from:
        found = _share(lines, (site,), offered)
        held = sum(sum(one.values()) for one in found)
        if held > most:
            best, most = found, held
        if held == wanted:
            break
    return best


def _share(
    lines: Sequence[ReservationLine], sites: Sequence[str], offered: Offered
) -> list[dict[str, int]]:
    taken: dict[tuple[str, str], int] = {}
    shares = []
    for line in lines:
        item = line.item
        wanted = line.quantity
        capable = sites if line.site is None else [one for one in sites if one == line.site]
        left = {site: offered(item, site) - taken.get((item, site), 0) for site in capable}
        whole = next((site for site, units in left.items() if units >= wanted), None)
        mine = {}
        for site in left if whole is None else (whole,):
            part = min(wanted, left[site])
            if part > 0:
                mine[site] = part
                wanted -= part
                taken[item, site] = taken.get((item, site), 0) + part
        shares.append(mine)
    return shares


def open_or_refused(known: Reservation | None, now: datetime) -> Reservation | Refused:
    """The reservation if it can still be resolved; else what it has become."""
    if known is None:
        return Refused(Refusal.UNKNOWN_RESERVATION)
    if known.state is not ReservationState.OPEN:
        return Refused(_BECAME[known.state], known.order_id)
    if known.expires is not None and known.expires <= now:
        return Refused(Refusal.EXPIRED)
    return known


_BECAME = {
    ReservationState.COMMITTED: Refusal.ALREADY_COMMITTED,
    ReservationState.RELEASED: Refusal.ALREADY_RELEASED,
    ReservationState.EXPIRED: Refusal.EXPIRED,
}


def commit(
    known: Reservation | None, parts: Mapping[str, int], order_id: str, now: datetime
) -> tuple[Reservation, list[Freed]] | Refused:
    """Keep these quantities, by line, or all when none is named; the rest is free again."""
    found = open_or_refused(known, now)
    if isinstance(found, Refused):
        return found
    held: dict[str, int] = {}
    for one in found.lines:
        held[one.line] = held.get(one.line, 0) + one.held + one.ahead
    for line, quantity in parts.items():
        if quantity > held.get(line, 0):
            return Refused(Refusal.EXCEEDS_RESERVED, line, held)
    return keep(found, parts or held, ReservationState.COMMITTED, order_id)


def release(known: Reservation | None, now: datetime) -> tuple[Reservation, list[Freed]] | Refused:
    """Give everything back."""
    found = open_or_refused(known, now)
    return found if isinstance(found, Refused) else keep(found, {}, ReservationState.RELEASED)


def expire(known: Reservation) -> tuple[Reservation, list[Freed]]:
    """Its time has passed: give everything back."""
    return keep(known, {}, ReservationState.EXPIRED)


def keep(
    known: Reservation, parts: Mapping[str, int], state: ReservationState, order_id: str = ""
) -> tuple[Reservation, list[Freed]]:
    """The reservation in its next state with so much of each line, and what came free of it.

    The first sites of a line are kept, and at a site the units of the channel's own pool; what is
    there is kept before what is expected.
    """
    lines = []
    freed = []
    wanted = dict(parts)
    for one in known.lines:
        left = wanted.get(one.line, 0)
        sites = {}
        pooled = {}
        for site, units in one.sites.items():
            part = min(left, units)
            left -= part
            of_pool = one.pooled.get(site, 0)
            kept_of_pool = min(part, of_pool)
            if part:
                sites[site] = part
            if kept_of_pool:
                pooled[site] = kept_of_pool
            if part < units:
                freed.append(Freed(one.item, site, units - part, of_pool - kept_of_pool))
        later = list(take_first(one.later, left))
        wanted[one.line] = left - sum(part.quantity for part in later)
        lines.append(HeldLine(one.line, one.item, one.wanted, one.site, sites, pooled, later))
    after = Reservation(
        channel=known.channel,
        lines=lines,
        state=state,
        hard=known.hard,
        all_or_nothing=known.all_or_nothing,
        level=known.level,
        order_id=order_id or known.order_id,
    )
    return after, freed


def arrive(known: Reservation, number: int, site: str, quantity: int) -> Reservation:
    """Units that the number-th line was promised ahead are there now: those expected first."""
    one = known.lines[number]
    one.later = _without_first(one.later, quantity)
    one.sites = {**one.sites, site: one.sites.get(site, 0) + quantity}
    return known


def _without_first(parts: Sequence[Later], quantity: int) -> list[Later]:
    left = []
    for one in parts:
        part = min(quantity, one.quantity)
        quantity -= part
        if part < one.quantity:
            left.append(Later(one.site, one.quantity - part, one.expected_at))
    return left


def take_over(
    known: Reservation, wanted: Sequence[tuple[str, str, int]], order_id: str
) -> tuple[Reservation, list[tuple[str, str, int]], list[Freed]]:
    """Pass what is held to an order's lines: (line, item, base units still wanted).

    A line takes what was reserved under its own number first, then what was reserved of its item.
    Gives the reservation as it is then (it holds nothing any more), (line, site, quantity) of what
    passed, and what no line of the order wants.
    """
    missing = {number: quantity for number, _, quantity in wanted if quantity > 0}
    passed: list[tuple[str, str, int]] = []
    freed: list[Freed] = []
    emptied = []
    for own_number in (True, False):
        for one in known.lines:
            for number, item, _ in wanted:
                if item == one.item and (number == one.line) is own_number:
                    _pass(one, number, missing, passed)
    for one in known.lines:
        freed += [
            Freed(one.item, site, units, one.pooled.get(site, 0))
            for site, units in one.sites.items()
        ]
        emptied.append(HeldLine(one.line, one.item, one.wanted, one.site))
    after, _ = keep(
        Reservation(
            channel=known.channel,
            lines=emptied,
            hard=known.hard,
            all_or_nothing=known.all_or_nothing,
            level=known.level,
        ),
        {},
        ReservationState.COMMITTED,
        order_id,
    )
    return after, passed, freed


def _pass(
    one: HeldLine, number: str, missing: dict[str, int], passed: list[tuple[str, str, int]]
) -> None:
    """Take for an order line what it lacks; units of the pool go first, and stay used."""
    for site in list(one.sites):
        part = min(missing.get(number, 0), one.sites[site])
        if part <= 0:
            continue
        missing[number] -= part
        passed.append((number, site, part))
        one.sites[site] -= part
        if not one.sites[site]:
            del one.sites[site]
        if site in one.pooled:
            one.pooled[site] = max(0, one.pooled[site] - part)
