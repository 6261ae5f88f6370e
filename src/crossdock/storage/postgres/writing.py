"""Writing a batch: messages onto the log, and all that was decided on them, set by set.

Locks are taken in one order everywhere: log heads before messages, documents, then promise rows and
balances in key order, and all of them only at the end of a batch, after the thinking (decision 16).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from crossdock.contracts.kits import components_in
from crossdock.log.accounts import Account
from crossdock.log.errors import DocumentMoved, LeaseLost, StockMoved
from crossdock.log.records import (
    Answer,
    Claim,
    Decided,
    Document,
    Earlier,
    MasterRow,
    NewMessage,
    Receipt,
    StockChange,
)
from crossdock.storage.postgres.accounts import keep_accounts, keep_blocked, lock_lots
from crossdock.storage.postgres.session import Session, columns
from crossdock.storage.postgres.working import rule, write_conditions

_MESSAGE_COLUMNS = (
    "partition", "position", "transport_key", "business_key", "content", "source", "id", "type",
    "key", "correlation", "causation", "event_time", "recorded_time", "received_time", "rival",
    "sha256", "raw",
)  # fmt: skip
_ABSORBED_COLUMNS = ("partition", "position", "source", "id", "received_time")
_OUTCOME_COLUMNS = ("partition", "position", "fate", "processed_time", "body")
_MOVEMENT_COLUMNS = (
    "partition", "position", "number", "item", "lot", "owner", "from_site", "from_state",
    "to_site", "to_state", "quantity", "document", "event_time", "recorded_time", "kind",
)  # fmt: skip
_ENTRY_COLUMNS = (
    "partition", "position", "number", "movement", "item", "owner", "site", "milestone",
    "quantity", "document", "period", "ends_time", "mode", "asked",
)  # fmt: skip
_ORDER_FIELDS = (
    "order_id", "status", "customer", "channel", "ordered", "shipped", "invoiced", "cancelled",
    "returned", "state", "unmatched",
)  # fmt: skip
_MASTER_FIELDS = ("kind", "id", "revision", "body")
_STOCK_FIELDS = ("item", "site", "sellable", "reserved", "pooled", "safety", "moves_free")


async def append(session: Session, messages: Sequence[NewMessage]) -> list[Receipt]:
    """Put messages on the log, or find where they stand already: `log.ports.Intake.append`."""
    partitions = sorted({message.partition for message in messages})
    heads = {row[0]: row[1] for row in await session.rows("lock_heads", partitions)}
    before = dict(heads)
    known: dict[bytes, tuple[bytes, int, int]] = {}
    business: dict[bytes, tuple[bytes, int, int]] = {}
    for transport, key, content, partition, position in await session.rows(
        "find_keys",
        [message.transport_key for message in messages],
        [message.business_key for message in messages if message.business_key is not None],
    ):
        (known if transport else business)[key] = (content, partition, position)
    receipts: list[Receipt] = []
    new: list[tuple[Any, ...]] = []
    absorbed: list[tuple[Any, ...]] = []
    for message in messages:
        key = message.business_key
        rival = None
        earlier = known.get(message.transport_key)
        if earlier is not None and earlier[0] != message.content:
            receipts.append(Receipt(Answer.CONFLICT, earlier[1], earlier[2]))
            continue
        if earlier is None and key is not None:
            earlier = business.get(key)
            if earlier is not None and earlier[0] != message.content:
                rival, earlier, key = f"{earlier[1]}:{earlier[2]}", None, None
        if earlier is not None:
            receipts.append(Receipt(Answer.DUPLICATE, earlier[1], earlier[2]))
            absorbed.append((*earlier[1:], message.source, message.id, message.received_time))
            continue
        position = heads[message.partition] = heads[message.partition] + 1
        place = (message.content, message.partition, position)
        known[message.transport_key] = place
        if key is not None:
            business[key] = place
        receipts.append(Receipt(Answer.ACCEPTED if rival is None else Answer.RIVAL, *place[1:]))
        new.append(_message_row(message, message.partition, position, key, rival))
    await session.copy("message", _MESSAGE_COLUMNS, new)
    await session.copy("absorbed", _ABSORBED_COLUMNS, absorbed)
    moved = [(p, head) for p, head in heads.items() if head != before[p]]
    if moved:
        await session.rows("move_heads", [p for p, _ in moved], [head for _, head in moved])
    return receipts


def _message_row(
    message: NewMessage,
    partition: int,
    position: int,
    business_key: bytes | None,
    rival: str | None,
) -> tuple[Any, ...]:
    return (
        partition, position, message.transport_key, business_key, message.content,
        message.source, message.id, message.type, message.key, message.correlation,
        message.causation, message.event_time, message.recorded_time, message.received_time,
        rival, message.sha256, message.raw,
    )  # fmt: skip


async def write(
    session: Session,
    decided: Decided,
    now: datetime,
    calls: Sequence[tuple[NewMessage, str | None]] = (),
) -> None:
    """Write a decided batch, or raise what `log.ports.Deciding.commit` raises.

    `calls` are not on the log yet, each with its rival: they go behind the batch's only lease.
    """
    if calls:
        await _put_calls(session, decided, calls, now)
    else:
        await _advance(session, decided)
        await session.copy("outcome", _OUTCOME_COLUMNS, _outcome_rows(decided, now))
    await _write_movements(session, decided, now)
    if decided.orders:
        await session.rows("put_orders", *columns(decided.orders, _ORDER_FIELDS))
    if decided.masters:
        await session.rows("put_masters", *columns(decided.masters, _MASTER_FIELDS))
    await _write_effects(session, decided, now)
    await _write_waiting(session, decided)
    await write_conditions(session, decided, now)
    said = [*decided.messages, *await rule(session, decided, now)]
    if said:
        await append(session, said)
    await _write_documents(session, decided.documents)
    await keep_blocked(session, decided)
    # The hottest rows last, so that their locks are held for the shortest time.
    await _change_stock(session, decided)
    marked = {*decided.marks, *await _put_components(session, decided.masters)}
    if marked:
        await session.rows("mark_availability", sorted(marked))


async def _advance(session: Session, decided: Decided) -> None:
    leases = sorted(decided.positions, key=lambda pair: pair[0].partition)
    rows = await session.rows(
        "advance",
        [lease.partition for lease, _ in leases],
        [lease.epoch for lease, _ in leases],
        [lease.position for lease, _ in leases],
        [after for _, after in leases],
    )
    if len(rows) != len(leases):
        moved = {row[0] for row in rows}
        lost = [lease.partition for lease, _ in leases if lease.partition not in moved]
        raise LeaseLost(where=f"partitions {lost}")


async def _put_calls(
    session: Session,
    decided: Decided,
    calls: Sequence[tuple[NewMessage, str | None]],
    now: datetime,
) -> None:
    """Lease, head, messages and outcomes in one statement: a desk's batches are often small."""
    [(lease, after)] = decided.positions
    rows = []
    for position, (call, rival) in enumerate(calls, lease.position + 1):
        key = call.business_key if rival is None else None
        rows.append(_message_row(call, lease.partition, position, key, rival))
    outcomes = _outcome_rows(decided, now)
    found = await session.rows(
        "put_calls",
        lease.partition,
        lease.epoch,
        lease.position,
        after,
        now,
        *[list(column) for column in zip(*rows, strict=True)][1:],
        [row[2] for row in outcomes],
        [row[4] for row in outcomes],
    )
    if not found:
        raise LeaseLost(where=f"desk {lease.partition}")


