"""Which site serves which line of an order: what is allowed, what is best, and why it was chosen.

A person's word on a line goes before everything, then what is agreed with the customer, then what
the house does about a short pick; among what is left its criteria rank the sites, or a rule of its
own. Why a choice was made is kept in the outcome.
"""

from __future__ import annotations

from collections.abc import Sequence

from crossdock.orders import sourcing
from crossdock.orders.candidates import (
    Candidate,
    Question,
    arriving,
    best_first,
    in_time,
    in_words,
    leaving,
)
from crossdock.orders.policy import CustomerPolicy, ShortPick, SiteTerms
from crossdock.orders.sourcing import Free
from crossdock.orders.state import OrderState
from crossdock.sagas.steering import requested_for
from crossdock.sagas.turn import Turn

_ANYWHERE = CustomerPolicy()
_NO_TERMS = SiteTerms()


def allowed_for(
    turn: Turn, order: OrderState, number: str, sells_from: Sequence[str]
) -> tuple[str, ...]:
    """The sites that may serve a line, in the channel's order."""
    line = order.lines[number]
    if line.only_site:
        return (line.only_site,) if line.only_site in sells_from else ()
    agreed = turn.policy.customers.get(order.customer, _ANYWHERE)
    found = tuple(
        site
        for site in sells_from
        if site not in agreed.never and (not agreed.only or site in agreed.only)
    )
    short = [site for site, place in line.sites.items() if place.short]
    if short and turn.policy.short_pick(order.channel, order.customer) is ShortPick.BACKORDER:
        return tuple(site for site in found if site in short)
    return found


def chosen(
    turn: Turn,
    order: OrderState,
    wanted: dict[str, int],
    sells_from: Sequence[str],
    free: Free,
) -> dict[str, list[tuple[str, int]]]:
    """Assign wanted quantities: line -> [(site, base units)], and say why where there is a why."""
    policy = turn.policy.sourcing
    may = {number: allowed_for(turn, order, number, sells_from) for number in wanted}

    def allowed(number: str, site: str) -> bool:
        return site in may[number]

    if not policy.by and policy.hook is None:
        return sourcing.choose(order, wanted, sells_from, free, allowed)
    candidates = _candidates(turn, order, wanted, sells_from, free)
    ranking = _by_own_rule(turn, order, wanted, candidates)
    if ranking is None:
        best = best_first(candidates, policy.by, sum(wanted.values()))
        ranking = sourcing.ranked(order, [one.site for one in best])
    plan = sourcing.assign(order, wanted, ranking, free, allowed)
    _give_work(turn, candidates, plan)
    _explain(turn, candidates, ranking, plan)
    return plan


def _candidates(
    turn: Turn,
    order: OrderState,
    wanted: dict[str, int],
    sells_from: Sequence[str],
    free: Free,
) -> list[Candidate]:
    now, due, units = turn.message.event_time, requested_for(order), sum(wanted.values())
    found = []
    for site in sells_from:
        terms = turn.policy.sourcing.sites.get(site, _NO_TERMS)
        leaves = leaving(terms, now)
        arrives = arriving(terms, leaves, order.ship_to.country)
        room = None
        if terms.units_per_day is not None:
            room = terms.units_per_day - turn.loads.units(site, leaves.isoformat())
        found.append(
            Candidate(
                site=site,
                leaves=leaves,
                arrives=arrives,
                in_time=in_time(terms, arrives, due),
                room=room,
                cost_minor=terms.cost_per_order + terms.cost_per_unit * units,
                free={n: max(0, free(order.lines[n].item, site)) for n in wanted},
            )
        )
    return found


def _by_own_rule(
    turn: Turn, order: OrderState, wanted: dict[str, int], candidates: list[Candidate]
) -> list[str] | None:
    """The house's own ranking; None: it has none, or it failed, which people are shown."""
    hook = turn.policy.sourcing.hook
    if hook is None:
        return None
    question = Question(
        order_id=order.order_id,
        channel=order.channel,
        customer=order.customer,
        country=order.ship_to.country,
        priority=order.priority,
        requested_for=requested_for(order),
        items={number: order.lines[number].item for number in wanted},
        wanted=dict(wanted),
        candidates=tuple(candidates),
    )
    known = {one.site for one in candidates}
    try:
        said = list(hook(question))
    except Exception as error:  # noqa: BLE001 - a rule of the house's, not of ours
        turn.note("sourcing-rule-failed", order.order_id, type(error).__name__)
        return None
    if not set(said) <= known:
        others = ", ".join(sorted(map(str, set(said) - known)))
        turn.note("sourcing-rule-failed", order.order_id, f"it names {others}")
        return None
    return list(dict.fromkeys(said))


def _give_work(
    turn: Turn, candidates: list[Candidate], plan: dict[str, list[tuple[str, int]]]
) -> None:
    """Count what a site was given, where a house says how much it can do in a day."""
    for one in candidates:
        units = sum(q for parts in plan.values() for site, q in parts if site == one.site)
        if units and one.room is not None:
            turn.loads.give(turn, one.site, one.leaves.isoformat(), units)


def _explain(
    turn: Turn,
    candidates: list[Candidate],
    ranking: list[str],
    plan: dict[str, list[tuple[str, int]]],
) -> None:
    by_site = {one.site: in_words(one) for one in candidates}
    ranked = ", ".join(by_site[site] for site in ranking) or "nobody"
    for number, parts in plan.items():
        served = " and ".join(f"{quantity} from {site}" for site, quantity in parts)
        turn.outcome.explained.append(f"line {number}: {served}; best first: {ranked}")
