"""Who may say what, and who must be told: one table, enforced at the door, and the routing.

The most specific rule wins, and specificity is the number of dimensions that a rule names besides
its object (field, stage, event, site, channel): `item.weight_grams at EAST` goes before
`item.weight_grams`, that before `item`. Each answer (owners, consumers, publisher, what a
violation ends in) comes from the most specific rule that gives it. Two rules of one specificity
that meet in a cell and give different answers are an overlap, which `ownership.check` finds; no
flow that touches one starts, so the order in which they stand here never matters (decision 10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

from crossdock.ownership.phrases import (
    ANYBODY,
    CHANNEL,
    HUB,
    SITE,
    SYSTEM_OF_CHANNEL,
    WMS_OF_SITE,
    phrase_of,
)
from crossdock.ownership.rule import OnViolation, Rule

Cell = tuple[str, str | None, str | None, str | None, str | None, str | None]
"""Object, field, stage, event, site, channel."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the matrix says of one cell, names resolved to systems; phrases without answer left out.

    `rule` is the key of the rule that named the owners: the evidence of a refusal.
    """

    owners: tuple[str, ...]
    consumers: tuple[str, ...]
    publisher: str | None
    on_violation: OnViolation
    rule: str

    def may_say(self, source: str) -> bool:
        """Whether this source owns it, or publishes it for its owner."""
        return source in self.owners or source == self.publisher or ANYBODY in self.owners


@dataclass(frozen=True, slots=True)
class Matrix:
    """The rules, with the places that the phrases refer to: site or channel -> role -> system."""

    rules: Sequence[Rule]
    sites: Mapping[str, Mapping[str, str]]
    channels: Mapping[str, Mapping[str, str]]
    # Answers worked out before: no part of what a matrix is.
    _answers: dict[Cell, Answer] = field(default_factory=dict, init=False, compare=False)
    _fields: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, compare=False)
    _at_door: dict[str, bool] = field(default_factory=dict, init=False, compare=False)

    def owners(
        self,
        entity: str,
        site: str | None = None,
        channel: str | None = None,
        *,
        field: str | None = None,
        stage: str | None = None,
        event: str | None = None,
    ) -> tuple[str, ...]:
        """The systems that may originate this; `event` is the name of a message type."""
        return self.answer(entity, site, channel, field=field, stage=stage, event=event).owners

    def consumers(
        self,
        entity: str,
        site: str | None = None,
        channel: str | None = None,
        *,
        field: str | None = None,
        stage: str | None = None,
        event: str | None = None,
    ) -> tuple[str, ...]:
        """The systems that must be told, each once, in the matrix's order."""
        return self.answer(entity, site, channel, field=field, stage=stage, event=event).consumers

    def may_say(
        self,
        source: str,
        entity: str,
        site: str | None = None,
        channel: str | None = None,
        *,
        field: str | None = None,
        stage: str | None = None,
        event: str | None = None,
    ) -> bool:
        """Whether this source owns it there, or publishes it for its owner."""
        answer = self.answer(entity, site, channel, field=field, stage=stage, event=event)
        return answer.may_say(source)

    def answer(
        self,
        entity: str,
        site: str | None = None,
        channel: str | None = None,
        *,
        field: str | None = None,
        stage: str | None = None,
        event: str | None = None,
    ) -> Answer:
        """All that the matrix says of a cell; kept, since messages ask the same again and again."""
        # A place that is not configured is no place, so that no sender makes the table grow.
        cell = (
            entity,
            field,
            stage,
            event_of(event) if event is not None else None,
            site if site in self.sites else None,
            channel if channel in self.channels else None,
        )
        known = self._answers.get(cell)
        if known is None:
            known = self._answers[cell] = self._answer(cell)
        return known

    def fields_ruled(self, entity: str) -> tuple[str, ...]:
        """The fields of this object for which some rule speaks, sorted."""
        known = self._fields.get(entity)
        if known is None:
            named = {rule.field for rule in self.rules if rule.entity == entity and rule.field}
            known = self._fields[entity] = tuple(sorted(named))
        return known

    def door_decides(self, entity: str) -> bool:
        """Whether who may say this object is known from type, source and site alone.

        So it is where no rule of the object names a stage or a channel, itself or by a phrase, and
        every violation is rejected: the door has refused all there is to refuse.
        """
        known = self._at_door.get(entity)
        if known is None:
            known = self._at_door[entity] = not any(
                rule.stage is not None
                or rule.channel is not None
                or rule.on_violation not in (None, OnViolation.REJECT)
                or any(_is_of_channel(name) for name in (*(rule.owners or ()), rule.publisher))
                for rule in self.rules
                if rule.entity == entity
            )
        return known

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any rule and any place."""
        places = [
            sorted((place, sorted(roles.items())) for place, roles in one.items())
            for one in (self.sites, self.channels)
        ]
        rules = sorted((rule.key, repr(rule)) for rule in self.rules)
        return sha256(repr((rules, places)).encode()).hexdigest()[:12]

    def resolve(
        self, names: Sequence[str], site: str | None, channel: str | None
    ) -> tuple[str, ...]:
        """The systems that these names mean there, each once; unanswered phrases are left out."""
        found = (self.system_of(name, site, channel) for name in names)
        return tuple(dict.fromkeys(system for system in found if system is not None))

    def system_of(self, name: str, site: str | None, channel: str | None) -> str | None:
        """The system that one name means there, or None."""
        phrase = phrase_of(name)
        if phrase is None:
            return name
        places, place = (self.sites, site) if phrase.scope == SITE else (self.channels, channel)
        return places.get(place, {}).get(phrase.role) if place is not None else None

    def _answer(self, cell: Cell) -> Answer:
        _, _, _, _, site, channel = cell
        ranked = ranked_for(self.rules, cell)
        owners = _first(ranked, lambda rule: rule.owners)
        consumers = _first(ranked, lambda rule: rule.consumers)
        publisher = _first(ranked, lambda rule: rule.publisher)
        ending = _first(ranked, lambda rule: rule.on_violation)
        return Answer(
            owners=self.resolve(owners.owners or (), site, channel) if owners else (),
            consumers=self.resolve(consumers.consumers or (), site, channel) if consumers else (),
            publisher=self.system_of(publisher.publisher or "", site, channel)
            if publisher
            else None,
            on_violation=(ending.on_violation if ending else None) or OnViolation.REJECT,
            rule=owners.key if owners else "",
        )


def _is_of_channel(name: str | None) -> bool:
    phrase = phrase_of(name) if name is not None else None
    return phrase is not None and phrase.scope == CHANNEL


def ranked_for(rules: Sequence[Rule], cell: Cell) -> list[Rule]:
    """The rules that speak of a cell, most specific first; equals in the order of their keys."""
    entity, *rest = cell
    speaking = [
        rule
        for rule in rules
        if rule.entity == entity
        and all(
            named is None or named == there
            for named, there in zip(
                (rule.field, rule.stage, rule.event, rule.site, rule.channel), rest, strict=True
            )
        )
    ]
    return sorted(speaking, key=lambda rule: (-rule.specificity, rule.key))


def _first(ranked: list[Rule], said: Callable[[Rule], Any]) -> Rule | None:
    return next((rule for rule in ranked if said(rule) is not None), None)


@lru_cache(maxsize=1024)
def event_of(name: str) -> str:
    """`noun.participle` of a message type's name: rules speak of all versions of an event."""
    plain = name.removeprefix("crossdock.")
    return plain.rpartition(".v")[0] if plain != name else name


