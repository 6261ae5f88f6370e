"""The stage on which a story is played: a small hub, and the words in which people speak to it.

A story is a table. Its first column says what somebody does, or what is asked; columns stand two
or more blanks apart; what is expected stands behind `->`. A message must be applied unless the
story expects otherwise, `...` in an expectation stands for anything, and a condition that the hub
notes must be named before the story ends.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import structs

from crossdock.contracts import (
    catalogue,
    counts,
    invoices,
    lots,
    orders,
    places,
    products,
    purchasing,
    transfers,
)
from crossdock.contracts import reservations as calls
from crossdock.contracts import shipments as goods
from crossdock.contracts import stock as shelves
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.conditions import CONDITIONS
from crossdock.contracts.postings import (
    Milestone,
    PostingPeriod,
    StockPosted,
    StockPosting,
    StockPostingRejected,
    StockPostingRetry,
)
from crossdock.contracts.proposals import ProposalSettlement
from crossdock.contracts.records import FeedOverrun, RecordSetAside
from crossdock.contracts.replenishment import StockPolicy, StockPolicyReview
from crossdock.contracts.timers import TimerFired
from crossdock.contracts.vocabulary import (
    INSIDE,
    AdjustmentReason,
    Fate,
    ItemKind,
    ItemStatus,
    MovementKind,
    OrderStatus,
    PickSource,
    PromiseLevel,
    ProposalVerdict,
    StockState,
)
from crossdock.contracts.words import Noun
from crossdock.inventory.bridge import PostingMode, PostingPolicy
from crossdock.inventory.limits import CorrectionLimit
from crossdock.inventory.reservations import Reservation
from crossdock.log.keys import DESK_FIRST, lasting_name, transport_digest
from crossdock.log.records import Answer, NewMessage
from crossdock.orders.lifecycle import EVENTS, Event, may_follow
from crossdock.orders.state import OrderState, all_figures, status
from crossdock.ownership.grammar import rule_of
from crossdock.ownership.matrix import Matrix
from crossdock.ownership.rule import OnViolation
from crossdock.sagas import rebuild
from crossdock.sagas.decide import opened
from crossdock.sagas.policy import Backorders, ChannelPolicy, Policy
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.storage.memory.messages import recorded
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy
from tests.scenarios import (
    identity_words,
    money_words,
    order_words,
    recipe_words,
    work_words,
)

Said = tuple[str, Noun]
COLUMNS_MAX = 7
_ALL = 1_000_000
_DAYS_LATER = at(10 * 86_400)
_STANDINGS = ("posted", "asked", "rejected", "pending", "silent")


_PLACED = re.compile(r"\b(?P<kind>SP|P|LC|IC|RP)-(?P<partition>\d+)-(?P<position>\d+)\b")
"""How a story writes a number of the hub's: by the place of the message that it is made of."""


@dataclass(frozen=True)
class Row:
    """One line of a story."""

    number: int
    verb: str
    cells: tuple[str, ...]
    expected: str | None

    def __str__(self) -> str:
        return f"line {self.number}: {self.verb} {' | '.join(self.cells)}"


def rows(text: str) -> Iterator[Row]:
    """The lines of a story that are not remarks."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        told, arrow, expected = line.partition("->")
        verb, *cells = re.split(r" {2,}", told.strip())
        assert len(cells) + 1 + bool(arrow) <= COLUMNS_MAX, f"line {number} has too many columns"
        yield Row(number, verb, tuple(cells), expected.strip() if arrow else None)


@dataclass(frozen=True)
class Part:
    """`[line] item quantity word word ...`, one of several between commas."""

    line: str
    item: str
    quantity: int
    words: tuple[str, ...]
    said: str = ""

    def grams(self) -> int | None:
        """What the part weighed, where that is said."""
        grams = self.after("weighing")
        return None if grams is None else int(grams)

    def measure(self) -> dict[str, Any]:
        """The quantity, in base units or in the unit that is named."""
        unit = self.after("unit")
        if unit is None:
            return {"quantity": self.quantity}
        return {"unit": unit, "unit_quantity": int(self.said) if self.quantity else self.said}

    def after(self, word: str) -> str | None:
        """The word that follows this one."""
        if word not in self.words:
            return None
        return self.words[self.words.index(word) + 1]


def lined(text: str) -> list[Part]:
    """Parts that name order lines."""
    parts = [part.split() for part in text.split(",")]
    return [Part(p[0], p[1], _whole(p[2]), tuple(p[3:]), p[2]) for p in parts]


def loose(text: str) -> list[Part]:
    """Parts that name items only."""
    parts = [part.split() for part in text.split(",")]
    return [Part("", p[0], _whole(p[1]), tuple(p[2:]), p[1]) for p in parts]


def _whole(text: str) -> int:
    """A quantity in base units; 0 for one that is no whole number, and has a unit."""
    return int(text) if text.removeprefix("-").isdigit() else 0


def quantities(text: str) -> tuple[orders.LineQuantity, ...]:
    """Parts as quantities of order lines."""
    return tuple(
        orders.LineQuantity(line=p.line, item=p.item, quantity=p.quantity) for p in lined(text)
    )


def _e4(part: Part) -> int:
    return int(Decimal(part.after("at") or "0") * 10_000)


def _kind(part: Part) -> ItemKind:
    named = [kind for kind in ItemKind if kind.value in part.words]
    return named[0] if named else ItemKind.STOCK


def _option(options: tuple[str, ...], name: str, default: str) -> str:
    found = [option.removeprefix(name).strip() for option in options if option.startswith(name)]
    return found[0] if found else default


@dataclass
class Seen:
    """Which words of the hub's vocabulary occurred."""

    types: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)  # of messages that were not applied
    holds: set[str] = field(default_factory=set)  # of orders
    moves: set[tuple[OrderStatus, Event, OrderStatus]] = field(default_factory=set)
    refusals: set[str] = field(default_factory=set)  # that an answer to an order names


