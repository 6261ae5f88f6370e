"""Tables that a warehouse manager can read: what may be said of goods, and what comes of it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from crossdock.contracts import catalogue
from crossdock.contracts.movements import KIND_RULES
from crossdock.contracts.stock import StockMovement, StockPlace
from crossdock.contracts.vocabulary import INSIDE, MovementKind, StockState
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once

TABLE = Path(__file__).with_name("tables") / "movements.txt"
_ALL = 1_000_000
_SIDES = re.compile(r"@(\w+) (\w+) to (?:@(\w+) )?(\w+)")


def rows() -> list[tuple[str, str, str, str]]:
    """Verb, goods, places, what is expected."""
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            told, _, expected = line.partition("->")
            verb, _, rest = told.strip().partition(" ")
            goods, _, places = rest.partition("@")
            found.append((verb, goods.strip(), f"@{places.strip()}", expected.strip()))
    return found


class Table:
    """One table's hub; `play` does what its rows say."""

    def __init__(self) -> None:
        self.hub = SmallHub()
        self._count = 0

    def play(self, verb: str, goods: str, places: str) -> str:
        """Say it or ask it; gives the answer."""
        if verb == "balance":
            return self._balance(goods, places)
        if verb == "free":
            [row] = [
                row
                for row in at_once(self.hub.store.promises(None, _ALL))
                if (row.item, f"@{row.site}") == (goods, places)
            ]
            return str(row.free)
        return self._say(verb, goods.split(), places)

    def _balance(self, goods: str, places: str) -> str:
        item, _, lot = goods.partition(" lot ")
        units: Counter[str] = Counter()
        for row in at_once(self.hub.store.balances(None, _ALL)):
            if (row.item, f"@{row.site}") == (item, places) and row.lot == (lot or row.lot):
                units[row.state] += row.quantity
        inside = ((state, n) for state, n in sorted(units.items()) if state in INSIDE and n)
        return ", ".join(f"{state} {n}" for state, n in inside)

    def _say(self, verb: str, words: list[str], places: str) -> str:
        self._count += 1
        sides = _SIDES.fullmatch(places)
        assert sides is not None, places
        site, source, other, target = sides.groups()
        options = dict(zip(words[2::2], words[3::2], strict=False))
        noun = StockMovement(
            movement_id=f"m{self._count}",
            kind=MovementKind(verb),
            item=words[0],
            quantity=int(words[1]),
            source=StockPlace(site=site, state=StockState(source)),
            target=StockPlace(site=other or site, state=StockState(target)),
            lot=options.get("lot"),
            serials=tuple(words[3:]) if "serials" in words else (),
            owner=options.get("owner"),
        )
        message = noun_message(catalogue.STOCK_MOVED, noun, noun.movement_id)
        [receipt] = self.hub.tell(message)
        outcome = self.hub.store.data.partitions[0].outcomes[receipt.position].outcome
        said = f"{outcome.fate.value}: {outcome.reason}" if outcome.reason else "ok"
        return ", ".join([said, *(note.kind for note in outcome.notes)])


def test_the_table_is_as_it_is_written() -> None:
    """Every row, in order; and what is held moves nothing."""
    table = Table()
    for verb, goods, places, expected in rows():
        assert table.play(verb, goods, places) == expected, f"{verb} {goods} {places}"


def test_every_kind_of_movement_has_a_row_that_goes_through() -> None:
    """A kind that no table shows is a kind that nobody understands."""
    shown = {verb for verb, _, _, expected in rows() if expected.startswith("ok")}
    assert {rule.kind.value for rule in KIND_RULES} - shown == set()


def test_every_reason_against_a_movement_has_a_row() -> None:
    """Every hold and every condition that a movement can meet."""
    source = (Path(__file__).parents[3] / "src/crossdock/sagas/deciders/goods.py").read_text()
    function = source[source.index("def _moved(") : source.index("def count(")]
    reasons = re.findall(r'turn\.hold\("([^"]+)"|note\(\s*"([^"]+)"', function)
    told = " ".join(expected for _, _, _, expected in rows())
    assert reasons
    assert [one or other for one, other in reasons if (one or other) not in told] == []
