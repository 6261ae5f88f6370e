"""After any fact about an order: bring what is promised and asked for in line with what is true.

One function, `settle`, runs after every order message, whatever it was. It compares what the
order still needs with what is reserved, gives surplus back, reserves what is missing, releases
what is reserved to the warehouses, asks finance for invoices, and says who waits. Because it
looks only at the order's facts and the stock, it does not matter in which order the facts came
(decision 5, M4).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from crossdock.contracts import catalogue
from crossdock.contracts.orders import (
    LineQuantity,
    OrderReview,
    Release,
    ReleaseCancellation,
    ReleaseLine,
    ReleaseStopped,
)
from crossdock.contracts.stock import Grant
from crossdock.contracts.vocabulary import HoldKind, ItemKind, PickSource
from crossdock.log.records import Waiting
from crossdock.orders.doings import Doing
from crossdock.orders.facts import Happened, consume
from crossdock.orders.grouping import group_of
from crossdock.orders.refusals import kind_of
from crossdock.orders.state import Figures, Line, OrderState, all_figures, figures
from crossdock.sagas import (
    announcing,
    compensating,
    crediting,
    goods,
    invoicing,
    promising,
    returning,
    sites,
    steering,
    telling,
)
from crossdock.sagas.turn import Turn

Shelf = tuple[str, str]
"""(item, site)."""

_SHELF = PickSource.AVAILABLE.value

Stops = dict[str, list[LineQuantity]]
"""By site, what a warehouse is to leave on the shelf or to put back there."""


def apply_goods(
    turn: Turn,
    order: OrderState,
    happened: list[Happened],
    document: str,
    *,
    moved: bool = True,
) -> tuple[set[Shelf], set[Shelf]]:
    """Enter in the ledger what a warehouse did, and use up the promises that it fulfilled.

    Not `moved`: the ledger has it already, under another order.

    Gives the shelves that goods left without having been promised there, and those on which
    promised units are free again, because the goods were others.
    """
    unpromised: set[Shelf] = set()
    freed: set[Shelf] = set()
    for done in happened:
        line = order.lines[done.line]
        key = f"{order.order_id}/{done.line}"
        if line.item != done.item and order.placed:
            turn.note(
                "item-mismatch",
                key,
                f"{document} names item {done.item}, the order line {line.item}",
            )
        if done.displaced:
            turn.note("lot-mismatch", key, f"picked and then not shipped: {done.displaced}")
        kept = _leave_shelf(turn, order, done, done.taken)
        kept &= _leave_shelf(turn, order, done, done.short)
        if not kept:
            unpromised.add((done.item, done.site))
        for movement in goods.moved_for_order(done, document) if moved else ():
            turn.move(movement)
        if any(source != _SHELF or taken < 0 for (source, _), taken, _ in done.goods):
            freed.add((done.item, done.site))
    return unpromised, freed


def _leave_shelf(turn: Turn, order: OrderState, done: Happened, quantity: int) -> bool:
    """Goods leave the shelf; gives whether all of them were promised to the line there."""
    if quantity <= 0:
        return True
    line = order.lines[done.line]
    place = line.at(done.site)
    reserved, released = consume(place, quantity)
    turn.commit(order, done.line, done.site, -reserved, -released)
    if reserved:
        turn.book.release(line.item, done.site, reserved)
    late = place.stopping - place.released  # only what was asked for can be stopped
    if late > 0:
        # The stop came too late: what it asked for stands on the staging floor now.
        turn.remember(order, Doing.STOPPING, place.stopping - late, done.line, done.site)
        turn.remember(order, Doing.STOPPED, place.stopped + late, done.line, done.site)
    return reserved == quantity


def take_stop(turn: Turn, order: OrderState, said: ReleaseStopped) -> set[Shelf]:
    """A warehouse will not pick these units any more: now, and not before, they are free again."""
    freed: set[Shelf] = set()
    for done in said.lines:
        line = order.lines.get(done.line)
        place = line.sites.get(said.site) if line is not None else None
        if line is None or place is None:
            continue
        part = min(done.quantity, place.stopping)
        if part:
            turn.remember(order, Doing.STOPPING, place.stopping - part, done.line, said.site)
            turn.commit(order, done.line, said.site, -part, -part)
            turn.book.release(line.item, said.site, part)
            freed.add((line.item, said.site))
    return freed


def settle(
    turn: Turn,
    order: OrderState,
    *,
    unpromised: Iterable[Shelf] = (),
    freed: Iterable[Shelf] = (),
    listed_otherwise: Collection[str] = (),
    anew: bool = False,
) -> None:
    """Bring promises, releases, requests and waiting lines in line with the order's facts.

    `unpromised` are shelves that goods just left beyond their promises, `freed` those on which
    stock just came free; both by the message whose turn it is. `listed_otherwise` are lines that
    may stand on the waiting list with another quantity, or for other sites, than the order
    believes: their rows are written again. `anew` looks for stock for waiting lines too.
    """
    returning.hold_wrong_items(turn, order)
    compensating.close_shorts(turn, order)
    now = turn.settled[order.order_id] = all_figures(order)
    free_again = set(freed)
    if order.placed and order.holds:
        free_again |= _stand_still(turn, order, now)
    elif order.placed and (unpromised or listed_otherwise or anew or not _is_square(order, now)):
        free_again |= _go_on(turn, order, now, unpromised, listed_otherwise, anew=anew)
    if order.placed and not any(kind_of(hold) is HoldKind.DATA for hold in order.holds):
        invoicing.ask_for_invoices(turn, order, now)
        crediting.ask_for_credits(turn, order, now)
        returning.answer_returns(turn, order, now)
    compensating.ask_back(turn, order, now)
    for item, site in sorted(free_again):
        serve_waiting(turn, item, site)
    telling.note_conditions(turn, order, now)
    telling.tell_status(turn, order, now)
    announcing.announce(turn, order, now)


def _go_on(
    turn: Turn,
    order: OrderState,
    now: dict[str, Figures],
    unpromised: Iterable[Shelf],
    listed_otherwise: Collection[str],
    *,
    anew: bool,
) -> set[Shelf]:
    """Let promises, releases and waiting lines be what is open; gives shelves with free units."""
    stops: Stops = {}
    for item, site in unpromised:
        _withdraw_unbacked(turn, order, now, item, site, stops)
    freed = _give_back(turn, order, now, stops) | _leave_others(turn, order, now, stops)
    _stop_staged(turn, order, now, stops)
    _reserve_missing(turn, order, now, anew=anew)
    _wait_for_the_rest(turn, order, now, listed_otherwise)
    _look_again_at_kits(order, now)
    _stop(turn, order, stops)
    _release(turn, order)
    return freed


def _stand_still(turn: Turn, order: OrderState, known: dict[str, Figures]) -> set[Shelf]:
    """A held order has no promise and waits for nothing; gives the shelves where some came free.

    Warehouses are asked to stop what they were asked for. What is picked already stays where it is.
    """
    stops: Stops = {}
    freed: set[Shelf] = set()
    for number, line in order.stock_lines():
        known[number].reserved = 0
        known[number].backordered = known[number].open
        for site in sorted(line.sites):
            place = line.sites[site]
            if place.reserved > place.released:
                freed.add((line.item, site))
            if place.reserved > place.stopping:
                _take_back(turn, order, number, site, place.reserved - place.stopping, stops)
        if line.waiting and not _awaits_master(order, line):
            wait_without_site(turn, order, number, 0)
    _look_again_at_kits(order, known)
    _stop(turn, order, stops)
    return freed


def _awaits_master(order: OrderState, line: Line) -> bool:
    """Whether the order is held for the record of the line's item."""
    return any(
        hold.endswith(f":{line.item}") and kind_of(hold) is HoldKind.DATA for hold in order.holds
    )