class Stage:
    """One story's hub; `play` takes its lines one after the other."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._policy = small_policy()
        self._hub: SmallHub | None = None
        self._batch = 100
        self._count = 0
        self._later = 0
        self._speaker = ""  # the system that says what follows; as messages are made, if empty
        self._last: NewMessage | None = None
        self._effects_read: Counter[str] = Counter()
        self._notes_named: set[tuple[str, str]] = set()

    @property
    def hub(self) -> SmallHub:
        """The hub, opened when it is first needed."""
        if self._hub is None:
            self._hub = SmallHub(self._policy, batch=self._batch)
        return self._hub

    def play(self, text: str) -> None:
        """Play a whole story, and see that it leaves no condition unspoken."""
        for row in map(self._named, rows(text)):
            answer = self.hear(row)
            assert row.expected is not None or row.verb not in QUESTIONS, f"{row} expects nothing"
            expected = row.expected or ("applied" if answer else "")
            assert _fits(expected, answer), f"{row}\n  -> {answer}"
        self._walk_histories()
        unspoken = {(n.kind, n.key): n.detail for n in self._noted()}
        for named in self._notes_named:
            unspoken.pop(named, None)
        assert not unspoken, f"the story names none of these: {unspoken}"

    def _named(self, row: Row) -> Row:
        """A line in which the hub's numbers, told by the place of their message, are real."""
        cells = tuple(_PLACED.sub(self._number, cell) for cell in row.cells)
        expected = None if row.expected is None else _PLACED.sub(self._number, row.expected)
        return replace(row, cells=cells, expected=expected)

    def _number(self, told: re.Match[str]) -> str:
        partition = self.hub.store.data.partitions.get(int(told["partition"]))
        position = int(told["position"])
        if partition is None or position > len(partition.messages):
            return told[0]
        said = partition.messages[position - 1].message
        return f"{told['kind']}-{lasting_name(said.source, said.id)}"

    def hear(self, row: Row) -> str:
        """Do what a line says; gives the fate of its message, what it asked for, or nothing."""
        answer = ""
        if row.verb == "house" and order_words.is_of_orders(*row.cells):
            self._policy = order_words.furnished(self._policy, *row.cells)
            return answer
        if row.verb == "house":
            self._furnish(*row.cells)
            return answer
        if row.verb == "speaks":
            self._speaker = row.cells[0]
        elif row.verb == "pass":
            self._pass(*row.cells)
        elif row.verb == "recipes are taken away":
            self.hub.policy = replace(self.hub.policy, recipes=RecipeBook())
        elif row.verb == "recipes are renewed":
            self.hub.policy = recipe_words.renewed(self.hub.policy)
        elif row.verb == "ends":
            recipe_words.ends(self.hub, self._now(), *row.cells)
        elif row.verb == "stock is looked at":
            self._review_policies()
        elif row.verb == "days end":
            self._end_days()
        elif row.verb in ("submit order", "validate order"):
            answer = self._submit(row)
        elif row.verb in QUESTIONS:
            answer = QUESTIONS[row.verb](self, *row.cells)
        else:
            answer = self._tell(self._message(row))
        self._look_around(row)
        return answer

    def _pass(self, much: str) -> None:
        """Time goes by, and what was due in it happens."""
        number, unit = much.split()
        self._later += int(number) * {"min": 60, "days": 86_400}[unit]
        self.hub.ring(self._now())

    def _now(self) -> float:
        return self._count + self._later

    def _furnish(self, rule: str) -> None:
        assert self._hub is None, "the house is furnished before the story begins"
        if rule.startswith("sells ahead "):
            days = int(rule.split()[2])
            web = replace(self._policy.channels["web"], sells_ahead_days=days)
            self._policy = replace(self._policy, channels={**self._policy.channels, "web": web})
        elif rule.startswith(("also sells by ", "serves first ")):
            self._policy = _promising(self._policy, rule)
        elif rule == "sells known items only":
            self._policy = replace(self._policy, known_items_only=True)
        elif rule.startswith("stops "):
            kind, _, why = rule.removeprefix("stops ").partition(": ")
            self._policy = replace(self._policy, stopped={kind: why})
        elif rule.startswith("owned "):
            self._policy = _owned(self._policy, rule.removeprefix("owned "))
        elif rule == "decides message by message":
            self._batch = 1
        elif (furnished := _by_subject(self._policy, rule)) is not None:
            self._policy = furnished
        elif rule.startswith("posts "):
            milestone, mode = rule.removeprefix("posts ").split()
            modes = {**self._policy.posting.modes, Milestone(milestone): PostingMode(mode)}
            self._policy = replace(self._policy, posting=PostingPolicy(modes))
        elif rule.startswith("puts away at "):
            docks = frozenset({rule.removeprefix("puts away at ")})
            self._policy = replace(self._policy, docks=docks)
        elif rule.startswith("approves of corrections beyond "):
            self._policy = replace(self._policy, adjustment_limits=(_limit(rule.split()[4:]),))
        elif rule.startswith("tolerates counts within "):
            tolerances = (*self._policy.count_tolerances, _limit(rule.split()[3:]))
            self._policy = replace(self._policy, count_tolerances=tolerances)
        else:
            self._policy = _keeping_back(self._policy, int(rule.removeprefix("keeps back ")))

    def _message(self, row: Row) -> NewMessage:
        if row.verb in ("again", "retold", "unguarded"):
            assert self._last is not None
            return self._repeat(row.verb, self._last)
        self._count += 1
        ago = [cell for cell in row.cells if cell.startswith("happened ")]
        numbers = [cell for cell in row.cells if cell.startswith("numbered ")]
        cells = [cell for cell in row.cells if cell not in (*ago, *numbers)]
        kind, noun = DOINGS[row.verb](str(self._count), *cells)
        if isinstance(noun, invoices.Invoice | invoices.CreditMemo) and not any(
            " for " in cell for cell in row.cells
        ):
            noun = money_words.as_asked(self.hub, noun)
        seconds = self._now() - sum(int(cell.split()[1]) for cell in ago)  # happened 3 s ago
        self._last = noun_message(
            kind,
            noun,
            f"m-{self._count}",
            source=self._speaker or recipe_words.SPEAKERS.get(row.verb, ""),
            seconds=seconds,
        )
        for cell in numbers:
            self._last = work_words.numbered(self._last, int(cell.split()[1]))
        return self._last

    def _submit(self, row: Row) -> str:
        """An order whose channel waits for the answer, or only asks what it would be."""
        self._count += 1
        kind, noun = _order(str(self._count), *row.cells)
        name, source = f"call-{self._count}", self._speaker or "shop"
        message = noun_message(kind, noun, name, source=source, seconds=self._now())
        asking = row.verb == "validate order"
        before = self._kept()
        outcome = self.hub.ask(message) if asking else self.hub.call(message)
        assert not asking or before == self._kept(), "who only asks changes nothing"
        return order_words.answered(outcome.answer)

    def _kept(self) -> Any:
        """All that a message could have left behind."""
        data = self.hub.store.data
        log = sum(len(partition.messages) for partition in data.partitions.values())
        told = len(data.effects.by_id)
        tables = (data.orders, data.documents, data.promises, data.waiting, data.conditions.rows)
        return deepcopy((log, told, tables, data.masters, len(data.absorbed)))

    def _end_days(self) -> None:
        """The days of all sites are over; what was not posted is added up."""
        for (site, period, ends), closed in at_once(self.hub.store.ended_periods(_DAYS_LATER, 99)):
            noun = PostingPeriod(site=site, period=period, ended_at=ends, closing=closed + 1)
            name = f"{site}/{period}/{closed + 1}"
            self._last = noun_message(catalogue.POSTING_PERIOD_ENDED, noun, name)
            self.hub.tell(self._last)

    def _review_policies(self) -> None:
        """The hub looks whether a site runs low, or low no more."""
        found, _ = at_once(self.hub.store.policies_to_review("", 99))
        for item, site in found:
            self._count += 1
            noun = StockPolicyReview(item=item, site=site)
            name = f"review-{self._count}"
            self._last = noun_message(catalogue.STOCK_POLICY_REVIEWED, noun, name)
            self.hub.tell(self._last)

    def _repeat(self, how: str, last: NewMessage) -> NewMessage:
        """The last message: under its id, under a new one, or past the door's memory of facts."""
        if how == "again":
            return last
        self._count += 1
        name = f"m-{self._count}"
        key = transport_digest(last.source, name)
        told = replace(last, id=name, transport_key=key)
        return told if how == "retold" else replace(told, business_key=None)

    def _tell(self, message: NewMessage) -> str:
        [receipt] = self.hub.tell(message)
        if receipt.answer in (Answer.DUPLICATE, Answer.CONFLICT):
            return receipt.answer.value
        partition = self.hub.store.data.partition(receipt.partition)
        outcome = partition.outcomes[receipt.position].outcome
        return f"{outcome.fate}: {outcome.reason}" if outcome.reason else outcome.fate.value

    def _walk_histories(self) -> None:
        """See which moves the orders of the story made; the table of their life must have them."""
        for number, partition in sorted(self.hub.store.data.partitions.items()):
            orders_there: dict[str, OrderState] = {}
            for position, kept in enumerate(partition.messages, start=1):
                outcome = partition.outcomes[position].outcome
                self._seen.refusals |= order_words.refusals(outcome.answer)
                event = EVENTS.get(kept.message.type)
                if event is None or outcome.fate is not Fate.APPLIED or number >= DESK_FIRST:
                    continue
                key = kept.message.key
                order = orders_there.setdefault(key, OrderState(key))
                before = status(order)
                message, noun = opened(recorded(number, position, kept), outcome.resolved)
                rebuild.fold(order, message, noun, outcome)
                assert may_follow(before, event, status(order)), f"{key} at {position}: {before}"
                self._seen.moves.add((before, event, status(order)))

    def _noted(self) -> list[Any]:
        return at_once(self.hub.store.conditions(CONDITIONS, ("", ""), _ALL, closed=True))

    def _look_around(self, row: Row) -> None:
        """What must hold after every line; and remember which words occurred."""
        data = self.hub.store.data
        sums: Counter[str] = Counter()
        shelf: Counter[tuple[str, str]] = Counter()
        for balance in at_once(self.hub.store.balances(None, _ALL)):
            sums[balance.item] += balance.quantity
            if balance.state == StockState.AVAILABLE and not balance.owner:
                shelf[balance.item, balance.site] += balance.quantity
        assert not any(sums.values()), f"{row}: goods came from nowhere, {sums}"
        for both in at_once(self.hub.store.financial(None, _ALL)):
            assert both.execution == both.financial, f"{row}: finance knows of other stock, {both}"
        self._weigh(row)
        promised = _reserved(self.hub)
        for name in data.orders:
            order = self.hub.order(name)
            known = all_figures(order)
            self._seen.statuses.add(status(order, known))
            self._seen.holds.update(order.holds)
            for number, line in order.lines.items():
                negative = [n for n, v in msgspec.structs.asdict(known[number]).items() if v < 0]
                assert not negative, f"{row}: {name}/{number} has negative {negative}"
                for site, place in line.sites.items():
                    promised[line.item, site] += place.reserved
        for item, sites in data.promises.items():
            for site, promise in sites.items():
                assert promise.sellable == shelf[item, site], f"{row}: {item} at {site}"
                assert promise.reserved == promised[item, site], f"{row}: {item} at {site}"
        for partition in data.partitions.values():
            for position, decided in partition.outcomes.items():
                if decided.outcome.reason:
                    self._seen.reasons.add(decided.outcome.reason)
                else:
                    self._seen.types.add(partition.messages[position - 1].message.type)
                self._seen.notes.update(note.kind for note in decided.outcome.notes)

    def _weigh(self, row: Row) -> None:
        grams: Counter[str] = Counter()
        for weighed in at_once(self.hub.store.weights(None, _ALL)):
            grams[weighed.item] += weighed.grams
        assert not any(grams.values()), f"{row}: weight came from nowhere, {grams}"

    # --- Questions ----------------------------------------------------------------------------

    def line(self, name: str) -> str:
        """A line's figures; an expectation names those that it is about."""
        order_id, number = name.split()
        order = self.hub.order(order_id)
        known = msgspec.structs.asdict(all_figures(order)[number])
        return ", ".join(f"{figure} {units}" for figure, units in known.items())

    def status(self, order_id: str) -> str:
        """Where an order stands."""
        return status(self.hub.order(order_id)).value

    def match(self, order_id: str) -> str:
        """What is open between an order's documents."""
        return money_words.match_in_words(self.hub.order(order_id), self._policy)

    def holds(self, order_id: str) -> str:
        """Why an order is held."""
        return ", ".join(self.hub.order(order_id).holds) or "none"

    def balance(self, name: str) -> str:
        """What a site holds of an item (and lot) within its walls, by state."""
        site, item, *lot = name.split()
        units: Counter[str] = Counter()
        for row in at_once(self.hub.store.balances(None, _ALL)):
            here = (row.site, row.item) == (site, item) and lot in ([], [row.lot])
            if here and StockState(row.state) in INSIDE:
                units[row.state] += row.quantity
        return ", ".join(f"{state} {n}" for state, n in sorted(units.items()) if n) or "nothing"

    def weight(self, name: str) -> str:
        """What a site's goods of an item weigh within its walls, in grams, by state."""
        site, item = name.split()
        grams: Counter[str] = Counter()
        for row in at_once(self.hub.store.weights(None, _ALL)):
            if (row.site, row.item) == (site, item) and StockState(row.state) in INSIDE:
                grams[row.state] += row.grams
        return ", ".join(f"{state} {n}" for state, n in sorted(grams.items()) if n) or "nothing"

    def promise(self, name: str) -> str:
        """What is on the shelf, what of it is promised, and what is free."""
        site, item = name.split()
        row = self.hub.store.data.promises[item][site]
        pooled = f", pooled {row.pooled}" if row.pooled else ""
        return f"shelf {row.sellable}, reserved {row.reserved}{pooled}, free {row.free}"

    def finance(self, name: str) -> str:
        """What finance accounts for of an item at a site, by how far the ERP was told."""
        site, item = name.split()
        for row in at_once(self.hub.store.financial(None, _ALL)):
            if (row.site, row.item) == (site, item):
                parts = {part: getattr(row, part) for part in _STANDINGS}
                told = ", ".join(f"{part} {units}" for part, units in parts.items() if units)
                return f"{row.financial}: {told}" if told else str(row.financial)
        return "nothing"

    def why(self, order_id: str) -> str:
        """Why the last choice for an order was made so."""
        said = [
            (kept.message.key, "; ".join(partition.outcomes[position].outcome.explained))
            for partition in self.hub.store.data.partitions.values()
            for position, kept in enumerate(partition.messages, start=1)
        ]
        return [why for key, why in said if key == order_id and why][-1]

    def waits(self, item: str) -> str:
        """Who waits for an item, first come first."""
        waiting = list(self.hub.store.data.waiting.get(item, {}).values())
        waiting.sort(key=lambda row: (row.priority, row.since, row.order_id, row.line))
        return ", ".join(f"{row.order_id} {row.line}: {row.quantity}" for row in waiting) or "none"

    def note(self, kind: str, key: str) -> str:
        """The words of a condition."""
        for row in self._noted():
            if (row.kind, row.key) == (kind, key):
                self._notes_named.add((kind, key))
                return str(row.detail)
        return "none"

    def answer(self, reservation_id: str) -> str:
        """What whoever called about a reservation last was answered."""
        answers = [
            msgspec.json.decode(decided.outcome.answer, type=calls.ReservationAnswer)
            for partition in self.hub.store.data.partitions.values()
            for _, decided in sorted(partition.outcomes.items())
            if bytes(decided.outcome.answer)
        ]
        mine = [one for one in answers if one.reservation_id == reservation_id]
        return _answered(mine[-1]) if mine else "none"

    def reply(self, return_id: str) -> str:
        """What whoever wanted to send goods back was answered last."""
        bodies = [
            bytes(decided.outcome.answer)
            for partition in self.hub.store.data.partitions.values()
            for _, decided in sorted(partition.outcomes.items())
            if bytes(decided.outcome.answer)
        ]
        return money_words.reply_in_words(bodies, return_id)

    def saga(self, number: str) -> str:
        """How an instance of a recipe stands."""
        return recipe_words.saga(self.hub, number)

    def waits_for(self, number: str) -> str:
        """What an instance waits for, and what is safe to do."""
        return recipe_words.waits_for(self.hub, number)

    def record(self, name: str) -> str:
        """The fields of a master record that are not at their default."""
        kind, number = name.split()
        body = msgspec.json.decode(self.hub.store.data.masters[kind, number].body)
        shown = {field: value for field, value in body.items() if field not in (kind, "revision")}
        return ", ".join(f"{field} {value}" for field, value in sorted(shown.items())) or "plain"

    def told(self, system: str) -> str:
        """All that a system was newly told, in order."""
        told = [
            kept.effect
            for kept in self.hub.store.data.effects.by_id.values()
            if kept.effect.destination == system
        ]
        new = told[self._effects_read[system] :]
        self._effects_read[system] = len(told)
        said = ("kept back: " * effect.held + _in_words(effect.type, effect.body) for effect in new)
        return "; ".join(said) or "nothing"


