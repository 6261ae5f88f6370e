"""Writing a decided batch: first everything that could say no, then everything else, at once."""

from __future__ import annotations

from datetime import datetime

import msgspec

from crossdock.contracts.kits import components_in
from crossdock.contracts.vocabulary import Fate
from crossdock.inventory.inbound import Inbound
from crossdock.kernel.limits import PROMISED_LOADED_MAX
from crossdock.log.errors import DocumentMoved, LeaseLost, StockMoved, StoreRefused
from crossdock.log.records import (
    Decided,
    Held,
    Lease,
    Loaded,
    MasterRow,
    Outcome,
    Promised,
    StockRow,
    Wanted,
)
from crossdock.log.views import OutcomeRow
from crossdock.storage.memory import accounts, finance, messages, reading, working
from crossdock.storage.memory.data import Data, Entry, Place, Promise

_NOTHING = Promise()


def load(data: Data, wanted: Wanted) -> Loaded:
    """What a batch touches."""
    return Loaded(
        orders={name: data.orders[name].state for name in wanted.orders if name in data.orders},
        stock={
            (item, site): StockRow(row.sellable, row.reserved, row.pooled, row.safety, row.version)
            for item in wanted.items
            for site, row in data.promises.get(item, {}).items()
        },
        waiting=[row for item in wanted.items for row in data.waiting.get(item, {}).values()],
        masters={key: data.masters[key].body for key in wanted.masters if key in data.masters},
        documents={k: data.documents[k] for k in wanted.documents if k in data.documents},
        held=_held(data, wanted.held),
        pending={key: finance.pending(data, key) for key in wanted.pending},
        promised=_promised(data, wanted.promised),
        accounts={moment: accounts.held(data, moment) for moment in wanted.accounts},
        lots={lot: accounts.of_lot(data, lot) for lot in wanted.lots},
        effects=working.standing(data, wanted.effects),
    )


def _promised(data: Data, items: set[str]) -> list[Promised]:
    """To whom units of these items are promised."""
    found = []
    for order_id, order in data.orders.items() if items else ():
        if order.status in ("shipped", "invoiced", "returned", "cancelled"):
            continue
        lines = msgspec.json.decode(order.state).get("lines", {})
        for number, line in lines.items():
            for site, place in line.get("sites", {}).items():
                units = place.get("reserved", 0)
                if line["item"] in items and units:
                    found.append(Promised(line["item"], site, f"{order_id}/{number}", units))
    for (kind, number), document in data.documents.items() if items else ():
        if kind != "reservation":
            continue
        for line in msgspec.json.decode(document.body)["lines"]:
            for site, units in line.get("sites", {}).items():
                if line["item"] in items and units:
                    found.append(Promised(line["item"], site, f"reservation {number}", units))
    found.sort(key=lambda one: (one.item, one.site, one.to))
    return found[:PROMISED_LOADED_MAX]


def _held(data: Data, places: set[str]) -> dict[str, Held]:
    found = {}
    for place in places:
        number, _, position = place.partition(":")
        row = data.partition(int(number)).outcomes.get(int(position))
        if row is not None and row.outcome.fate in (Fate.HELD, Fate.DEAD):
            [message] = reading.messages(data, [(row.partition, row.position)])
            said = row.outcome
            found[place] = Held(message, said.reason, said.fate is Fate.DEAD, said.notes)
    return found


def due_documents(data: Data, now: datetime, limit: int) -> list[tuple[str, str, int]]:
    """Documents whose timer is due, the longest overdue first."""
    due = sorted(
        (d.due, d.kind, d.id, d.revision)
        for d in data.documents.values()
        if d.due is not None and d.due <= now
    )
    timers = [(kind, number, revision) for _, kind, number, revision in due]
    return [*accounts.awake(data), *timers][:limit]


def policies_to_review(data: Data, after: str, limit: int) -> tuple[list[tuple[str, str]], str]:
    """Stock policies whose site is low, or low no more, and does not know it."""
    ids = sorted(name for kind, name in data.documents if kind == "stock-policy" and name > after)
    found = []
    for name in ids[:limit]:
        state = msgspec.json.decode(data.documents["stock-policy", name].body)
        item, site = state["policy"]["item"], state["policy"]["site"]
        point = state["policy"].get("reorder_point")
        row = data.promises.get(item, {}).get(site, _NOTHING)
        left = row.free + _expected(data, item).unpromised(site)
        if state["low"] != (point is not None and left <= point):
            found.append((item, site))
    return found, ids[limit - 1] if len(ids) >= limit else ""


def _expected(data: Data, item: str) -> Inbound:
    found = data.documents.get(("inbound", item))
    return Inbound() if found is None else msgspec.json.decode(found.body, type=Inbound)


def stranded(data: Data) -> list[str]:
    """Orders with a line that waits beside free stock, or is held for an item that is known."""
    found = set()
    for item, lines in data.waiting.items():
        for row in lines.values():
            rows = (data.promises.get(item, {}).get(site, _NOTHING) for site in row.sites)
            if any(one.free > row.keep_back for one in rows) or (
                not row.sites and _held_for_known(data, row.order_id, item)
            ):
                found.add(row.order_id)
    return sorted(found)


def _held_for_known(data: Data, order_id: str, item: str) -> bool:
    order = data.orders.get(order_id)
    if order is None or ("item", item) not in data.masters:
        return False
    holds = msgspec.json.decode(order.state).get("holds", [])
    return f"unknown-item:{item}" in holds