async def write_absorbed(session: Session, repeats: Sequence[tuple[NewMessage, Earlier]]) -> None:
    """Note deliveries that said nothing new."""
    await session.copy(
        "absorbed",
        _ABSORBED_COLUMNS,
        [(e.partition, e.position, m.source, m.id, m.received_time) for m, e in repeats],
    )


def _outcome_rows(decided: Decided, now: datetime) -> list[tuple[Any, ...]]:
    encode = msgspec.json.Encoder().encode
    return [
        (partition, position, outcome.fate.value, now, encode(outcome))
        for partition, position, outcome in decided.outcomes
    ]


async def _write_movements(session: Session, decided: Decided, now: datetime) -> None:
    """What the outcomes move, in goods and in the books of finance."""
    movements = []
    for (partition, position, outcome), event_time in zip(
        decided.outcomes, decided.event_times, strict=True
    ):
        for number, m in enumerate(outcome.movements):
            movements.append(
                (
                    partition,
                    position,
                    number,
                    m.item,
                    m.lot,
                    m.owner,
                    m.from_site,
                    m.from_state.value,
                    m.to_site,
                    m.to_state.value,
                    m.quantity,
                    m.document,
                    m.event_time or event_time,
                    now,
                    m.kind,
                )
            )
    await session.copy("movement", _MOVEMENT_COLUMNS, movements)
    await session.copy("financial_entry", _ENTRY_COLUMNS, _entries(decided))
    for _, _, outcome in decided.outcomes:
        for claim in outcome.claims:
            await _claim(session, claim)