def _reserved(hub: SmallHub) -> Counter[tuple[str, str]]:
    """What reservations hold, by item and site."""
    held: Counter[tuple[str, str]] = Counter()
    for (kind, _), document in hub.store.data.documents.items():
        if kind == "reservation":
            for line in msgspec.json.decode(document.body, type=Reservation).lines:
                held.update({(line.item, site): units for site, units in line.sites.items()})
    return held


def _answered(said: calls.ReservationAnswer) -> str:
    """An answer as a person says it."""
    if said.refusal is not None:
        about = f" {said.refused}" if said.refused else ""
        had = [f"{one.line} {one.item} {one.available}" for one in said.lines]
        return f"refused {said.refusal}{about}" + (f", there is {', '.join(had)}" if had else "")
    lines = [
        f"{one.line} {one.item} {one.reserved} of {one.wanted}"
        + "".join(f" {at.site} {at.quantity}" for at in one.sites)
        + "".join(f" later {at.site} {at.quantity}" for at in one.later)
        for one in said.lines
    ]
    return f"{said.answer}, {said.state}: {', '.join(lines)}"


def _owned(policy: Policy, said: str) -> Policy:
    """`KEY by SYSTEM, ENDING`: a row of the ownership matrix put over the one that ships."""
    key, _, answers = said.partition(" by ")
    owner, ending = answers.split(", ")
    rule = rule_of(key)
    assert rule is not None, key
    rule = replace(rule, owners=(owner,), on_violation=OnViolation(ending))
    kept = tuple(one for one in policy.matrix.rules if one.key != rule.key)
    matrix = Matrix((*kept, rule), policy.matrix.sites, policy.matrix.channels)
    return replace(policy, matrix=matrix)