def _is_square(order: OrderState, known: dict[str, Figures]) -> bool:
    """Whether what is promised and released is exactly what is open: the usual case, seen at once.

    After a pick as asked for there is nothing to give back, to reserve, to release or to stop.
    """
    for number, now in known.items():
        line = order.lines[number]
        if line.kind is not ItemKind.STOCK:
            continue
        if now.reserved != now.open or line.waiting or now.cancelled:
            return False
        for place in line.sites.values():
            if place.reserved != place.released or place.stopping:
                return False
    return True


def _give_back(
    turn: Turn, order: OrderState, known: dict[str, Figures], stops: Stops
) -> set[Shelf]:
    """Take back promises that the order no longer needs; gives the shelves where some came free."""
    freed: set[Shelf] = set()
    for number, line in order.stock_lines():
        now = known[number]
        surplus = now.reserved - now.open
        if surplus <= 0:
            continue
        now.reserved -= surplus
        for released_too in (False, True):
            for site in sorted(line.sites, reverse=True):
                place = line.sites[site]
                at_work = max(0, place.released - place.stopping)
                loose = place.reserved - place.released
                part = min(surplus, at_work if released_too else loose)
                if part > 0:
                    surplus -= part
                    _take_back(turn, order, number, site, part, stops)
                    if not released_too:
                        freed.add((line.item, site))
    return freed


