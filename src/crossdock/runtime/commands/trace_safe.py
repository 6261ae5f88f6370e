"""What may be done next without making it worse: runbooks, holds, instances; never a guess.

Each step comes from where its rule lives: the table of conditions, the kinds of holds, the words of
recipes. Commands show a dry run first where they change something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crossdock.contracts.conditions import CANCEL_ORDER, Condition, kind_of_reason
from crossdock.contracts.vocabulary import Fate, HoldKind
from crossdock.log.views import ExceptionRow
from crossdock.orders.refusals import kind_of
from crossdock.runtime.commands.exceptions import filled_in
from crossdock.runtime.commands.trace_parts import Safe, Wait, condition_named
from crossdock.runtime.commands.trace_why import Picture
from crossdock.sagas.recipes.words import advice

Table = Mapping[str, Condition]


def safe_for_order(
    picture: Picture, waits: Iterable[Wait], open_now: Iterable[ExceptionRow], table: Table
) -> list[Safe]:
    """What is safe to do about an order, each command once; waiting where nothing else is."""
    order = picture.order.order_id
    found = [
        *_about_messages(picture, table),
        *_about_holds(picture),
        *_about_stock(picture),
        *_about_instances(picture, table),
        *about_conditions(_left_to_tables(picture, open_now), table, order),
    ]
    return once(found, waits)


def _left_to_tables(picture: Picture, rows: Iterable[ExceptionRow]) -> Iterator[ExceptionRow]:
    """What the table of conditions knows best: not an instance that can say itself what is safe.

    Nor an effect that is not held: there is nothing to be ruled on.
    """
    instances = {saga.id for saga, recipe in picture.sagas if recipe is not None}
    ended = {effect.business_key for effect in picture.effects if effect.state != "held"}
    return (row for row in rows if row.key not in instances | ended)


def once(found: Iterable[Safe], waits: Iterable[Wait]) -> list[Safe]:
    """Each command the first time that it comes; where there is none: to wait."""
    by_command: dict[str, Safe] = {}
    for one in found:
        by_command.setdefault(one.do, one)
    steps, waiting = list(by_command.values()), list(waits)
    if steps or not waiting:
        return steps
    first = waiting[0]
    return [Safe("nothing", f"it goes on when it comes from {first.awaited_from}", first.evidence)]


def about_conditions(open_now: Iterable[ExceptionRow], table: Table, order: str) -> Iterator[Safe]:
    """The runbooks of what is open, without the look that this trace is."""
    for row in open_now:
        condition = table.get(row.kind)
        if not row.is_open or condition is None:
            continue
        for step in filled_in(condition, row.key, row.place, order):
            if not step["command"].startswith("crossdock trace "):
                yield Safe(step["command"], step["when"], condition_named(row))


def about_message(place: str, fate: Fate, reason: str, table: Table, order: str) -> Iterator[Safe]:
    """The runbook of a message that was put aside."""
    condition = table.get(kind_of_reason(reason))
    if fate not in (Fate.HELD, Fate.DEAD) or condition is None:
        return
    for step in filled_in(condition, place, place, order):
        yield Safe(step["command"], step["when"], place)


def _about_messages(picture: Picture, table: Table) -> Iterator[Safe]:
    for message in picture.messages:
        row = picture.outcomes.get((message.partition, message.position))
        if row is not None and message.place not in picture.handled:
            fate, reason = row.outcome.fate, row.outcome.reason
            yield from about_message(message.place, fate, reason, table, picture.order.order_id)


def _about_holds(picture: Picture) -> Iterator[Safe]:
    order = picture.order.order_id
    for hold in picture.order.holds:
        if kind_of(hold) is not HoldKind.DATA:
            release = f"crossdock orders release-hold {order} {hold} --by WHO --reason WHY"
            when = f"whoever answers for {kind_of(hold).value} holds agrees"
            yield Safe(release, when, picture.last_place())
        elif hold.startswith("unknown-item:") and picture.item_owner:
            item = hold.partition(":")[2]
            yield Safe(
                f"let {picture.item_owner} send crossdock.item.changed.v1 for {item}",
                "the item is sold: the order goes on by itself when it is known",
                picture.last_place(),
            )
        else:
            about = hold.partition(":")[2]
            yield Safe(
                f"let the owner of {about} put its record right",
                "the order goes on by itself then",
                picture.last_place(),
            )


def _about_stock(picture: Picture) -> Iterator[Safe]:
    order = picture.order.order_id
    for row in picture.waiting:
        if row.sites:
            yield Safe(
                f"crossdock trace item:{row.item}",
                "first: what is on the shelf, and who is served before",
                picture.last_place(),
            )
            yield Safe(
                CANCEL_ORDER.command.format(order=order), CANCEL_ORDER.when, picture.last_place()
            )


def _about_instances(picture: Picture, table: Table) -> Iterator[Safe]:
    for saga, recipe in picture.sagas:
        if saga.ended:
            continue
        if recipe is None:
            runbook = table["saga-without-recipe"]
            for row in filled_in(runbook, saga.id, None, picture.order.order_id):
                yield Safe(row["command"], row["when"], saga.id)
            continue
        advised = advice(recipe, saga)
        if advised or any(step.waits for step in saga.steps.values()):
            yield Safe(f"crossdock sagas show {saga.id}", "first: what is done so far", saga.id)
        for one in advised:
            step = f" --step {one.step}" if one.step else ""
            command = f"crossdock sagas {one.action} {saga.id}{step} --by WHO --reason WHY"
            yield Safe(command, one.why, saga.id)