def _promising(policy: Policy, rule: str) -> Policy:
    """`also sells by CHANNEL`, `serves first WHOM`."""
    channel = rule.rpartition(" ")[2]
    if rule.startswith("serves"):
        return replace(policy, backorders=Backorders(channel))
    another = ChannelPolicy(channel, "shop", ("EAST", "WEST"))
    channels = {**policy.matrix.channels, channel: {"system": "shop"}}
    matrix = Matrix(policy.matrix.rules, policy.matrix.sites, channels)
    return replace(policy, channels={**policy.channels, channel: another}, matrix=matrix)


def _limit(words: list[str]) -> CorrectionLimit:
    """`10 units [of A] [at EAST]` or `20 percent ...`."""
    most = int(words[0])
    return CorrectionLimit(
        site=words[words.index("at") + 1] if "at" in words else "",
        item_class=words[words.index("of") + 1] if "of" in words else "",
        units=most if words[1] == "units" else None,
        percent=most if words[1] == "percent" else None,
    )


def _keeping_back(policy: Policy, units: int) -> Policy:
    channels = {name: replace(one, keep_back=units) for name, one in policy.channels.items()}
    return replace(policy, channels=channels)


def _by_subject(policy: Policy, rule: str) -> Policy | None:
    """A house with a rule that a subject's own words know; None where none does."""
    if rule in HOUSES:
        return HOUSES[rule](policy)
    return money_words.furnish(policy, rule)