def _entries(decided: Decided) -> list[tuple[Any, ...]]:
    rows = []
    for partition, position, outcome in decided.outcomes:
        for number, e in enumerate(outcome.entries):
            m = outcome.movements[e.movement]
            rows.append(
                (
                    partition,
                    position,
                    number,
                    e.movement,
                    m.item,
                    m.owner,
                    e.site,
                    e.milestone.value,
                    e.quantity,
                    m.document,
                    e.period,
                    e.ends,
                    e.mode,
                    e.asked or None,
                )
            )
    return rows


async def _claim(session: Session, claim: Claim) -> None:
    """Let a posting tell its entries, or raise `DocumentMoved` where they are not those it read."""
    [[entries]] = await session.rows(
        "claim_entries",
        claim.posting,
        claim.site,
        claim.period,
        claim.ends,
        claim.milestone.value,
        *claim.first,
        *claim.last,
        list(claim.upto),
        list(claim.upto.values()),
    )
    if entries != claim.entries:
        raise DocumentMoved(
            where=f"posting {claim.posting}",
            found=f"{entries} entries",
            expected=f"{claim.entries} entries",
        )


async def _write_effects(session: Session, decided: Decided, now: datetime) -> None:
    if not decided.effects:
        return
    places = [(partition, position) for partition, position, _ in decided.effects]
    effects = [effect for _, _, effect in decided.effects]
    await session.rows(
        "put_effects",
        *columns(effects, ("business_key", "destination")),
        [int(effect.lane) for effect in effects],
        *columns(effects, ("key", "type", "correlation")),
        [partition for partition, _ in places],
        [position for _, position in places],
        [effect.body for effect in effects],
        now,
    )
    asking = [(e.business_key, *e.asker) for e in effects if e.asker is not None]
    if asking:
        asked = [list(column) for column in zip(*asking, strict=True)]
        await session.rows("ask_for_answers", *asked)
    held = [effect.business_key for effect in effects if effect.held]
    if held:
        await session.rows("hold_effects", held)
    newest = [effect.business_key for effect in effects if effect.newest_only and not effect.held]
    if newest:
        await session.rows("supersede_older", newest, now)


async def _write_waiting(session: Session, decided: Decided) -> None:
    gone = [row for row in decided.waiting if row.quantity <= 0]
    if gone:
        await session.rows("stop_waiting", *columns(gone, ("item", "order_id", "line")))
    more = [row for row in decided.waiting if row.quantity > 0]
    if more:
        await session.rows_each(
            "wait",
            [
                (
                    w.item,
                    w.order_id,
                    w.line,
                    w.quantity,
                    w.priority,
                    w.since,
                    list(w.sites),
                    w.keep_back,
                    w.channel,
                )
                for w in more
            ],
        )


