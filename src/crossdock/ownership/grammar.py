"""How a rule's key is spelt: `object[.field][@stage][/event][ at SITE][ via CHANNEL]`.

`item.weight_grams`, `order@released`, `order/cancellation_requested`, `stock at EAST`,
`order via web`, and any of them together in this order.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from crossdock.ownership.rule import Rule
from crossdock.ownership.subjects import (
    STAGES,
    events_of,
    fields_of,
    objects,
    reaches_channel,
    reaches_site,
)

SPELLING = "object[.field][@stage][/event][ at SITE][ via CHANNEL]"

_HEAD = re.compile(
    r"\A(?P<entity>[a-z_]{1,60})(?:\.(?P<field>[a-z0-9_]{1,60}))?(?:@(?P<stage>[a-z_]{1,60}))?"
    r"(?:/(?P<event>[a-z_.]{1,120}))?\Z"
)
_TAIL = {"": (), "at": ("site",), "via": ("channel",), "at via": ("site", "channel")}


def rule_of(key: str) -> Rule | None:
    """Read a key into a rule that says nothing yet; None where it is not spelt as keys are."""
    head, *tail = key.split(" ")
    found = _HEAD.match(head)
    places = _TAIL.get(" ".join(tail[0::2]))
    if found is None or places is None or len(tail) != 2 * len(places) or not all(tail):
        return None
    where = dict(zip(places, tail[1::2], strict=True))
    entity, event = found["entity"], found["event"]
    return Rule(
        entity,
        field=found["field"],
        stage=found["stage"],
        event=_whole_event(entity, event) if event is not None else None,
        site=where.get("site"),
        channel=where.get("channel"),
    )


def _whole_event(entity: str, event: str) -> str:
    """`noun.participle`: the noun may be left out where one event of the object ends so."""
    named = [known for known in events_of(entity) if known.partition(".")[2] == event]
    return named[0] if len(named) == 1 else event


def faults(
    rule: Rule, sites: Collection[str], channels: Collection[str]
) -> Iterator[tuple[str, str]]:
    """(found, expected) for every name in a rule's key that means nothing."""
    entity = rule.entity
    if entity not in objects():
        yield entity, f"one of {', '.join(sorted(objects()))}"
        return
    if rule.field is not None and rule.field not in fields_of(entity):
        yield (
            f"the field {rule.field}",
            f"a field of {entity}: {_listed(fields_of(entity))}",
        )
    if rule.stage is not None and rule.stage not in STAGES.get(entity, ()):
        yield f"the stage {rule.stage}", f"a stage of {entity}: {_listed(STAGES.get(entity, ()))}"
    if rule.event is not None and rule.event not in events_of(entity):
        yield f"the event {rule.event}", f"an event of {entity}: {_listed(events_of(entity))}"
    if rule.site is not None:
        if not reaches_site(entity):
            yield f"the site {rule.site}", f"no site: messages of {entity} name none"
        elif rule.site not in sites:
            yield f"the site {rule.site}", f"a site of this file: {_listed(sorted(sites))}"
    if rule.channel is not None:
        if not reaches_channel(entity):
            yield f"the channel {rule.channel}", f"no channel: messages of {entity} have none"
        elif rule.channel not in channels:
            yield (
                f"the channel {rule.channel}",
                f"a channel of this file: {_listed(sorted(channels))}",
            )


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "it has none"