def _fits(expected: str, answer: str) -> bool:
    """Whether an answer is what is expected; of a list of figures only those named count."""
    if expected == answer:
        return True
    if "..." in expected:
        pattern = ".*".join(map(re.escape, expected.split("...")))
        return re.fullmatch(pattern, answer) is not None
    figures = re.fullmatch(r"([a-z_]+ \d+)(, [a-z_]+ \d+)*", expected)
    wanted, given = expected.split(", "), answer.split(", ")
    # What stands in a house is asked for whole; a line has too many figures for that.
    whole = not given[0].startswith("ordered ")
    return bool(figures) and not whole and set(wanted) <= set(given)


# --- Doings -----------------------------------------------------------------------------------


def _item(name: str, item: str, *options: str) -> Said:
    kit = _option(options, "kit", "")
    parts = loose(kit) if kit else []
    packs = [one.removeprefix("pack ") for one in options if one.startswith("pack ")]
    kind = ItemKind.KIT if kit else ItemKind.STOCK
    if "service" in options:
        kind = ItemKind.SERVICE
    noun = products.Item(
        item=item,
        kind=kind,
        catch_weight="catch weight" in options,
        components=tuple(
            products.Component(item=part.item, quantity=part.quantity) for part in parts
        ),
        pack_levels=tuple(
            products.PackLevel(code=pack[0], base_units=int(pack[1]), per=int(pack[3]))
            for pack in (f"{one} per 1".split() for one in packs)
        ),
        status=ItemStatus.BLOCKED if "blocked" in options else ItemStatus.ACTIVE,
        description=_option(options, "called", ""),
        weight_grams=int(_option(options, "weighs", "0")) or None,
        item_class=_option(options, "class", "") or None,
        returnable="not returnable" not in options,
        tax_code=_option(options, "taxed as", "") or None,
        revision=int(_option(options, "revision", "1")),
    )
    return catalogue.ITEM_CHANGED, noun


def _site(name: str, site: str, system: str) -> Said:
    return catalogue.SITE_CHANGED, places.Site(site=site, system=system)


def _channel(name: str, channel: str, system: str, sites: str) -> Said:
    noun = places.Channel(channel=channel, system=system, sells_from=tuple(sites.split()))
    return catalogue.CHANNEL_CHANGED, noun


def _stock(name: str, site: str, units: str) -> Said:
    return _adjust(name, site, units, AdjustmentReason.OPENING.value)


def _adjust(name: str, site: str, units: str, reason: str, *options: str) -> Said:
    """`adjust  SITE  bolt -3  REASON  [named A1]`."""
    [part] = loose(units)
    return catalogue.STOCK_ADJUSTED, shelves.StockAdjustment(
        adjustment_id=_option(options, "named ", f"adjustment-{name}"),
        site=site,
        item=part.item,
        weight_change_grams=part.grams(),
        **part.measure(),
        reason=AdjustmentReason(reason),
        state=StockState(part.after("in") or "available"),
    )