async def _write_documents(session: Session, documents: list[tuple[Document, int]]) -> None:
    """Write documents over the revisions that were read, or raise `DocumentMoved`."""
    if not documents:
        return
    written = await session.rows(
        "put_documents",
        *columns([document for document, _ in documents], ("kind", "id", "revision", "due")),
        [bytes(document.body) for document, _ in documents],
        [before for _, before in documents],
    )
    if len(written) < len(documents):
        kept = {(row[0], row[1]) for row in written}
        lost = [f"{d.kind} {d.id}" for d, _ in documents if (d.kind, d.id) not in kept]
        raise DocumentMoved(where=", ".join(lost[:3]))


async def _change_stock(session: Session, decided: Decided) -> None:
    """Change balances, weights and promises."""
    await lock_lots(session, decided)
    accounts: dict[Account, int] = defaultdict(int)
    for _, _, outcome in decided.outcomes:
        for m in outcome.movements:
            accounts[(m.item, m.from_site, m.lot, m.from_state.value, m.owner)] -= m.quantity
            accounts[(m.item, m.to_site, m.lot, m.to_state.value, m.owner)] += m.quantity
    for one in decided.expected:
        accounts[one.account] += 0  # locked too, so that nobody changes it under our feet
    if accounts:
        changed = [(*account, change) for account, change in accounts.items()]
        counted = await session.rows(
            "change_balances", *[list(column) for column in zip(*changed, strict=True)]
        )
        await keep_accounts(session, decided, counted)
    await _change_weights(session, decided)
    if decided.stock:
        await _change_promises(session, decided.stock)


async def _change_weights(session: Session, decided: Decided) -> None:
    grams: dict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for _, _, outcome in decided.outcomes:
        for w in outcome.weights:
            grams[(w.item, w.from_site, w.lot, w.from_state.value, w.owner)] -= w.grams
            grams[(w.item, w.to_site, w.lot, w.to_state.value, w.owner)] += w.grams
    changed = [(*account, change) for account, change in grams.items() if change]
    if changed:
        await session.rows("change_weights", *[list(part) for part in zip(*changed, strict=True)])


async def _put_components(session: Session, masters: Sequence[MasterRow]) -> set[str]:
    """Keep what kits consist of in step with their masters; gives the kits that changed."""
    items = [row for row in masters if row.kind == "item"]
    said = [(i.id, *one) for i in items for one in sorted(components_in(i.body).items())]
    if not items:
        return set()
    names, kits = [row.id for row in items], [list(column) for column in zip(*said, strict=True)]
    rows = await session.rows("put_components", names, *(kits or ([], [], [])))
    return {row[0] for row in rows}


async def _change_promises(session: Session, changes: Sequence[StockChange]) -> None:
    figures = columns(changes, _STOCK_FIELDS)
    rows = await session.rows("change_promises", *figures)
    if len(rows) < len(changes):
        # Rows of items that are new at a site: made empty, then changed like the others.
        found = {(row[0], row[1]) for row in rows}
        missing = [c for c in changes if (c.item, c.site) not in found]
        await session.rows("make_promise_rows", *columns(missing, ("item", "site")))
        figures = columns(missing, _STOCK_FIELDS)
        rows += await session.rows("change_promises", *figures)
    free = {(row[0], row[1]): row[2] for row in rows}
    backed = {(row[0], row[1]): row[3] for row in rows}
    for change in changes:
        more = change.sellable - change.reserved - change.pooled - change.safety
        before = free[(change.item, change.site)] - more
        if change.need is not None and before < change.need:
            raise StockMoved(
                where=f"{change.item} at {change.site}",
                found=f"{before} free",
                expected=f"{change.need} free",
            )
        if change.need_backed is not None:
            stood = backed[change.item, change.site] - (
                change.sellable - change.reserved - change.safety
            )
            if stood < change.need_backed:
                raise StockMoved(
                    where=f"{change.item} at {change.site}",
                    found=f"{stood} beside promises",
                    expected=f"{change.need_backed} beside promises",
                )
