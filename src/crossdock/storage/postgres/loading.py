"""Loading what a batch touches, without locks and in few statements: each costs callers a wait."""

from __future__ import annotations

from collections.abc import Collection

from crossdock.kernel.limits import PROMISED_LOADED_MAX
from crossdock.log.records import Loaded, Promised, StockRow, Wanted
from crossdock.storage.postgres.accounts import load_accounts, load_lots
from crossdock.storage.postgres.reading import document_of, held_of, pending_of, waiting_of
from crossdock.storage.postgres.session import Session
from crossdock.storage.postgres.working import standing_of


async def load(session: Session, wanted: Wanted) -> Loaded:
    """What the store knows of it: `log.ports.Deciding.load`."""
    loaded = Loaded()
    if wanted.orders:
        rows = await session.rows("load_orders", list(wanted.orders))
        loaded.orders = {row[0]: row[1] for row in rows}
    if wanted.items:
        await _load_items(session, wanted.items, loaded)
    if wanted.masters or wanted.documents:
        await _load_records(session, wanted, loaded)
    await _load_rarely_wanted(session, wanted, loaded)
    return loaded


async def _load_items(session: Session, items: Collection[str], loaded: Loaded) -> None:
    """Promise rows and waiting lines."""
    for item, site, *figures, waits in await session.rows("load_items", list(items)):
        if waits is None:
            loaded.stock[item, site] = StockRow(*figures)
        else:
            loaded.waiting.append(waiting_of(waits))


async def _load_records(session: Session, wanted: Wanted, loaded: Loaded) -> None:
    """Masters and documents."""
    keys = (*_columns(wanted.masters), *_columns(wanted.documents))
    for is_master, *row in await session.rows("load_records", *keys):
        if is_master:
            loaded.masters[row[0], row[1]] = row[4]
        else:
            loaded.documents[row[0], row[1]] = document_of(row)


async def _load_rarely_wanted(session: Session, wanted: Wanted, loaded: Loaded) -> None:
    """Held messages, what a day has pending, to whom units are promised, ledger accounts."""
    if wanted.held:
        places = [place.split(":") for place in wanted.held]
        rows = await session.rows(
            "load_held", [int(p) for p, _ in places], [int(at) for _, at in places]
        )
        loaded.held = {held.message.place: held for held in map(held_of, rows)}
    for key in sorted(wanted.pending):
        loaded.pending[key] = pending_of(await session.rows("load_pending", *key))
    if wanted.promised:
        rows = await session.rows("load_promised", list(wanted.promised), PROMISED_LOADED_MAX)
        loaded.promised = [Promised(*row) for row in rows]
    if wanted.accounts:
        loaded.accounts = await load_accounts(session, wanted.accounts)
    if wanted.lots:
        loaded.lots = await load_lots(session, wanted.lots)
    if wanted.effects:
        rows = await session.rows("load_effects", list(wanted.effects))
        loaded.effects = {row[0]: standing_of(row) for row in rows}


def _columns(keys: Collection[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [kind for kind, _ in keys], [name for _, name in keys]