def _receipt(name: str, site: str, units: str, *options: str) -> Said:
    """`receipt  SITE  bolt 3 [of 4] [in STATE] [lot L] [serials A B]  [named G1]  [of PO1]`."""
    lines = tuple(
        shelves.ReceiptLine(
            item=part.item,
            weight_grams=part.grams(),
            **part.measure(),
            expected=int(of) if (of := part.after("of")) else None,
            state=StockState(part.after("in") or "available"),
            lot=part.after("lot"),
            serials=_serials(part),
            owner=part.after("owned-by"),
        )
        for part in loose(units)
    )
    return catalogue.RECEIPT_POSTED, shelves.Receipt(
        receipt_id=_option(options, "named ", f"receipt-{name}"),
        site=site,
        lines=lines,
        purchase_order=_option(options, "of ", "") or None,
    )


def _buy(name: str, number: str, site: str, units: str, *options: str) -> Said:
    """`buy  PO1  EAST  1 bolt 5 in 3 days, ...  [revision 2]`; `none`: it is cancelled."""
    parts = [] if units == "none" else lined(units)
    return catalogue.PURCHASE_ORDER_CHANGED, purchasing.PurchaseOrder(
        purchase_order=number,
        site=site,
        revision=int(_option(options, "revision", "1")),
        lines=tuple(
            purchasing.PurchaseOrderLine(
                line=part.line,
                item=part.item,
                quantity=part.quantity,
                expected_at=at(86_400 * int(part.after("in") or 0)),
            )
            for part in parts
        ),
    )


def _move(name: str, units: str, source: str, target: str, *options: str) -> Said:
    """`move  bolt 3 [lot L] [of OWNER] [serials A B]  SITE STATE  SITE STATE  [as KIND]`."""
    [part] = loose(units)
    from_site, from_state = source.split()
    to_site, to_state = target.split()
    said = shelves.StockMovementV1(
        movement_id=_option(options, "named ", f"movement-{name}"),
        item=part.item,
        quantity=part.quantity,
        source=shelves.StockPlace(site=from_site, state=StockState(from_state)),
        target=shelves.StockPlace(site=to_site, state=StockState(to_state)),
        lot=part.after("lot"),
        owner=part.after("of"),
    )
    kind = _option(options, "as ", "")
    if not kind:
        return catalogue.STOCK_MOVED_V1, said
    newer = structs.replace(
        shelves.with_kind(said),
        kind=MovementKind(kind),
        serials=_serials(part),
        weight_grams=part.grams(),
    )
    return catalogue.STOCK_MOVED, newer


def _count(name: str, site: str, units: str, *options: str) -> Said:
    """`count  SITE  bolt 3 [in STATE] [lot L]  [named C1]`."""
    [part] = loose(units)
    return catalogue.STOCK_COUNTED, counts.StockCount(
        count_id=_option(options, "named ", f"count-{name}"),
        site=site,
        item=part.item,
        quantity=part.quantity,
        state=StockState(part.after("in") or "available"),
        lot=part.after("lot"),
    )


def _approve(name: str, number: str) -> Said:
    return catalogue.ADJUSTMENT_APPROVED, counts.AdjustmentApproval(adjustment_id=number)


def _reject(name: str, number: str) -> Said:
    return catalogue.ADJUSTMENT_REJECTED, counts.AdjustmentRejection(adjustment_id=number)


def _transfer_lines(units: str) -> tuple[transfers.TransferLine, ...]:
    return tuple(
        transfers.TransferLine(
            item=p.item, quantity=p.quantity, lot=p.after("lot"), serials=_serials(p)
        )
        for p in loose(units)
    )


def _serials(part: Part) -> tuple[str, ...]:
    return part.words[part.words.index("serials") + 1 :] if "serials" in part.words else ()


def _send(name: str, transfer_id: str, site: str, destination: str, units: str) -> Said:
    return catalogue.TRANSFER_SHIPPED, transfers.TransferShipment(
        transfer_id=transfer_id,
        leg_id=name,
        site=site,
        destination=destination,
        lines=_transfer_lines(units),
    )


def _arrive(name: str, transfer_id: str, site: str, units: str, *options: str) -> Said:
    return catalogue.TRANSFER_RECEIVED, transfers.TransferReceipt(
        transfer_id=transfer_id,
        leg_id=name,
        site=site,
        lines=_transfer_lines(units),
        final="more to come" not in options,
    )


def _lot(name: str, item: str, lot: str, *options: str) -> Said:
    """`lot  bolt  L1  [expires in 3 days]  [revision 2]`."""
    days = _option(options, "expires in ", "").removesuffix(" days")
    return catalogue.LOT_CHANGED, lots.LotRecord(
        item=item,
        lot=lot,
        expires_at=at(86_400 * int(days)) if days else None,
        revision=int(_option(options, "revision", "1")),
    )


def _recall(name: str, recall_id: str, item: str, names: str, *options: str) -> Said:
    return catalogue.RECALL_ORDERED, lots.Recall(
        recall_id=recall_id,
        item=item,
        lots=tuple(names.split()),
        sites=tuple(_option(options, "at ", "").split()),
        lifted="lifted" in options,
    )


def _order(name: str, order_id: str, units: str, *options: str) -> Said:
    lines = tuple(
        orders.OrderLine(
            line=part.line,
            item=part.item,
            **part.measure(),
            unit_price_e4=_e4(part),
            kind=_kind(part),
            discount_minor=int(Decimal(part.after("less") or "0") * 100),
            tax_code=part.after("code"),
        )
        for part in lined(units)
    )
    return catalogue.ORDER_PLACED, orders.Order(
        order_id=order_id,
        channel=_option(options, "channel", "web"),
        customer=_option(options, "by ", "acme"),
        currency=_option(options, "in ", "EUR"),
        ship_to=order_words.address(_option(options, "to ", "")),
        requested_for=order_words.day(_option(options, "for day", "")),
        terms=_option(options, "terms ", "") or None,
        lines=lines,
        purchase_order=_option(options, "purchase order", "") or None,
        reservation=_option(options, "reservation", "") or None,
        priority=int(_option(options, "priority", "5")),
        freight_minor=int(Decimal(_option(options, "freight", "0")) * 100),
        discount_minor=int(Decimal(_option(options, "discount", "0")) * 100),
    )


