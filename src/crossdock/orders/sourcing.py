"""Which site serves which line: a rule over free stock, best site first (R58).

The rule: sites that already work on the order come first, then the channel's own ranking; a site
that reported one of its lines short comes last, though it may be asked again: what it did not find
is off its shelf already. If one site can serve every open line whole, it serves the order; else
each line goes whole to the first site that can; else it is split over the sites in rank order, and
what is left waits. What stands promised at a site stays there: a warehouse at work is not sent
away for a better plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crossdock.orders.state import OrderState

Free = Callable[[str, str], int]
"""Free base units of (item, site), keep-back taken off."""


def ranked(order: OrderState, sells_from: Sequence[str]) -> list[str]:
    """The capable sites: at work on the order, then the others, last those that were short."""
    known = set()
    short = set()
    for line in order.lines.values():
        for site, place in line.sites.items():
            if place.short:
                short.add(site)
            elif place.taken or place.reserved:
                known.add(site)
    rank = {site: (site in short, site not in known) for site in sells_from}
    return sorted(sells_from, key=lambda site: rank[site])


Allowed = Callable[[str, str], bool]
"""Whether a line may be served from a site at all."""


def anywhere(_line: str, _site: str) -> bool:
    """Every line from every site."""
    return True


def choose(
    order: OrderState,
    wanted: dict[str, int],
    sites: Sequence[str],
    free: Free,
    allowed: Allowed = anywhere,
) -> dict[str, list[tuple[str, int]]]:
    """Assign wanted line quantities: line -> [(site, base units)], never more than is free.

    `sites` stand in the house's order; those at work on the order go first all the same.
    """
    return assign(order, wanted, ranked(order, sites), free, allowed)


def assign(
    order: OrderState,
    wanted: dict[str, int],
    ranking: Sequence[str],
    free: Free,
    allowed: Allowed = anywhere,
) -> dict[str, list[tuple[str, int]]]:
    """Assign wanted line quantities to sites in this very order.

    Lines of the same item draw on the same stock, so what one takes the next no longer sees.
    """
    taken: dict[tuple[str, str], int] = {}

    def left(number: str, site: str) -> int:
        if not allowed(number, site):
            return 0
        item = order.lines[number].item
        return max(0, free(item, site) - taken.get((item, site), 0))

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