def commit(data: Data, decided: Decided, now: datetime) -> None:
    """Apply a batch, or raise and change nothing: see `log.ports.Deciding.commit`."""
    for lease, _ in decided.positions:
        _check_lease(data, lease)
    _check_movements(decided)
    _check_documents(data, decided)
    working.check(data, decided)
    _check_stock(data, decided)
    for _, _, outcome in decided.outcomes:
        finance.check(data, outcome)
    accounts.check(data, decided)

    for lease, position in decided.positions:
        data.partition(lease.partition).decided = position
    for (partition, position, outcome), happened in zip(
        decided.outcomes, decided.event_times, strict=True
    ):
        _record(data, (partition, position), outcome, happened, now)
    _change_stock(data, decided)
    for order in decided.orders:
        data.orders[order.order_id] = order
    for partition, position, effect in decided.effects:
        data.effects.intend(effect, f"{partition}:{position}", now)
    effects = [effect for _, _, effect in decided.effects]
    newest = [effect.business_key for effect in effects if effect.newest_only and not effect.held]
    data.effects.supersede_older(newest, now)
    _change_waiting(data, decided)
    for master in decided.masters:
        known = data.masters.get((master.kind, master.id))
        if known is None or known.revision < master.revision:
            data.masters[(master.kind, master.id)] = master
            if master.kind == "item":
                _put_components(data, master)
    messages.append(data, [*decided.messages, *working.rule(data, decided, now)])
    for document, _ in decided.documents:
        data.documents[(document.kind, document.id)] = document
    accounts.keep(data, decided)


def _check_lease(data: Data, lease: Lease) -> None:
    partition = data.partition(lease.partition)
    if (partition.epoch, partition.decided) != (lease.epoch, lease.position):
        raise LeaseLost(
            where=f"partition {lease.partition}",
            found=f"epoch {partition.epoch}, decided up to {partition.decided}",
            expected=f"epoch {lease.epoch}, decided up to {lease.position}",
        )


def _check_documents(data: Data, decided: Decided) -> None:
    for document, before in decided.documents:
        known = data.documents.get((document.kind, document.id))
        stands = known.revision if known is not None else 0
        if stands != before:
            raise DocumentMoved(
                where=f"{document.kind} {document.id}",
                found=f"revision {stands}",
                expected=f"revision {before}",
            )


def _check_movements(decided: Decided) -> None:
    for _, _, outcome in decided.outcomes:
        for movement in outcome.movements:
            if movement.quantity <= 0:
                raise StoreRefused(
                    where=movement.document,
                    found=str(movement.quantity),
                    constraint="movement_quantity_bounded",
                )


def _check_stock(data: Data, decided: Decided) -> None:
    """Refuse a batch whose reservations relied on stock that is gone, or that owes promises."""
    for change in decided.stock:
        row = data.promises.get(change.item, {}).get(change.site, _NOTHING)
        free = row.free
        where = f"{change.item} at {change.site}"
        if change.need is not None and free < change.need:
            raise StockMoved(where=where, found=f"{free} free", expected=f"{change.need} free")
        backed = free + row.pooled
        if change.need_backed is not None and backed < change.need_backed:
            raise StockMoved(
                where=where,
                found=f"{backed} beside promises",
                expected=f"{change.need_backed} beside promises",
            )
    for change in decided.stock:
        row = data.promises.get(change.item, {}).get(change.site, _NOTHING)
        for figure in ("reserved", "pooled", "safety"):
            after = getattr(row, figure) + getattr(change, figure)
            if after < 0:
                raise StoreRefused(
                    where=f"{change.item} at {change.site}",
                    found=f"{after} {figure}",
                    constraint=f"promise_{figure}_not_negative",
                )


def _record(data: Data, place: Place, outcome: Outcome, happened: datetime, now: datetime) -> None:
    """Keep an outcome of our own (the caller's may change), with its movements and notes."""
    partition, position = place
    ours = msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome)
    row = OutcomeRow(partition, position, now, ours)
    data.partition(partition).outcomes[position] = row
    for movement in ours.movements:
        _enter(data, Entry(place, movement.event_time or happened, now, movement))
    finance.book(data, place, ours)
    for one in ours.weights:
        data.weights[one.item, one.from_site, one.lot, one.from_state, one.owner] -= one.grams
        data.weights[one.item, one.to_site, one.lot, one.to_state, one.owner] += one.grams
    said = f"{partition}:{position}"
    for note in ours.notes:
        data.conditions.note(note.kind, note.key, note.detail, said, place, now)
    for over in ours.closings:
        data.conditions.close(over.kind, over.key, over.why, over.upto, said, now)


def _enter(data: Data, entry: Entry) -> None:
    data.entries.setdefault(entry.movement.item, []).append(entry)
    for account, change in entry.changes():
        data.balances[account] += change


def _change_stock(data: Data, decided: Decided) -> None:
    for change in decided.stock:
        row = data.promises.setdefault(change.item, {}).setdefault(change.site, Promise())
        row.sellable += change.sellable
        row.reserved += change.reserved
        row.pooled += change.pooled
        row.safety += change.safety
        row.version += 1
        if change.moves_free:
            data.changed_items[change.item] = None
    for item in decided.marks:
        data.changed_items[item] = None


def _put_components(data: Data, master: MasterRow) -> None:
    """Keep what kits consist of in step with their masters."""
    said = components_in(master.body)
    if said != data.components.get(master.id, {}):
        data.components.pop(master.id, None)
        if said:
            data.components[master.id] = said
        data.changed_items[master.id] = None


def _change_waiting(data: Data, decided: Decided) -> None:
    for row in decided.waiting:
        lines = data.waiting.setdefault(row.item, {})
        if row.quantity:
            lines[(row.order_id, row.line)] = row
        else:
            lines.pop((row.order_id, row.line), None)