def _admitted(name: str, order_id: str, units: str) -> Said:
    return catalogue.ORDER_ADMITTED, _order(name, order_id, units)[1]


def _change(name: str, order_id: str, units: str, *options: str) -> Said:
    named = units != "nothing"
    lines = tuple(
        orders.LineChange(
            line=part.line,
            item=part.item,
            **part.measure(),
            unit_price_e4=_e4(part),
            kind=_kind(part),
        )
        for part in (lined(units) if named else ())
    )
    place = _option(options, "to ", "")
    return catalogue.ORDER_CHANGE_REQUESTED, orders.OrderChange(
        change_id=f"change-{name}",
        order_id=order_id,
        revision=int(_option(options, "revision", "1")),
        lines=lines,
        ship_to=order_words.address(place) if place else None,
        requested_for=order_words.day(_option(options, "for day", "")),
    )


def _cancel(name: str, order_id: str, units: str = "") -> Said:
    return catalogue.ORDER_CANCELLATION_REQUESTED, orders.OrderCancellation(
        cancellation_id=f"cancellation-{name}",
        order_id=order_id,
        lines=quantities(units) if units else (),
    )


def _stopped(name: str, order_id: str, site: str, *cells: str) -> Said:
    back = [cell.removeprefix("back ") for cell in cells if cell.startswith("back ")]
    unpacked = [cell.removeprefix("unpacked ") for cell in cells if cell.startswith("unpacked ")]
    units = [cell for cell in cells if not cell.startswith(("back ", "unpacked "))]
    return catalogue.RELEASE_STOPPED, orders.ReleaseStopped(
        release_cancellation_id=f"stop-{name}",
        order_id=order_id,
        site=site,
        lines=quantities(units[0]) if units else (),
        put_back=quantities(back[0]) if back else (),
        unpacked=tuple(unpacked),
    )


def _pick(name: str, order_id: str, site: str, units: str) -> Said:
    lines = tuple(
        goods.PickLine(
            line=part.line,
            item=part.item,
            weight_grams=part.grams(),
            quantity=part.quantity,
            short=int(part.after("short") or 0),
            lot=part.after("lot"),
            serials=_serials(part),
            source=PickSource(part.after("from") or "available"),
        )
        for part in lined(units)
    )
    return catalogue.PICK_CONFIRMED, goods.Pick(
        pick_id=f"pick-{name}", order_id=order_id, site=site, lines=lines
    )


def _pack(name: str, order_id: str, site: str, units: str) -> Said:
    return catalogue.CARTON_PACKED, goods.Pack(
        carton_id=f"carton-{name}", order_id=order_id, site=site, lines=quantities(units)
    )


def _ship(name: str, order_id: str, site: str, shipment_id: str, units: str) -> Said:
    lines = tuple(
        goods.ShipmentLine(
            line=part.line,
            item=part.item,
            quantity=part.quantity,
            lot=part.after("lot"),
            serials=_serials(part),
            weight_grams=part.grams(),
        )
        for part in lined(units)
    )
    return catalogue.SHIPMENT_SHIPPED, goods.Shipment(
        shipment_id=shipment_id, order_id=order_id, site=site, lines=lines
    )


def _reserve(name: str, reservation_id: str, units: str, *options: str) -> Said:
    lines = tuple(
        calls.ReservationLine(
            line=part.line, item=part.item, quantity=part.quantity, site=part.after("from")
        )
        for part in lined(units)
    )
    seconds = _option(options, "for", "")
    return catalogue.RESERVATION_REQUESTED, calls.ReservationRequest(
        reservation_id=reservation_id,
        channel=_option(options, "channel", "web"),
        lines=lines,
        hard="hard" in options,
        expires_in_seconds=int(seconds.removesuffix(" min")) * 60 if seconds else None,
        all_or_nothing="part" not in options,
        level=PromiseLevel.SITE if "one site" in options else PromiseLevel.CHANNEL,
    )


def _commit(name: str, reservation_id: str, units: str = "", *options: str) -> Said:
    parts = [part.split() for part in units.split(",")] if units and units != "all" else []
    return catalogue.RESERVATION_COMMITTED, calls.ReservationCommitment(
        reservation_id=reservation_id,
        lines=tuple(calls.ReservationQuantity(line=p[0], quantity=int(p[1])) for p in parts),
        order_id=_option(options, "for order", "") or None,
        attempt=int(_option(options, "attempt", "1")),
    )


def _let_go(name: str, reservation_id: str, *options: str) -> Said:
    return catalogue.RESERVATION_RELEASED, calls.ReservationRelease(
        reservation_id=reservation_id, attempt=int(_option(options, "attempt", "1"))
    )


def _pool(name: str, site: str, units: str, *options: str) -> Said:
    [part] = loose(units)
    return catalogue.POOL_CHANGED, shelves.ChannelPool(
        channel=_option(options, "channel", "web"),
        item=part.item,
        site=site,
        quantity=part.quantity,
        version=int(_option(options, "version", "1")),
    )


def _timer(name: str, kind: str, number: str, revision: str) -> Said:
    return catalogue.TIMER_FIRED, TimerFired(kind=kind, id=number, revision=int(revision))


def _overran(name: str, system: str, feed: str) -> Said:
    return catalogue.FEED_OVERRAN, FeedOverrun(
        key=f"{system}/{feed}", system=system, feed=feed, began=at(0), due=at(3_600)
    )


def _unread(name: str, system: str, feed: str, record: str, where: str, found: str) -> Said:
    return catalogue.RECORD_SET_ASIDE, RecordSetAside(
        key=f"{system}/{feed}/{record}",
        system=system,
        feed=feed,
        record=record,
        where=where,
        found=found,
        expected="a word of the table",
        raw="{}",
    )