def _leave_others(
    turn: Turn, order: OrderState, known: dict[str, Figures], stops: Stops
) -> set[Shelf]:
    """Take back what a line has at other sites than the one that a person named for it."""
    freed: set[Shelf] = set()
    for number, line in order.stock_lines():
        for site in sorted(line.sites) if line.only_site else ():
            place = line.sites[site]
            part = place.reserved - place.stopping
            if site == line.only_site or part <= 0:
                continue
            if place.reserved > place.released:
                freed.add((line.item, site))
            _take_back(turn, order, number, site, part, stops)
            known[number].reserved -= part
            known[number].backordered += part
    return freed


def _take_back(
    turn: Turn, order: OrderState, number: str, site: str, quantity: int, stops: Stops
) -> None:
    """Take a promise back: at once where nobody was asked for it, else when the warehouse says so.

    Units that a warehouse was asked for may be on their way off the shelf. They stay promised
    until it answers, so that they are never promised twice (I14).
    """
    line = order.lines[number]
    place = line.sites[site]
    loose = min(quantity, place.reserved - place.released)
    if loose > 0:
        turn.commit(order, number, site, -loose, 0)
        turn.book.release(line.item, site, loose)
    if quantity > loose:
        asked = quantity - loose
        turn.remember(order, Doing.STOPPING, place.stopping + asked, number, site)
        _note_stop(stops, site, number, line, asked)


def _withdraw_unbacked(
    turn: Turn,
    order: OrderState,
    known: dict[str, Figures],
    item: str,
    site: str,
    stops: Stops,
) -> None:
    """Goods left a shelf beyond their promises: withdraw what the order's own lines lack now."""
    lacking = -turn.book.backed(item, site)
    for number in sorted(order.lines, reverse=True):
        line = order.lines[number]
        place = line.sites.get(site)
        if lacking <= 0 or line.item != item or place is None:
            continue
        part = min(lacking, place.reserved - place.stopping)
        if part > 0:
            lacking -= part
            _take_back(turn, order, number, site, part, stops)
            known[number].reserved -= part
            known[number].backordered = max(0, known[number].open - known[number].reserved)


def _note_stop(stops: Stops, site: str, number: str, line: Line, quantity: int) -> None:
    """Ask for so many units of a line; a warehouse is asked once for each line, for all of them."""
    asked = stops.setdefault(site, [])
    known = next((at for at, one in enumerate(asked) if one.line == number), None)
    if known is not None:
        quantity += asked.pop(known).quantity
    asked.append(LineQuantity(line=number, item=line.item, quantity=quantity))


