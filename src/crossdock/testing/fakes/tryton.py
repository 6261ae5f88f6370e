"""A Tryton with both its interfaces, as small as the connector needs it and as odd as the real one.

References need not be unique, buttons lead a record from state to state, a processed sale brings
a shipment of its own, what left brings an invoice, and what stayed behind is on the next shipment.
In one thing it is stricter: a button that does not belong to a state is refused, not passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from crossdock.connectors.tryton import wire
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Document
from crossdock.testing.fakes.fake import Asked, FakeFarSystem, Reply
from crossdock.testing.fakes.tryton_doors import (
    DATABASE,
    KEY,
    USER,
    House,
    JsonRpcDoor,
    RestDoor,
    letting_in,
)
from crossdock.testing.fakes.tryton_records import Record, Records

_AGES_AGO: Final = wire.moment(datetime(2020, 1, 1, tzinfo=UTC))
_CENT: Final = Decimal("0.01")
_UNIT: Final[Record] = {"id": 1, "symbol": "u", "factor": 1.0, "rate": 1.0}
_DOZEN: Final[Record] = {"id": 2, "symbol": "dz", "factor": 12.0, "rate": 0.083333333333}
_DOLLAR: Final[Record] = {"id": 1, "code": "USD", "digits": 2}

_STATES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    wire.SALE: {
        "quote": ("draft", "quotation"),
        "confirm": ("quotation", "confirmed"),
        "process": ("confirmed", "processing"),
    },
    wire.SHIPMENT: {
        "draft": ("waiting", "draft"),
        "wait": ("draft assigned", "waiting"),
        "assign_force": ("waiting", "assigned"),
        "pick": ("assigned", "picked"),
        "pack": ("picked", "packed"),
        "do": ("packed", "done"),
    },
    wire.SHIPMENT_IN: {"receive": ("draft", "received"), "do": ("received", "done")},
    wire.RETURN: {"receive": ("draft", "received"), "do": ("received", "done")},
    wire.INTERNAL: {
        "wait": ("draft", "waiting"),
        "assign_force": ("waiting", "assigned"),
        "do": ("assigned", "done"),
    },
    wire.INVOICE: {"validate_invoice": ("draft", "validated"), "post": ("validated", "posted")},
}
"""By model and button, the states that it is pressed in and the one that it leads to."""

_VOID: Final[Mapping[str, tuple[str, str, str]]] = {
    catalogue.ORDER_ACKNOWLEDGED: (wire.SALE, "order_id", ""),
    catalogue.SHIPMENT_SHIPPED: (wire.SHIPMENT, "shipment_id", ""),
    catalogue.INVOICE_REQUESTED: (wire.SALE, "order_id", "invoices"),
    catalogue.CREDIT_REQUESTED: (wire.SALE, "credit_request_id", "invoices"),
    catalogue.RECEIPT_POSTED: (wire.SHIPMENT_IN, "receipt_id", ""),
    catalogue.STOCK_POSTING_REQUESTED: (wire.INTERNAL, "posting_id", ""),
}
"""By type, whose record is cancelled: its model, our number of it, the list that leads on to it."""


class FakeTryton(FakeFarSystem):
    """One house: two items, one customer, two warehouses, one sale to ship and one to invoice."""

    lists: ClassVar[tuple[str, ...]] = (
        "items", "prices", "parties", "purchases", "receipts", "sales", "shipments", "invoices",
    )  # fmt: skip

    release: ClassVar[str] = "8.0.3"

    def __init__(self) -> None:
        super().__init__()
        self._records = Records()
        self.plans_later = False  # what is left of a purchase is planned by a task of its own
        house = House(self._records, self._make, self._change, self._press)
        self._rest = RestDoor(house)
        self.json_rpc = JsonRpcDoor(house, self.release)
        self._after: Mapping[tuple[str, str], Callable[[Record], None]] = {
            (wire.SALE, "process"): self._processed,
            (wire.SHIPMENT, "do"): self._left,
            (wire.RETURN, "do"): self._came_back,
            (wire.SHIPMENT_IN, "receive"): self._came,
        }
        self._furnish()
        self._sold("SO-7")
        self._leave(self._sold("SO-8"), "S-8")
        self._bought(9, "PO-9")

    def settings(self) -> dict[str, Any]:
        """A key of its own, and its list prices under a name."""
        return {
            "url": self.url,
            "database": DATABASE,
            "credential": KEY,
            "company": 1,
            "payment_term": 1,
            "price_list": "LIST",
            "sites": ["NORTH"],
            "channel": "counter",
            "heard_from": "2020-01-01",
        }

    def answer(self, asked: Asked) -> Reply:
        """Do what is asked, at whichever door."""
        return self._door(asked).answer(asked)

    def requests(self) -> list[dict[str, Any]]:
        """What was asked, domains in plain words, without how we were let in."""
        return [self._door(one).in_words(one) for one in self.asked if not letting_in(one)]

    def _door(self, asked: Asked) -> RestDoor | JsonRpcDoor:
        return self._rest if asked.path.startswith(f"/{DATABASE}/rest/") else self.json_rpc

    def effects(self) -> Mapping[str, Any]:
        """Sales, what left, came back and was moved, and documents, each with its state."""
        stands: dict[str, Any] = {}
        models = (
            wire.SALE,
            wire.SHIPMENT,
            wire.RETURN,
            wire.SHIPMENT_IN,
            wire.INTERNAL,
            wire.INVOICE,
        )
        for model in models:
            for one in self._records.all(model):
                lists = (one.get(f"{name}moves") for name in ("outgoing_", "incoming_", ""))
                moves = next((some for some in lists if some), ())
                stands[f"{model} {one['id']}"] = (
                    one.get("reference"),
                    one["state"],
                    [(move["quantity"], move.get("from_location")) for move in moves],
                )
        return stands

    def void(self, document: Document) -> None:
        """Cancel what bears our reference; of invoices and credits, the document of the sale."""
        model, field, through = _VOID[document.type]
        ours = json.loads(document.body)[field]
        for one in self._records.search(model, ["reference", "in", [ours, f"{ours} in"]]):
            for record in one[through] if through else [one]:
                record["state"] = wire.CANCELLED

    def written_by_somebody(self, model: str) -> None:
        """Somebody changes the records of a model, in nothing that we look at."""
        for record in self._records.all(model):
            self._records.stamp(record)

    def change(self, feed: str, record: int, stamp: datetime) -> None:
        """A record of a feed is written in a transaction that began then."""
        number, written = 100 + record, {"write_date": wire.moment(stamp), "create_date": _AGES_AGO}
        if feed in ("items", "prices"):
            self._product(number, f"C{record}", written)
        elif feed == "parties":
            self._party(number, f"C{record}", written)
        elif feed == "purchases":
            self._bought(number, f"P{record}").update(written)
        elif feed == "receipts":
            self._received(number, written)
        elif feed == "sales":
            self._entered(number, f"N{record}").update(written)
        elif feed == "shipments":
            self._sent(number, written)
        else:
            [sale] = self._records.search(wire.SALE, ["reference", "=", "SO-8"])
            invoice = {**sale["invoices"][0], "number": f"{record}", "state": "posted", **written}
            self._records.add(wire.INVOICE, {**invoice, "id": number}, number)

    def spoil(self, feed: str, record: int) -> None:
        """A unit, price, quantity or origin that nobody agreed upon; a party has a code no more."""
        number = 100 + record
        if feed == "items":
            self._existing(wire.PRODUCT, number)["default_uom"] = {"id": 9, "symbol": "furlong"}
        elif feed == "prices":
            self._existing(wire.PRODUCT, number)["list_price_used"] = "a bargain"
        elif feed == "parties":
            self._existing(wire.PARTY, number)["code"] = ""
        elif feed == "purchases":
            self._existing(wire.PURCHASE, number)["lines"][0]["quantity"] = 2.5
        elif feed == "sales":
            self._existing(wire.SALE, number)["lines"][0]["quantity"] = 2.5
        elif feed == "receipts":
            self._existing(wire.SHIPMENT_IN, number)["incoming_moves"][0]["internal_quantity"] = 2.5
        elif feed == "shipments":
            self._existing(wire.SHIPMENT, number)["outgoing_moves"][0]["internal_quantity"] = 2.5
        else:
            invoice = self._existing(wire.INVOICE, number)
            invoice["lines"] = [{**invoice["lines"][0], "origin": "purchase.line,1"}]

    def plan_now(self, purchase: str) -> None:
        """Plan what is left of a purchase."""
        [found] = self._records.search(wire.PURCHASE, ["number", "=", purchase])
        for line in found["lines"]:
            self._plan(line)

    def order_more(self, purchase: str, units: int) -> None:
        """So many units more of the first line of a purchase."""
        [found] = self._records.search(wire.PURCHASE, ["number", "=", purchase])
        found["lines"][0]["quantity"] += units
        self.plan_now(purchase)

    # Requests -----------------------------------------------------------------------------------

    def _make(self, model: str, values: Record) -> Record:
        """A draft, with what hangs on it; references are taken as they come."""
        written = {"write_date": None, "create_date": _AGES_AGO}
        made = self._records.add(model, {**values, **written, "number": None, "state": "draft"})
        if model == wire.SALE:
            made["lines"] = [
                self._records.add(wire.SALE_LINE, {**line, "sale": made})
                for _, lines in values["lines"]
                for line in lines
            ]
            made |= {"shipments": [], "shipment_returns": [], "invoices": []}
            made |= {"description": values.get("description"), "shipment_state": "none"}
        elif model == wire.SHIPMENT_IN:
            made |= {"number": f"N{made['id']}", "incoming_moves": []}
            made["warehouse"] = self._existing(wire.LOCATION, values["warehouse"])
            self._take(made, values.get("incoming_moves", []))
        elif model == wire.INTERNAL:
            made["moves"] = [
                self._records.add(wire.MOVE, move) for _, moves in values["moves"] for move in moves
            ]
        return made

    def _take(self, shipment: Record, asked: list[Any]) -> None:
        """Moves of a purchase become those of a supplier shipment, and are cut."""
        for what, numbers, *changed in asked:
            for number in numbers:
                move = self._existing(wire.MOVE, number)
                if what == "add":
                    if (other := move["shipment"]) is not None:
                        other["incoming_moves"].remove(move)
                    move["shipment"] = shipment
                    shipment["incoming_moves"].append(move)
                else:
                    move.update(changed[0])
                    if "quantity" in changed[0]:
                        move["internal_quantity"] = move["quantity"]

    def _change(self, record: Record, values: Record) -> None:
        self._take(record, values.pop("incoming_moves", []))
        self._records.stamp(record)
        moves = values.pop("outgoing_moves", [])
        record |= values
        for what, numbers, *changed in moves:
            if what == "delete":
                kept = [one for one in record["outgoing_moves"] if one["id"] not in numbers]
                record["outgoing_moves"] = kept
                self._records.drop(wire.MOVE, numbers)
            else:
                for number in numbers:
                    self._existing(wire.MOVE, number).update(changed[0])

    def _press(self, model: str, record: Record, button: str) -> bool:
        """Lead a record on; False where it is in another state than the button is for."""
        before, after = _STATES[model].get(button, ("", ""))
        if record["state"] not in before.split():
            return False
        self._records.stamp(record)
        record["state"] = after
        if button in ("quote", "wait", "post"):
            record["number"] = record["number"] or f"N{record['id']}"
        if (then := self._after.get((model, button))) is not None:
            then(record)
        return True

    # What follows -------------------------------------------------------------------------------

    def _processed(self, sale: Record) -> None:
        """What is sold has a shipment, what is given back a return."""
        comes_back = sale["lines"][0]["quantity"] < 0
        if comes_back:
            lines = [(line, -line["quantity"]) for line in sale["lines"]]
            sale["shipment_returns"].append(self._shipment(wire.RETURN, sale, lines, "draft"))
        else:
            lines = [(line, line["quantity"]) for line in sale["lines"]]
            sale["shipments"].append(self._shipment(wire.SHIPMENT, sale, lines, "waiting"))
            sale["shipment_state"] = "waiting"

    def _came(self, shipment: Record) -> None:
        """What came is done, and what stayed away is planned anew."""
        for move in shipment["incoming_moves"]:
            move["state"] = "done"
        if not self.plans_later:
            for one in self._records.all(wire.PURCHASE):
                self.plan_now(one["number"])

    def _plan(self, line: Record) -> None:
        """A move of what nobody has planned of a purchase's line."""
        planned = sum(one["internal_quantity"] for one in line["moves"])
        rest = line["quantity"] * line["unit"]["factor"] - planned
        if rest > 0:
            move = {
                "state": "draft",
                "shipment": None,
                "product": line["product"],
                "quantity": rest / line["unit"]["factor"],
                "unit": line["unit"],
                "unit_price": wire.decimal(Decimal(6)),
                "internal_quantity": rest,
                "planned_date": line["delivery_date"],
                "write_date": None,
                "create_date": _AGES_AGO,
            }
            number = 10 * line["id"] + len(line["moves"])
            line["moves"].append(self._records.add(wire.MOVE, move, number))

    def _shipment(
        self, model: str, sale: Record, lines: list[tuple[Record, float]], state: str
    ) -> Record:
        made = self._records.add(
            model, {"sale": sale, "company": 1, "reference": None, "number": None, "state": state}
        )
        made["outgoing_moves"] = [
            self._records.add(
                wire.MOVE,
                {
                    "quantity": quantity,
                    "origin": f"{wire.SALE_LINE},{line['id']}",
                    "shipment": f"{model},{made['id']}",
                },
            )
            for line, quantity in lines
        ]
        return made

    def _left(self, shipment: Record) -> None:
        """It is invoiced, and what stayed behind is on the next."""
        sale = shipment["sale"]
        self._invoice(sale, shipment, 1)
        done = [one for one in sale["shipments"] if one["state"] == "done"]
        gone: dict[str, float] = {}
        for move in (move for one in done for move in one["outgoing_moves"]):
            gone[move["origin"]] = gone.get(move["origin"], 0.0) + move["quantity"]
        rest = [
            (line, line["quantity"] - gone.get(f"{wire.SALE_LINE},{line['id']}", 0.0))
            for line in sale["lines"]
        ]
        stayed = [(line, quantity) for line, quantity in rest if quantity > 0]
        sale["shipment_state"] = "partially shipped" if stayed else "sent"
        if stayed:
            sale["shipments"].append(self._shipment(wire.SHIPMENT, sale, stayed, "waiting"))

    def _came_back(self, shipment: Record) -> None:
        self._invoice(shipment["sale"], shipment, -1)

    def _invoice(self, sale: Record, shipment: Record, sign: int) -> None:
        """A draft over what was moved, at the sale's prices."""
        made = self._records.add(
            wire.INVOICE,
            {"type": "out", "state": "draft", "number": None, "currency": _DOLLAR, "lines": []},
        )
        total = Decimal(0)
        for move in shipment["outgoing_moves"]:
            [sold] = [line for line in sale["lines"] if move["origin"].endswith(f",{line['id']}")]
            quantity = sign * move["quantity"]
            amount = (Decimal(sold["unit_price"]["decimal"]) * int(quantity)).quantize(_CENT)
            total += amount
            line = {
                "type": "line",
                "invoice": made,
                "quantity": quantity,
                "amount": wire.decimal(amount),
                "origin": move["origin"],
                "stock_moves": [move],
            }
            made["lines"].append(self._records.add(wire.INVOICE_LINE, line))
        made |= {"untaxed_amount": wire.decimal(total), "write_date": None}
        made["create_date"] = _AGES_AGO
        sale["invoices"].append(made)

    # Furniture ----------------------------------------------------------------------------------

    def _furnish(self) -> None:
        """What the house has before anybody tells it anything."""
        written = {"write_date": None, "create_date": _AGES_AGO}
        self._records.add(wire.COMPANY, {"currency": _DOLLAR}, 1)
        self._records.add(wire.CURRENCY, {"code": "USD"}, 1)
        for number, code in enumerate(("SKU-001", "SKU-002"), 1):
            self._product(number, code, written)
        self._party(1, "WEB", written)
        for number, code in ((1, "EAST"), (4, "WEST"), (20, "NORTH")):
            place = {
                "output_location": {"id": number + 1},
                "storage_location": {"id": number + 2},
                "input_location": {"id": number + 10},
            }
            self._records.add(
                wire.LOCATION, {"code": code, "type": "warehouse", "name": code, **place}, number
            )
        self._records.add(wire.LOCATION, {"type": "lost_found", "name": "Lost and Found"}, 7)

    def _product(self, number: int, code: str, written: Record) -> None:
        template = {
            "id": number,
            "name": f"Widget {code}",
            "type": "goods",
            "account_category": {"id": 1, "customer_taxes_used": [{"id": 1}]},
            "list_price": wire.decimal(Decimal("12.50")),
            "list_prices": [{"id": number, **written}],
            **written,
        }
        product = {
            "code": code,
            "active": True,
            "default_uom": _UNIT,
            "template": template,
            "list_price_used": wire.decimal(Decimal("12.50")),
            **written,
        }
        self._records.add(wire.PRODUCT, product, number)

    def _party(self, number: int, code: str, written: Record) -> None:
        address = {"id": number, "street": "1 Main St", "city": "Springfield", "active": True}
        party = {"code": code, "name": f"Party {code}", "active": True, "addresses": [address]}
        self._records.add(wire.PARTY, {**party, **written}, number)

    def _bought(self, purchase: int, number: str) -> Record:
        """A purchase of forty of the first item and a dozen of the second, for the first site."""
        written = {"write_date": None, "create_date": _AGES_AGO}
        lines = [
            self._records.add(
                wire.PURCHASE_LINE,
                {
                    "type": "line",
                    "quantity": quantity,
                    "unit": unit,
                    "product": self._existing(wire.PRODUCT, item),
                    "delivery_date": wire.day(date(2020, 2, 1)),
                    "moves": [],
                    "moves_ignored": [],
                    "moves_recreated": [],
                    **written,
                },
                10 * purchase + item,
            )
            for item, quantity, unit in ((1, 40.0, _UNIT), (2, 1.0, _DOZEN))
        ]
        for line in lines:
            self._plan(line)
        values = {
            "number": number,
            "state": "processing",
            "shipment_state": "waiting",
            "company": 1,
            "party": self._existing(wire.PARTY, 1),
            "warehouse": self._existing(wire.LOCATION, 1),
            "lines": lines,
            **written,
        }
        return self._records.add(wire.PURCHASE, values, purchase)

    def _received(self, number: int, written: Record) -> None:
        """Five of the first item were received by its own people, of a purchase."""
        move = {
            "product": self._existing(wire.PRODUCT, 1),
            "internal_quantity": 5.0,
            "purchase": self._existing(wire.PURCHASE, 9),
        }
        values = {
            "number": f"N{number}",
            "state": "done",
            "company": 1,
            "warehouse": self._existing(wire.LOCATION, 20),
            "supplier": self._existing(wire.PARTY, 1),
            "effective_date": wire.day(date(2020, 2, 1)),
            "incoming_moves": [self._records.add(wire.MOVE, move, 1_000_000 + number)],
            **written,
        }
        self._records.add(wire.SHIPMENT_IN, values, number)

    def _entered(self, sale: int, number: str) -> Record:
        """A sale of three of the first item, which its own people entered."""
        line = {
            "type": "line",
            "product": self._existing(wire.PRODUCT, 1),
            "quantity": 3.0,
            "unit": _UNIT,
            "unit_price": wire.decimal(Decimal("12.50")),
            "note": None,
        }
        values = {
            "number": number,
            "reference": f"PO {number}",
            "comment": None,
            "description": None,
            "state": "processing",
            "company": 1,
            "party": self._existing(wire.PARTY, 1),
            "currency": _DOLLAR,
            "shipment_address": self._existing(wire.PARTY, 1)["addresses"][0],
            "shipping_date": None,
            "shipments": [],
            "shipment_state": "none",
            "shipment_returns": [],
            "invoices": [],
            "lines": [self._records.add(wire.SALE_LINE, line, 10 * sale)],
            "write_date": None,
            "create_date": _AGES_AGO,
        }
        made = self._records.add(wire.SALE, values, sale)
        made["lines"][0]["sale"] = made
        return made

    def enter(self, number: str) -> None:
        """Its own people enter a sale and process it; its shipment waits."""
        self._processed(self._entered(900, number))

    def send_off(self, sale: str) -> str:
        """Its own people send off what waits of a sale, from the third site; gives its number."""
        [sold] = self._records.search(wire.SALE, ["number", "=", sale])
        shipment = sold["shipments"][-1]
        moves = shipment["outgoing_moves"]
        shipment |= self._gone(f"N{shipment['id']}", [(one, one["quantity"]) for one in moves])
        shipment |= {"write_date": None, "create_date": _AGES_AGO}
        for button in ("assign_force", "pick", "pack", "do"):
            self._press(wire.SHIPMENT, shipment, button)
        return str(shipment["number"])

    def _sent(self, number: int, written: Record) -> None:
        """Two of a line of the hub's sale were sent off by its own people."""
        [sale] = self._records.search(wire.SALE, ["reference", "=", "SO-8"])
        origin = f"{wire.SALE_LINE},{sale['lines'][0]['id']}"
        move = self._records.add(wire.MOVE, {"quantity": 2.0, "origin": origin}, 2_000_000 + number)
        values = {"state": "done", "company": 1, "reference": None, "sale": sale, **written}
        values |= self._gone(f"N{number}", [(move, 2.0)])
        self._records.add(wire.SHIPMENT, values, number)

    def _gone(self, number: str, moves: Sequence[tuple[Record, float]]) -> Record:
        """What a shipment of the third site has beside its state."""
        for move, units in moves:
            move |= {"product": self._existing(wire.PRODUCT, 1), "internal_quantity": units}
        return {
            "number": number,
            "warehouse": self._existing(wire.LOCATION, 20),
            "effective_date": wire.day(date(2020, 2, 1)),
            "outgoing_moves": [move for move, _ in moves],
        }

    def _sold(self, reference: str) -> Record:
        """A processed sale of both items, whose shipment waits."""
        lines = [
            {
                "type": "line",
                "product": number,
                "quantity": float(4 - number),
                "unit_price": wire.decimal(Decimal("12.50")),
                "note": str(number),
            }
            for number in (1, 2)
        ]
        values = {"reference": reference, "company": 1, "lines": [["create", lines]]}
        values["comment"] = wire.comment_of(reference)
        sale = self._make(wire.SALE, values)
        for button in ("quote", "confirm", "process"):
            self._press(wire.SALE, sale, button)
        return sale

    def _leave(self, sale: Record, reference: str) -> None:
        """All of a sale leaves, and nobody has posted its invoice yet."""
        [shipment] = sale["shipments"]
        shipment["reference"] = reference
        for button in ("assign_force", "pick", "pack", "do"):
            self._press(wire.SHIPMENT, shipment, button)

    def _existing(self, model: str, number: int) -> Record:
        record = self._records.get(model, number)
        assert record is not None
        return record


class FakeTrytonByJsonRpc(FakeTryton):
    """The same house, spoken to under a session."""

    def settings(self) -> dict[str, Any]:
        """A user and a password in the place of the key."""
        return {**super().settings(), "interface": "json_rpc", "user": USER}


class FakeOldTryton(FakeTrytonByJsonRpc):
    """One before 8.0, which has no other interface, and some other words."""

    release: ClassVar[str] = "7.0.41"