def _settle(name: str, proposal_id: str, verdict: str) -> Said:
    return catalogue.PROPOSAL_SETTLED, ProposalSettlement(
        proposal_id=proposal_id, verdict=ProposalVerdict(verdict)
    )


def _stock_policy(name: str, site: str, item: str, *options: str) -> Said:
    point = _option(options, "reorder at", "")
    quantity = _option(options, "fetch", "")
    return catalogue.STOCK_POLICY_CHANGED, StockPolicy(
        item=item,
        site=site,
        safety_stock=int(_option(options, "keep", "0")),
        reorder_point=int(point) if point else None,
        reorder_quantity=int(quantity) if quantity else None,
        revision=int(_option(options, "revision", "1")),
    )


def _posted(name: str, posting_id: str) -> Said:
    return catalogue.STOCK_POSTED, StockPosted(posting_id=posting_id, reference=f"doc-{name}")


def _posting_rejected(name: str, posting_id: str, attempt: str, reason: str = "") -> Said:
    return catalogue.STOCK_POSTING_REJECTED, StockPostingRejected(
        posting_id=posting_id, attempt=int(attempt), reason=reason
    )


def _posting_retried(name: str, posting_id: str, attempt: str) -> Said:
    return catalogue.STOCK_POSTING_RETRIED, StockPostingRetry(
        posting_id=posting_id, attempt=int(attempt)
    )


DOINGS: dict[str, Callable[..., Said]] = {
    "item": _item,
    **order_words.DOINGS,
    "site": _site,
    "channel": _channel,
    "stock": _stock,
    "adjust": _adjust,
    "receipt": _receipt,
    "unread": _unread,
    "overran": _overran,
    "buy": _buy,
    "move": _move,
    "count": _count,
    "approve": _approve,
    "reject": _reject,
    "send": _send,
    "arrive": _arrive,
    "lot": _lot,
    "recall": _recall,
    "reserve": _reserve,
    "commit": _commit,
    "let go": _let_go,
    "timer": _timer,
    "pool": _pool,
    "order": _order,
    "admitted": _admitted,
    "change": _change,
    "cancel": _cancel,
    "stopped": _stopped,
    "pick": _pick,
    "pack": _pack,
    "ship": _ship,
    **identity_words.DOINGS,
    **work_words.DOINGS,
    **money_words.DOINGS,
    **recipe_words.DOINGS,
    "settle": _settle,
    "stock policy": _stock_policy,
    "posted": _posted,
    "posting rejected": _posting_rejected,
    "posting retried": _posting_retried,
}
"""What somebody may do: verb -> (a number, the line's columns) -> message."""

HOUSES = {**identity_words.HOUSES, **recipe_words.HOUSES, **work_words.HOUSES}
"""House rules that others speak of."""

QUESTIONS: dict[str, Callable[..., str]] = {
    **work_words.QUESTIONS,
    "line": Stage.line,
    "status": Stage.status,
    "holds": Stage.holds,
    "balance": Stage.balance,
    "weight": Stage.weight,
    "promise": Stage.promise,
    "finance": Stage.finance,
    "why": Stage.why,
    "waits": Stage.waits,
    "note": Stage.note,
    "told": Stage.told,
    "answer": Stage.answer,
    "record": Stage.record,
    "match": Stage.match,
    "reply": Stage.reply,
    "saga": Stage.saga,
    "waits for": Stage.waits_for,
}
"""What may be asked."""


def _posting_in_words(posting: StockPosting) -> str:
    lines = ", ".join(
        f"{line.milestone} {line.item} {line.quantity:+d}"
        + (f" in {line.documents}" if line.documents > 1 else "")
        for line in posting.lines
    )
    part = f" part {posting.number}" if posting.number is not None else ""
    again = f" again ({posting.attempt})" if posting.attempt > 1 else ""
    return f"post {posting.posting_id}{again} {posting.site}{part}: {lines}"


def _in_words(kind: str, body: bytes) -> str:
    """What a system was told, as a person says it."""
    noun: Any = msgspec.json.decode(body, type=CATALOGUE[kind].noun)
    if kind == catalogue.ORDER_STATUS_CHANGED:
        return f"{noun.order_id} is {noun.status}"
    if kind in money_words.IN_WORDS:
        return money_words.IN_WORDS[kind](noun)
    if (words := order_words.told(kind, noun)) is not None:
        return words
    if kind == catalogue.PROPOSAL_MADE:
        wished = ", ".join(
            f"{one.field} from {one.old or 'nothing'} to {one.wished}" for one in noun.changes
        )
        return f"{noun.proposal_id} of {noun.said_by} for {noun.number}: {wished}"
    if kind == catalogue.REPLENISHMENT_REQUESTED:
        return f"fetch {noun.quantity or 'some'} {noun.item} for {noun.site}, {noun.free} free"
    if kind == catalogue.STOCK_POSTING_REQUESTED:
        return _posting_in_words(noun)
    if kind == catalogue.RECEIPT_POSTED:
        of = f" of {noun.purchase_order}" if noun.purchase_order else ""
        came = ", ".join(f"{line.item} {line.quantity}" for line in noun.lines)
        return f"received {noun.receipt_id} at {noun.site}{of}: {came}"
    if hasattr(noun, "request_id"):
        return f"{CATALOGUE[kind].entity} {noun.request_id}"
    what = ", ".join(f"{line.line} {line.item} {line.quantity}" for line in noun.lines)
    name = {
        catalogue.ORDER_RELEASED: "release",
        catalogue.ORDER_RELEASE_CANCELLED: "stop",
        catalogue.SHIPMENT_SHIPPED: "shipped",
        catalogue.RETURN_AUTHORISED: "authorised",
    }[kind]
    return f"{name} {noun.order_id}: {what}"
