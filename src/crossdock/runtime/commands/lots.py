"""`crossdock trace lot:ITEM/LOT`: where every unit of a lot or serial number went, by document."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from crossdock.contracts.vocabulary import INSIDE, StockState
from crossdock.kernel.redaction import shown
from crossdock.log.accounts import document_id
from crossdock.log.records import Wanted
from crossdock.log.views import BalanceRow, ExceptionRow, LotMovement
from crossdock.runtime.commands import trace_words as words
from crossdock.runtime.commands.trace_parts import KeyUnknown
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas.lots import LOT, LotBook
from crossdock.storage.postgres.store import PostgresStore

_BOOK = msgspec.json.Decoder(LotBook)


@dataclass(slots=True)
class Whereabouts:
    """All that is known of a lot."""

    book: LotBook
    now: list[BalanceRow]
    movements: list[LotMovement]
    exceptions: list[ExceptionRow] = field(default_factory=list)

    def delivered(self) -> list[dict[str, object]]:
        """Who has units of it: per order, what was shipped and did not come back."""
        units: Counter[tuple[str, str]] = Counter()
        for m in self.movements:
            out = (m.to_state == StockState.CUSTOMER) - (m.from_state == StockState.CUSTOMER)
            units[(m.key, m.customer or "")] += out * m.quantity
        return [
            {"order": order, "customer": customer, "quantity": quantity}
            for (order, customer), quantity in sorted(units.items())
            if quantity
        ]

    def blocked(self) -> dict[str, str]:
        """Why it is not sold, per site that has ever held it; sites that may sell it are not there.

        A site that a recall names and that never held any is there too: units may still come.
        """
        sites = {m.to_site for m in self.movements} | {m.from_site for m in self.movements}
        sites |= {site for mark in self.book.recalls.values() for site in mark.sites}
        return {site: why for site in sorted(sites) if (why := self.book.blocks(site))}

    def as_json(self) -> dict[str, object]:
        """The object that scripts read."""
        expires = self.book.expires_at
        return {
            "kind": "lot",
            "item": self.book.item,
            "lot": self.book.lot,
            "batch": self.book.batch,
            "expires_at": None if expires is None else words.when(expires),
            "expired": self.book.expired,
            "recalls": msgspec.to_builtins(self.book.recalls),
            "blocked": self.blocked(),
            "now": [msgspec.to_builtins(row) for row in self.now],
            "delivered": self.delivered(),
            "movements": [msgspec.to_builtins(one) for one in self.movements],
            "exceptions": [msgspec.to_builtins(one) for one in self.exceptions],
        }


def run(key: str, config: Path, *, as_json: bool = False) -> int:
    """Show where a lot went; gives 0.

    Raises:
        KeyUnknown: nothing is known of such a lot.
        ConfigurationWrong: the configuration cannot be used.
        StoreError: the database cannot be read.
    """
    found = asyncio.run(_look(read_settings(config), key))
    _show(found)
    finish(found.as_json(), as_json=as_json)
    return OK


async def _look(settings: Settings, key: str) -> Whereabouts:
    async with opened_store(settings) as store:
        for item, lot in _readings(key.removeprefix("lot:")):
            found = await _whereabouts(store, item, lot)
            if found is not None:
                return found
    raise KeyUnknown(where="trace", found=shown(key), expected="lot:ITEM/LOT of a known lot")


def _readings(name: str) -> Iterator[tuple[str, str]]:
    """ITEM/LOT as it may be meant: both may have strokes in them."""
    parts = name.split("/")
    for cut in range(1, len(parts)):
        yield "/".join(parts[:cut]), "/".join(parts[cut:])


async def _whereabouts(store: PostgresStore, item: str, lot: str) -> Whereabouts | None:
    if not item or not lot:
        return None
    number = (LOT, document_id(item, lot))
    document = (await store.load(Wanted(documents={number}))).documents.get(number)
    movements = await store.movements_of_lot(item, lot)
    if document is None and not movements:
        return None
    book = LotBook(item, lot) if document is None else _BOOK.decode(document.body)
    keys = [f"{item}/{lot}", *(f"{recall}/{item}/{lot}" for recall in book.recalls)]
    return Whereabouts(
        book,
        await store.balances_of_lot(item, lot),
        movements,
        await store.exceptions_about(keys, []),
    )


def _show(found: Whereabouts) -> None:
    book = found.book
    batch = f", batch {book.batch}" if book.batch else ""
    expires = f", to be sold until {words.when(book.expires_at)}" if book.expires_at else ""
    say(f"lot {book.lot} of {book.item}{batch}{expires}")
    for site, why in found.blocked().items():
        say(f"not sold at {site}: {why}")
    for row in found.now:
        if row.state in INSIDE:
            say(f"now {row.quantity} {row.state} at {row.site}{_owned(row.owner)}")
    for one in found.delivered():
        customer = f" of {one['customer']}" if one["customer"] else ""
        say(f"delivered {one['quantity']} for {one['order']}{customer}")
    say("")
    for m in found.movements:
        say(
            f"{words.when(m.event_time)}  {m.source:12} {_kind(m)}{m.quantity} from"
            f" {m.from_state} at {m.from_site} to {m.to_state} at {m.to_site}{_owned(m.owner)},"
            f" {m.document}  [{m.place}]"
        )
    for note in found.exceptions:
        say(f"open: {note.kind} on {note.key}: {note.detail} ({note.times} times)")


def _kind(movement: LotMovement) -> str:
    return "" if movement.kind is None else f"{movement.kind.replace('_', ' ')}: "


def _owned(owner: str) -> str:
    return f" owned by {owner}" if owner else ""