def _stop(turn: Turn, order: OrderState, stops: Stops) -> None:
    """Tell warehouses to stop."""
    for site in sorted(stops):
        turn.remember(order, Doing.RELEASES, order.releases + 1)
        stop = ReleaseCancellation(
            release_cancellation_id=f"{order.order_id}-C{order.releases}",
            order_id=order.order_id,
            site=site,
            lines=tuple(stops[site]),
        )
        turn.tell(
            turn.routes("release", catalogue.ORDER_RELEASE_CANCELLED, site, order.channel),
            catalogue.ORDER_RELEASE_CANCELLED,
            order.order_id,
            stop,
            f"release-cancellation/{stop.release_cancellation_id}",
        )


def _stop_staged(turn: Turn, order: OrderState, known: dict[str, Figures], stops: Stops) -> None:
    """Units picked for what has since been cancelled: ask the warehouse to put them back."""
    for number, line in order.stock_lines():
        now = known[number]
        if not now.cancelled or now.taken <= now.ordered - now.cancelled:
            continue
        asked = sum(place.to_put_back for place in line.sites.values())
        too_many = now.taken - (now.ordered - now.cancelled) - asked
        for site in sorted(line.sites):
            place = line.sites[site]
            part = min(too_many, place.staged - place.to_put_back)
            if part > 0:
                turn.remember(order, Doing.STOPPED, place.stopped + part, number, site)
                too_many -= part
                _note_stop(stops, site, number, line, part)


def _reserve_missing(
    turn: Turn, order: OrderState, known: dict[str, Figures], *, anew: bool
) -> None:
    # What waits already is served by whoever frees stock; only a new lack looks for it here.
    wanted = {
        number: now.backordered
        for number, now in sorted(known.items())
        if now.backordered > (0 if anew else order.lines[number].waiting)
        and order.lines[number].kind is ItemKind.STOCK
    }
    channel = turn.policy.channels.get(order.channel) if wanted else None
    if channel is None:
        return

    def free(item: str, site: str) -> int:
        return promising.offered(turn, channel.channel, channel.keep_back, item, site)

    for number, parts in sites.chosen(turn, order, wanted, channel.sells_from, free).items():
        line = order.lines[number]
        for site, quantity in parts:
            promising.take(turn, channel.channel, channel.keep_back, line.item, site, quantity)
            turn.commit(order, number, site, quantity, 0)
            known[number].reserved += quantity
            known[number].backordered -= quantity


def _wait_for_the_rest(
    turn: Turn,
    order: OrderState,
    known: dict[str, Figures],
    listed_otherwise: Collection[str],
) -> None:
    channel = turn.policy.channels.get(order.channel)
    for number, line in order.stock_lines():
        missing = known[number].backordered
        if missing != line.waiting:
            turn.remember(order, Doing.WAITING, missing, number)
        elif number not in listed_otherwise:
            continue
        turn.waiting.put(
            Waiting(
                item=line.item,
                order_id=order.order_id,
                line=number,
                quantity=missing,
                priority=order.priority,
                since=datetime.fromisoformat(order.since),
                sites=()
                if channel is None
                else sites.allowed_for(turn, order, number, channel.sells_from),
                keep_back=channel.keep_back if channel is not None else 0,
                channel=order.channel,
            )
        )


def _look_again_at_kits(order: OrderState, known: dict[str, Figures]) -> None:
    """A kit's figures follow from its components', which were just promised more or less."""
    for number, line in order.lines.items():
        if line.parts:
            known[number] = figures(order, line)