DEFAULT_RULES = (
    # Master data: the ERP, or the PIM where a house has one.
    Rule("item", ("erp",), ()),
    Rule("party", ("erp",), ()),
    Rule("site", ("erp",), ()),
    Rule("channel", ("erp",), ()),
    Rule("credit", ("erp",), ()),
    Rule("price", ("erp",), ()),
    Rule("location", (WMS_OF_SITE,), ()),
    Rule("identity", ("erp",), ()),
    # Orders: who sells, and the desk; an OMS or the ERP where a house says so.
    Rule("order", (SYSTEM_OF_CHANNEL, "crm"), (SYSTEM_OF_CHANNEL, "crm")),
    Rule("order_hold", ("erp", SYSTEM_OF_CHANNEL), ()),
    Rule("order_override", ("erp",), ()),
    Rule("order_notice", (HUB,), ()),
    Rule("intercept", (HUB,), ()),
    Rule("return", (SYSTEM_OF_CHANNEL, "crm"), (WMS_OF_SITE, SYSTEM_OF_CHANNEL, "crm")),
    Rule("pool", ("erp",), ()),
    Rule("reservation", (SYSTEM_OF_CHANNEL,), ()),
    # What the hub decides.
    Rule("release", (HUB,), (WMS_OF_SITE,)),
    Rule("stock_policy", ("erp",), ()),
    Rule("purchase_order", ("erp",), ()),
    Rule("replenishment", (HUB,), ("erp",)),
    Rule("stock_posting", ("erp",), ("erp",)),
    Rule("timer", (HUB,), ()),
    Rule("effect", (HUB,), ()),
    Rule("record", (HUB,), ()),
    Rule("feed", (HUB,), ()),
    Rule("operation", (HUB,), ()),
    Rule("saga", (HUB,), ()),
    # Stock and its availability: the WMS executes, the hub publishes, the ERP keeps the value.
    Rule("stock", (WMS_OF_SITE,), ()),
    Rule("transfer", (WMS_OF_SITE,), ()),
    Rule("adjustment_approval", ("erp",), ()),
    Rule("lot", ("erp",), ()),
    Rule("recall", ("erp",), ()),
    Rule("availability", (WMS_OF_SITE,), (SYSTEM_OF_CHANNEL,), publisher=HUB),
    # What a warehouse did: its WMS; shipments may be a TMS's instead.
    Rule("receipt", (WMS_OF_SITE,), ()),
    Rule("pick", (WMS_OF_SITE,), ()),
    Rule("pack", (WMS_OF_SITE,), ()),
    Rule("shipment", (WMS_OF_SITE,), (SYSTEM_OF_CHANNEL, "crm")),
    Rule("return_receipt", (WMS_OF_SITE,), ()),
    # What follows from a packed carton: told to whoever a house names; whoever was asked answers.
    Rule("rate", (ANYBODY,), ()),
    Rule("label", (ANYBODY,), ()),
    Rule("parcel_posting", (HUB,), ()),
    Rule("booking", (HUB,), ()),
    Rule("notice", (HUB,), ()),
    Rule("parcel", (HUB,), ()),
    # What is put before an owner: whoever it was made to settles it.
    Rule("proposal", (ANYBODY,), ()),
    # Money.
    Rule("invoice", ("erp",), ("erp",)),
    Rule("credit_memo", ("erp",), ("erp",)),
    Rule("accounting_period", ("erp",), ()),
    Rule("control_total", (ANYBODY,), ()),  # whoever keeps books may say what is in them
)
"""The matrix that ships with the hub; `crossdock.yaml` replaces rows and adds narrower ones."""
