"""Fills a fresh Tryton database with a small distributor; run by Tryton's own interpreter.

usage: seed.py DATABASE_URI CONFIGURATION OUTPUT.json

Makes a company with chart of accounts, fiscal year, one tax, one payment term, customers, a
supplier, items, two warehouses and a key for the REST interface, and writes their ids to OUTPUT.
The helpers for company and accounts come with Tryton's own modules.
"""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from proteus import Model, config  # type: ignore[import-not-found]
from trytond.modules.account.tests.tools import (  # type: ignore[import-not-found]
    create_chart,
    create_fiscalyear,
    create_tax,
    get_accounts,
)
from trytond.modules.account_invoice.tests.tools import (  # type: ignore[import-not-found]
    create_payment_term,
    set_fiscalyear_invoice_sequences,
)
from trytond.modules.company.tests.tools import (  # type: ignore[import-not-found]
    create_company,
    get_company,
)

ITEMS = {f"SKU-{number:03d}": Decimal(10 * number) for number in range(1, 11)}
"""Item numbers and their list prices."""

CUSTOMERS = {"ACME": "Acme Retail", "GLOBEX": "Globex Stores", "WEB": "Web shop customers"}
SUPPLIERS = {"SUPPLY": "Best Supplies"}
WAREHOUSES = {"EAST": "East warehouse", "WEST": "West warehouse"}


def accounts(connection: Any) -> tuple[Any, Any, Any]:
    """Make company, chart, fiscal year, tax and payment term; gives company, tax and term."""
    create_company()
    create_chart()
    year = set_fiscalyear_invoice_sequences(create_fiscalyear())
    year.click("create_period")
    company = get_company()
    connection._context = Model.get("res.user").get_preferences(True, {})
    tax = create_tax(Decimal(".20"))
    tax.save()
    term = create_payment_term()
    term.save()
    return company, tax, term


def parties(names: dict[str, str]) -> dict[str, dict[str, int]]:
    """Make a party with one address for each; gives their ids by code."""
    made = {}
    for code, name in names.items():
        party = Model.get("party.party")(name=name, code=code)
        address = party.addresses[0]
        address.street, address.city, address.postal_code = "1 Main St", "Springfield", "01101"
        party.save()
        made[code] = {"party": party.id, "address": party.addresses[0].id}
    return made


def items(tax: Any) -> dict[str, int]:
    """Make the items of one accounting category; gives product ids by item number."""
    found = get_accounts()
    category = Model.get("product.category")(name="Goods", accounting=True)
    category.account_expense, category.account_revenue = found["expense"], found["revenue"]
    category.customer_taxes.append(tax)
    category.save()
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    made = {}
    for number, price in ITEMS.items():
        template = Model.get("product.template")(
            name=f"Widget {number}", default_uom=unit, type="goods", salable=True, purchasable=True
        )
        template.list_price, template.account_category = price, category
        template.products[0].suffix_code = number
        template.products[0].cost_price = price / 2
        template.save()
        made[number] = template.products[0].id
    return made


def warehouses() -> dict[str, dict[str, int]]:
    """Give the warehouse that is there our first code, make the others beside it."""
    location = Model.get("stock.location")
    (first,) = location.find([("type", "=", "warehouse")], limit=1)
    made = {}
    for number, (code, name) in enumerate(WAREHOUSES.items()):
        warehouse = first if number == 0 else location(type="warehouse")
        warehouse.code, warehouse.name = code, name
        if number:
            for field in ("input_location", "output_location", "storage_location"):
                place = location(name=f"{name} {field.split('_')[0]}", type="storage")
                place.save()
                setattr(warehouse, field, place)
        warehouse.save()
        made[code] = {
            "warehouse": warehouse.id,
            "input": warehouse.input_location.id,
            "storage": warehouse.storage_location.id,
            "output": warehouse.output_location.id,
        }
    return made


def main() -> None:
    """Seed and tell."""
    uri, configuration, output = sys.argv[1:]
    connection = config.set_trytond(uri, config_file=configuration)
    company, tax, term = accounts(connection)
    user = Model.get("res.user")(connection.user)
    key = Model.get("res.user.application")(user=user, application="rest")
    key.save()
    made = {
        "key": key.key,
        "company": company.id,
        "currency": company.currency.code,
        "tax": tax.id,
        "payment_term": term.id,
        "parties": parties({**CUSTOMERS, **SUPPLIERS}),
        "products": items(tax),
        "warehouses": warehouses(),
    }
    Path(output).write_text(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
