"""Which site serves which line: a rule over free stock, best site first (R58).

The rule: sites that already worked on the order come first, then the channel's own ranking. If
one site can serve every open line whole, it serves the order; else each line goes whole to the
first site that can; else it is split over the sites in rank order, and what is left waits. A site
that reported a line short is not asked for that line again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossdock.orders.state import OrderState

Free = Callable[[str, str], int]
"""Free base units of (item, site), keep-back taken off."""


def ranked(order: OrderState, sells_from: Sequence[str]) -> list[str]:
    """The capable sites, those with facts or promises for this order first."""
    known = {
        site
        for line in order.lines.values()
        for site, place in line.sites.items()
        if place.taken or place.reserved
    }
    return [s for s in sells_from if s in known] + [s for s in sells_from if s not in known]


def choose(
    order: OrderState, wanted: dict[str, int], sites: Sequence[str], free: Free
) -> dict[str, list[tuple[str, int]]]:
    """Assign wanted line quantities: line -> [(site, base units)], never more than is free.

    Lines of the same item draw on the same stock, so what one takes the next no longer sees.
    """
    ranking = ranked(order, sites)
    taken: dict[tuple[str, str], int] = {}

    def left(number: str, site: str) -> int:
        line = order.lines[number]
        place = line.sites.get(site)
        if place is not None and place.short:
            return 0
        return max(0, free(line.item, site) - taken.get((line.item, site), 0))

    def take(number: str, site: str, quantity: int) -> tuple[str, int]:
        key = (order.lines[number].item, site)
        taken[key] = taken.get(key, 0) + quantity
        return site, quantity

    for site in ranking:
        if _serves_all(order, wanted, site, left):
            return {number: [take(number, site, q)] for number, q in wanted.items()}
    chosen: dict[str, list[tuple[str, int]]] = {}
    for number, quantity in wanted.items():
        whole = next((s for s in ranking if left(number, s) >= quantity), None)
        if whole is not None:
            chosen[number] = [take(number, whole, quantity)]
            continue
        parts = []
        missing = quantity
        for site in ranking:
            part = min(missing, left(number, site))
            if part:
                parts.append(take(number, site, part))
                missing -= part
        if parts:
            chosen[number] = parts
    return chosen


def _serves_all(order: OrderState, wanted: dict[str, int], site: str, left: Free) -> bool:
    need: dict[str, int] = {}
    for number, quantity in wanted.items():
        item = order.lines[number].item
        need[item] = need.get(item, 0) + quantity
        if left(number, site) < need[item]:
            return False
    return True