def _release(turn: Turn, order: OrderState) -> None:
    """Ask each warehouse for what is reserved there and not yet asked for: one release per site.

    As many units of a line as warehouses were asked to stop, and have not answered for, are held
    back: they may be picked already, and would leave twice. The answer, or the pick, lets them go.
    """
    asked: dict[str, list[ReleaseLine]] = {}
    for number, line in order.stock_lines():
        places = line.sites.values()
        loose = sum(place.reserved - place.released - place.stopping for place in places)
        for site in sorted(line.sites):
            place = line.sites[site]
            more = min(place.reserved - place.released, loose)
            if more > 0:
                loose -= more
                turn.commit(order, number, site, 0, more)
                asked.setdefault(site, []).append(
                    ReleaseLine(line=number, item=line.item, quantity=more, **line.handling)
                )
    if not asked:
        return
    group = group_of(order, turn.policy.order_policy(order.channel).together)
    for site in sorted(asked):
        turn.remember(order, Doing.RELEASES, order.releases + 1)
        release = Release(
            release_id=f"{order.order_id}-R{order.releases}",
            order_id=order.order_id,
            site=site,
            lines=tuple(asked[site]),
            customer=order.customer,
            ship_to=order.ship_to,
            priority=order.priority,
            requested_for=steering.requested_for(order),
            version=order.version + 1,
            group=group,
        )
        turn.tell(
            turn.routes("release", catalogue.ORDER_RELEASED, site, order.channel),
            catalogue.ORDER_RELEASED,
            order.order_id,
            release,
            f"release/{release.release_id}",
        )


def take_grant(turn: Turn, order: OrderState, grant: Grant) -> None:
    """Book stock that was set aside for a waiting line; `settle` uses it or gives it back."""
    line = order.lines[grant.line]
    turn.commit(order, grant.line, grant.site, grant.quantity, 0)
    turn.remember(order, Doing.WAITING, max(0, line.waiting - grant.quantity), grant.line)


def serve_waiting(turn: Turn, item: str, site: str) -> None:
    """Give stock that came free to the lines that wait for it, in the order of the policy.

    The units are reserved here and now, in the transaction that freed them, so no newcomer can jump
    the queue; each line learns of it by a message on its own order's key. Who was promised the
    units ahead comes after the lines that waited then, and before those that came later.
    """
    if turn.book.uncovered(item, site) <= 0:  # asked first: who waits is loaded with the free stock
        return
    for part in turn.ahead.in_turn(turn, item, site):
        _serve_lines(turn, item, site, part.since)
        turn.ahead.serve(turn, part, item, site)
    _serve_lines(turn, item, site)


def _serve_lines(turn: Turn, item: str, site: str, until: datetime | None = None) -> None:
    """Serve the lines that wait; with `until`, only those that waited by then."""
    for row in turn.waiting.served_in_order(item):
        if site not in row.sites or (until is not None and row.since > until):
            continue
        offered = promising.offered(turn, row.channel, row.keep_back, item, site)
        part = min(row.quantity, offered)
        if part <= 0:
            continue
        promising.take(turn, row.channel, row.keep_back, item, site, part)
        turn.waiting.put(replace(row, quantity=row.quantity - part))
        turn.outcome.grants.append((row.order_id, row.line, item, site, part))
        turn.say(
            catalogue.STOCK_GRANTED,
            row.order_id,
            Grant(order_id=row.order_id, line=row.line, item=item, site=site, quantity=part),
        )


def wait_for_masters(turn: Turn, order: OrderState) -> None:
    """Let a held order's lines wait for their items, so that a new master wakes them."""
    for number in sorted(order.lines):
        line = order.lines[number]
        if line.kind is not ItemKind.STOCK and line.waiting and not order.holds:
            wait_without_site(turn, order, number, 0)  # `settle` looks at stock lines only
            continue
        if _awaits_master(order, line):
            wait_without_site(turn, order, number, max(1, line.ordered))


def wait_without_site(turn: Turn, order: OrderState, number: str, quantity: int) -> None:
    """Let a line wait for its item's master, or wait no more."""
    if order.lines[number].waiting != quantity:
        turn.remember(order, Doing.WAITING, quantity, number)
    since = datetime.fromisoformat(order.since)
    item = order.lines[number].item
    turn.waiting.put(Waiting(item, order.order_id, number, quantity, order.priority, since, ()))


def review_waiting(turn: Turn, item: str) -> None:
    """An item's master record is new: orders that were held for it are looked at again."""
    for row in turn.waiting.served_in_order(item):
        if not row.sites:
            turn.say(
                catalogue.ORDER_REVIEW_REQUESTED,
                row.order_id,
                OrderReview(order_id=row.order_id, reason=f"item {item} is known"),
            )
