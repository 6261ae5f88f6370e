"""Which goods a movement of each kind may take from where to where: one table (R6, R93 to R95).

A kind says why goods went; the states say from where to where. What does not fit together is a
contradiction in the message itself, and nobody but its sender knows which half is true.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.contracts.vocabulary import INSIDE, MovementKind, StockState

Route = tuple[frozenset[StockState], frozenset[StockState]]
"""From any of these states to any of those."""

SAME = frozenset[StockState]()
"""As the target of a route: into the state that the goods were in."""


@dataclass(frozen=True, slots=True)
class KindRule:
    """One row of the table; `apart` says that source and target may be two sites."""

    kind: MovementKind
    meaning: str  # "goods that ..."
    routes: tuple[Route, ...]
    apart: bool = False

    def fits(self, source: StockState, target: StockState, *, apart: bool) -> bool:
        """Whether goods may go so; `apart`: from one site to another."""
        if apart and not self.apart:
            return False
        return any(
            source in sources and (target in targets if targets else target is source)
            for sources, targets in self.routes
        )


_GROUPS = {
    "anything": INSIDE,
    "whole": INSIDE - {StockState.QUARANTINE, StockState.DAMAGED, StockState.MISSING,
                       StockState.IN_TRANSIT, StockState.REPAIR},
    "same": SAME,
}  # fmt: skip
"""Words of the table that stand for several states."""


def _states(words: str) -> frozenset[StockState]:
    found: frozenset[StockState] = frozenset()
    for word in words.split():
        found |= _GROUPS[word] if word in _GROUPS else {StockState(word)}
    return found


def _row(kind: str, meaning: str, *routes: str, apart: bool = False) -> KindRule:
    pairs = [route.split("->") for route in routes]
    return KindRule(
        MovementKind(kind),
        meaning,
        tuple((_states(sources), _states(targets)) for sources, targets in pairs),
        apart,
    )


KIND_RULES: tuple[KindRule, ...] = (
    _row(
        "receive",
        "came through the door from a supplier",
        "supplier -> received available quarantine damaged",
    ),
    _row("put_away", "went from the dock to the shelf", "received -> available"),
    _row("move", "changed their place and not their state", "anything -> same", apart=True),
    _row("replenish", "went to where they are picked from", "available -> available", apart=True),
    _row(
        "allocate",
        "were set aside by the warehouse for a need of its own",
        "received available -> allocated",
    ),
    _row("deallocate", "are not set aside any more", "allocated -> available"),
    _row("pick", "were taken off the shelf", "available allocated -> picked"),
    _row("short_pick", "were not found by the picker", "available allocated -> missing"),
    _row(
        "cross_dock",
        "went from door to door without being put away",
        "supplier received in_transit -> picked packed",
    ),
    _row("pack", "went into a carton", "picked -> packed"),
    _row("ship", "left through the door to a customer", "available picked packed -> customer"),
    _row(
        "return",
        "came back from a customer, or went back to a supplier",
        "customer -> received available returned quarantine damaged repair scrapped supplier",
        "available quarantine damaged repair -> returned",
        "returned quarantine damaged -> repair",
        "anything -> supplier",
    ),
    _row(
        "restock",
        "are on the shelf again: put back, found again or taken back",
        "picked packed missing customer returned repair -> available",
    ),
    _row(
        "quarantine",
        "are kept apart until somebody has looked at them",
        "whole damaged missing -> quarantine",
    ),
    _row(
        "release_from_quarantine",
        "were looked at and need not be kept apart",
        "quarantine -> available received damaged",
    ),
    _row("damage", "were damaged", "whole quarantine in_transit -> damaged"),
    _row("scrap", "were thrown away", "anything -> scrapped"),
    _row(
        "adjust",
        "were booked wrongly, or come from before the hub",
        "adjustment -> anything",
        "anything -> adjustment",
        "picked -> received allocated available",
        "customer -> picked",
    ),
    _row("count", "were counted", "adjustment -> anything", "anything -> adjustment"),
    _row(
        "transfer_out",
        "left for another site, in whose books they now travel",
        "whole quarantine damaged -> in_transit",
        apart=True,
    ),
    _row(
        "transfer_in",
        "arrived from another site",
        "in_transit -> received available quarantine damaged",
    ),
    _row("recall", "belong to what was called back", "whole -> quarantine"),
)
"""Every kind of movement: goods that ...; where two would fit, the first is meant."""

RULES: dict[MovementKind, KindRule] = {rule.kind: rule for rule in KIND_RULES}


def check_kinds(rules: tuple[KindRule, ...] = KIND_RULES) -> list[str]:
    """What is wrong with the table, in words; none for a sound one."""
    kinds = [rule.kind for rule in rules]
    problems = [f"{kind} has no row" for kind in MovementKind if kind not in kinds]
    problems += [f"{kind} stands twice" for kind in sorted(set(kinds)) if kinds.count(kind) > 1]
    for rule in rules:
        if not rule.routes:
            problems.append(f"{rule.kind} leads nowhere")
        for sources, targets in rule.routes:
            if not sources or not (sources | targets) & INSIDE:
                problems.append(f"{rule.kind} touches nothing in the house")
    return problems


if _problems := check_kinds():
    raise ValueError(f"the table of movements is unsound: {_problems}")


def kind_of(source: StockState, target: StockState, *, apart: bool) -> MovementKind:
    """The first kind that such a movement fits; `move` for what fits none, to be found out."""
    for rule in KIND_RULES:
        if rule.fits(source, target, apart=apart):
            return rule.kind
    return MovementKind.MOVE
