"""The connector beside a real Tryton: what it hears, what it does, and does once."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import asyncpg
import msgspec
import pytest

from crossdock.connectors.kit import golden
from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.api import Api, Stopped
from crossdock.connectors.tryton.client import TrytonConnector, connect, reach
from crossdock.connectors.tryton.settings import Interface
from crossdock.contracts import catalogue
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    Document,
    NotThere,
    Refused,
    RetryLater,
    Void,
)
from crossdock.contracts.feeds import Page, Said
from crossdock.contracts.invoices import (
    CreditMemo,
    CreditRequest,
    CreditRequestLine,
    Invoice,
    InvoiceRequest,
    InvoiceRequestLine,
)
from crossdock.contracts.parties import Party
from crossdock.contracts.postings import Milestone, StockPosting, StockPostingLine
from crossdock.contracts.prices import Price
from crossdock.contracts.products import Item
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.submissions import AcknowledgedLine, OrderAcknowledgement
from crossdock.contracts.vocabulary import AcknowledgementKind, CreditReason
from crossdock.contracts.words import Noun
from tests.helpers.aio import run
from tests.peers.conftest import Peers
from tests.peers.house import erp_settings
from tests.peers.tryton.program import PASSWORD, USER, Tryton

pytestmark = [pytest.mark.peers, pytest.mark.timeout(240)]

N = TypeVar("N", bound=Noun)
Play = Callable[[Tryton, TrytonConnector, Api], Awaitable[None]]


def beside(peers: Peers, folder: Path, play: Play, **settings: Any) -> None:
    """Play beside an ERP of its own; the interface is there to look with."""

    async def whole() -> None:
        erp = await peers.tryton(folder)
        told = erp_settings(erp, **settings)
        connector, api = connect(told), reach(told)
        try:
            await play(erp, connector, api)
        finally:
            await connector.close()
            await api.close()
            await erp.program.stop()

    run(whole())


def document(kind: str, noun: Noun, key: str) -> Document:
    """One thing to tell."""
    return Document(f"erp/{key}", kind, key, key, msgspec.json.encode(noun))


def order(order_id: str = "SO-1", **quantities: int) -> Document:
    """An order of the shop that the house took: `SKU_001=5`."""
    lines = tuple(
        AcknowledgedLine(
            line=str(number),
            item=item.replace("_", "-"),
            answer=AcknowledgementKind.ACCEPTED,
            ordered=quantity,
            unit_price_e4=100_000,
        )
        for number, (item, quantity) in enumerate(quantities.items(), 1)
    )
    noun = OrderAcknowledgement(
        order_id=order_id,
        channel="web",
        customer="WEB",
        currency="USD",
        version=1,
        first=True,
        lines=lines,
    )
    return document(catalogue.ORDER_ACKNOWLEDGED, noun, f"order/{order_id}")


def shipment(shipment_id: str, site: str, *lines: tuple[str, str, int]) -> Document:
    """What left a site: (line, item, units)."""
    noun = Shipment(
        shipment_id=shipment_id,
        order_id="SO-1",
        site=site,
        lines=tuple(ShipmentLine(line=line, item=item, quantity=n) for line, item, n in lines),
    )
    return document(catalogue.SHIPMENT_SHIPPED, noun, f"shipment/{shipment_id}")


def invoice(shipment_id: str, *lines: tuple[str, str, int]) -> Document:
    """Please invoice it, at ten dollars each."""
    noun = InvoiceRequest(
        shipment_id=shipment_id,
        order_id="SO-1",
        customer="WEB",
        currency="USD",
        lines=tuple(
            InvoiceRequestLine(
                line=line, item=item, quantity=n, unit_price_e4=100_000, amount_minor=1000 * n
            )
            for line, item, n in lines
        ),
        total_minor=sum(1000 * n for _, _, n in lines),
    )
    return document(catalogue.INVOICE_REQUESTED, noun, f"invoice/{shipment_id}")


def credit(request_id: str, units: int) -> Document:
    """So many units of the first line came back, at ten dollars each."""
    amount = 1000 * units
    noun = CreditRequest(
        credit_request_id=request_id,
        order_id="SO-1",
        customer="WEB",
        currency="USD",
        reason=CreditReason.RETURNED,
        lines=(CreditRequestLine(line="1", item="SKU-001", quantity=units, amount_minor=amount),),
        total_minor=amount,
    )
    return document(catalogue.CREDIT_REQUESTED, noun, f"credit/{request_id}")


async def accepted(connector: TrytonConnector, *documents: Document) -> list[str]:
    """Tell documents that are taken; gives its numbers for them."""
    references = []
    for one in documents:
        [answer] = await connector.send([one])
        assert isinstance(answer, Accepted), answer
        references.append(answer.reference)
    return references


async def heard(
    connector: TrytonConnector, name: str, kind: type[N], cursor: str = ""
) -> tuple[list[N], str]:
    """All nouns of a kind that a feed says beyond a cursor; it can read everything."""
    [feed] = [one for one in connector.feeds if one.name == name]
    nouns: list[N] = []
    while True:
        page = await feed.page(cursor, datetime.now(UTC))
        assert isinstance(page, Page), page
        for one in page.said:
            assert isinstance(one, Said), one
            if isinstance(one.noun, kind):
                nouns.append(one.noun)
        cursor = page.cursor
        if not page.more:
            return nouns, cursor


async def on_hand(erp: Tryton, site: str, item: str) -> float:
    """How much its own people see on hand in a warehouse."""
    today = datetime.now(UTC).date()
    context = {
        "company": erp.seed["company"],
        "locations": [erp.seed["warehouses"][site]["warehouse"]],
        "with_childs": True,
        "stock_date_end": {
            "__class__": "date",
            "year": today.year,
            "month": today.month,
            "day": today.day,
        },
    }
    headers = {
        "Authorization": f"Bearer {erp.key}",
        "X-Tryton-Context": base64.urlsafe_b64encode(json.dumps(context).encode()).decode(),
    }
    product = erp.seed["products"][item]
    address = f"{erp.url}/{erp.database}/rest/model/product.product/{product}?f=quantity"
    async with aiohttp.ClientSession(headers=headers) as session, session.get(address) as reply:
        return float((await reply.json())["quantity"])


def test_items_and_parties_are_heard_once_and_again_when_they_change(
    peers: Peers, tmp_path: Path
) -> None:
    """Page by page; an item that is renamed is heard under a higher revision, all else is not."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        said, cursor = await heard(connector, "items", Item)
        items = {one.item: one for one in said}
        assert set(items) == set(erp.seed["products"])
        assert all(one.base_unit == "EA" for one in said)
        assert (await heard(connector, "items", Item, cursor))[0] == []
        number = erp.seed["products"]["SKU-003"]
        product = await api.read("product.product", number, ("template.id",))
        renamed = {"name": "A better widget"}
        await api.write("product.template", product["template"], renamed)
        [changed], _ = await heard(connector, "items", Item, cursor)
        assert changed.description == "A better widget"
        assert changed.revision > items["SKU-003"].revision
        parties, _ = await heard(connector, "parties", Party)
        assert {one.party for one in parties} >= set(erp.seed["parties"])

    beside(peers, tmp_path, play, page_size=4)


def test_a_change_that_commits_late_is_heard_once(peers: Peers, tmp_path: Path) -> None:
    """Its stamp is the start of its transaction, before what was read meanwhile (F3, N20).

    The first change waits for a lock while the second is made, committed and heard.
    """

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        _, cursor = await heard(connector, "items", Item)
        late, early = [
            (await api.read("product.product", erp.seed["products"][item], ("template.id",)))[
                "template"
            ]
            for item in ("SKU-003", "SKU-007")
        ]
        lock = await asyncpg.connect(peers.server.dsn_of(erp.database))
        try:
            await lock.execute("BEGIN")
            held = "SELECT id FROM product_template WHERE id = $1 FOR UPDATE"
            await lock.execute(held, late["id"])
            writing = asyncio.create_task(api.write("product.template", late, {"name": "late"}))
            await asyncio.sleep(1.0)
            await api.write("product.template", early, {"name": "early"})
            said, cursor = await heard(connector, "items", Item, cursor)
            assert [one.description for one in said] == ["early"]
            assert not writing.done()
            await lock.execute("ROLLBACK")
            await writing
        finally:
            await lock.close()
        stamps = await api.search(
            "product.template", [["id", "in", [late["id"], early["id"]]]], ("name", "write_date")
        )
        written = {one["name"]: wire.read_moment(one["write_date"], "$") for one in stamps}
        assert written["late"] < written["early"], "it did not begin first: this proves nothing"
        said, cursor = await heard(connector, "items", Item, cursor)
        assert [one.description for one in said] == ["late"]
        assert await heard(connector, "items", Item, cursor) == ([], cursor)

    beside(peers, tmp_path, play)


def test_prices_are_heard_once_and_again_when_they_change(peers: Peers, tmp_path: Path) -> None:
    """In the company's currency, under the list's name; a new name changes no amount."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        said, cursor = await heard(connector, "prices", Price)
        assert {one.price: one.steps[0].unit_price_e4 for one in said} == {
            f"LIST/{item}": 100_000 * int(item[-3:]) for item in erp.seed["products"]
        }
        assert {step.currency for one in said for step in one.steps} == {"USD"}
        number = erp.seed["products"]["SKU-003"]
        product = await api.read("product.product", number, ("template.id",))
        changed = {"list_price": wire.decimal(Decimal("33.3333"))}
        await api.write("product.template", product["template"], changed)
        [again], _ = await heard(connector, "prices", Price, cursor)
        assert (again.price, again.steps[0].unit_price_e4) == ("LIST/SKU-003", 333_333)

    beside(peers, tmp_path, play, page_size=4, price_list="LIST")


def test_an_order_is_one_sale_however_often_it_is_told(peers: Peers, tmp_path: Path) -> None:
    """Its reference is searched before anything is made: Tryton itself would take it twice."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        told = order(SKU_001=5, SKU_002=2)
        assert await connector.look_up(told) == NotThere()
        [number] = await accepted(connector, told)
        assert await connector.send([told]) == [AlreadyDone(number)]
        assert await connector.look_up(told) == AlreadyDone(number)
        sales = await api.search(
            "sale.sale", [["reference", "=", "SO-1"]], ("state", "untaxed_amount")
        )
        assert [one["state"] for one in sales] == ["processing"]
        assert sales[0]["untaxed_amount"]["decimal"] == "70.00"

    beside(peers, tmp_path, play)


def test_a_sale_that_was_cut_off_half_way_is_led_on(peers: Peers, tmp_path: Path) -> None:
    """A draft under our reference is what a lost attempt left: it is no second sale."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        told = order(SKU_001=1)
        await accepted(connector, told)
        [sale] = await api.search("sale.sale", [["reference", "=", "SO-1"]], ("state",))
        draft = await api.create(
            "sale.sale",
            {
                "company": erp.seed["company"],
                "party": erp.seed["parties"]["WEB"]["party"],
                "reference": "SO-2",
                "shipment_cost_method": None,
            },
        )
        second = order("SO-2", SKU_001=1)
        assert await connector.look_up(second) == NotThere()
        [answer] = await connector.send([second])
        assert not isinstance(answer, AlreadyDone)
        found = await api.search("sale.sale", [["reference", "=", "SO-2"]], ("state",))
        assert [one["id"] for one in found] == [draft["id"]]
        assert sale["state"] == "processing"

    beside(peers, tmp_path, play)


def test_what_ships_in_parts_from_two_sites_is_invoiced_part_by_part(
    peers: Peers, tmp_path: Path
) -> None:
    """Two shipments, two invoices, each once; the feed says both with our references."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        first = shipment("S-1", "EAST", ("1", "SKU-001", 3))
        second = shipment("S-2", "WEST", ("1", "SKU-001", 2), ("2", "SKU-002", 2))
        assert isinstance((await connector.send([first]))[0], RetryLater)  # no sale yet
        await accepted(connector, order(SKU_001=5, SKU_002=2))
        assert isinstance(
            (await connector.send([invoice("S-1", ("1", "SKU-001", 3))]))[0], RetryLater
        )
        await accepted(
            connector,
            first,
            invoice("S-1", ("1", "SKU-001", 3)),
            second,
            invoice("S-2", ("1", "SKU-001", 2), ("2", "SKU-002", 2)),
        )
        for again in (first, second, invoice("S-1", ("1", "SKU-001", 3))):
            assert isinstance((await connector.send([again]))[0], AlreadyDone)
            assert isinstance(await connector.look_up(again), AlreadyDone)
        said, _ = await heard(connector, "invoices", Invoice)
        assert [(one.order_id, one.shipment_id, one.total_minor) for one in said] == [
            ("SO-1", "S-1", 3000),
            ("SO-1", "S-2", 4000),
        ]
        assert [[(line.line, line.quantity) for line in one.lines] for one in said] == [
            [("1", 3)],
            [("1", 2), ("2", 2)],
        ]
        assert await on_hand(erp, "EAST", "SKU-001") == -3
        assert await on_hand(erp, "WEST", "SKU-001") == -2
        [sale] = await api.search("sale.sale", [["reference", "=", "SO-1"]], ("shipment_state",))
        assert sale["shipment_state"] == "sent"

    beside(peers, tmp_path, play)


def test_documents_posted_at_the_same_time_are_each_posted_once(
    peers: Peers, tmp_path: Path
) -> None:
    """By two hubs, say: one of them meets the other's lock, which is no refusal and passes."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        other = connect(erp_settings(erp))
        asked = [invoice(f"S-{n}", ("1", "SKU-001", 1)) for n in range(1, 5)]
        await accepted(connector, order(SKU_001=4))
        for number in range(1, 5):
            await accepted(connector, shipment(f"S-{number}", "EAST", ("1", "SKU-001", 1)))
        met = 0
        try:
            for first, second in zip(asked[::2], asked[1::2], strict=True):
                answers = await asyncio.gather(connector.send([first]), other.send([second]))
                for [answer], told in zip(answers, (first, second), strict=True):
                    if isinstance(answer, RetryLater):
                        met += 1
                        await accepted(connector, told)
                    else:
                        assert isinstance(answer, Accepted), answer
        finally:
            await other.close()
        assert met, "they never met: this test proves nothing"
        said, _ = await heard(connector, "invoices", Invoice)
        assert [one.shipment_id for one in said] == ["S-1", "S-2", "S-3", "S-4"]

    beside(peers, tmp_path, play)


def test_an_invoice_over_another_amount_is_not_posted(peers: Peers, tmp_path: Path) -> None:
    """Both amounts are named; the draft there stays a draft."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        await accepted(connector, order(SKU_001=3), shipment("S-1", "EAST", ("1", "SKU-001", 3)))
        [answer] = await connector.send([invoice("S-1", ("1", "SKU-001", 2))])
        assert answer == Refused("3000 minor units before tax there, 2000 here")
        drafts = await api.search("account.invoice", [], ("state",))
        assert [one["state"] for one in drafts] == ["draft"]

    beside(peers, tmp_path, play)


def test_a_sale_that_somebody_cancelled_is_no_success(peers: Peers, tmp_path: Path) -> None:
    """It exists under our reference and does not stand (P48)."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        draft = await api.create(
            "sale.sale",
            {
                "company": erp.seed["company"],
                "party": erp.seed["parties"]["WEB"]["party"],
                "reference": "SO-1",
                "shipment_cost_method": None,
            },
        )
        await api.press("sale.sale", draft, ("cancel",))
        told = order(SKU_001=1)
        [answer] = await connector.send([told])
        assert isinstance(answer, Void)
        assert answer.state == "cancelled"
        assert isinstance(await connector.look_up(told), Void)

    beside(peers, tmp_path, play)


def test_a_return_is_a_credit_note_and_goods_on_the_shelf(peers: Peers, tmp_path: Path) -> None:
    """Told twice it is one; the feed says it with the request that it answers."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        await accepted(
            connector,
            order(SKU_001=3),
            shipment("S-1", "EAST", ("1", "SKU-001", 3)),
            invoice("S-1", ("1", "SKU-001", 3)),
        )
        told = credit("CR-1", 2)
        assert await connector.look_up(told) == NotThere()
        [number] = await accepted(connector, told)
        assert await connector.send([told]) == [AlreadyDone(number)]
        assert await connector.look_up(told) == AlreadyDone(number)
        [memo], _ = await heard(connector, "invoices", CreditMemo)
        assert (memo.credit_request_id, memo.order_id) == ("CR-1", "SO-1")
        assert memo.total_minor == 2000
        assert await on_hand(erp, "EAST", "SKU-001") == -1

    beside(peers, tmp_path, play)


def test_stock_is_moved_line_by_line_once(peers: Peers, tmp_path: Path) -> None:
    """Up and down, at two sites; told again nothing moves."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        def posting(number: str, site: str, *lines: tuple[str, int]) -> Document:
            noun = StockPosting(
                posting_id=number,
                site=site,
                period="2026-01-01",
                lines=tuple(
                    StockPostingLine(item=item, milestone=Milestone.ADJUSTMENT, quantity=units)
                    for item, units in lines
                ),
            )
            return document(catalogue.STOCK_POSTING_REQUESTED, noun, f"posting/{number}")

        opening = posting("P-1", "EAST", ("SKU-001", 40), ("SKU-002", 7))
        await accepted(connector, opening, posting("P-2", "WEST", ("SKU-001", 5)))
        await accepted(connector, posting("P-3", "EAST", ("SKU-001", -4)))
        assert isinstance((await connector.send([opening]))[0], AlreadyDone)
        assert isinstance(await connector.look_up(opening), AlreadyDone)
        found: Sequence[float] = [
            await on_hand(erp, site, item)
            for site, item in (("EAST", "SKU-001"), ("EAST", "SKU-002"), ("WEST", "SKU-001"))
        ]
        assert found == [36, 7, 5]

    beside(peers, tmp_path, play)


def test_the_life_of_a_sale_is_the_same_by_json_rpc(peers: Peers, tmp_path: Path) -> None:
    """Sold, left, invoiced and credited, each once; whoever reads it by REST reads the same.

    What somebody changed since it was seen is not written over.
    """
    left = ("1", "SKU-001", 3)
    story = (
        order(SKU_001=3), shipment("S-1", "EAST", left), invoice("S-1", left), credit("CR-1", 2),
    )  # fmt: skip
    fields = (
        "reference", "state", "shipments.outgoing_moves.origin", "lines.product.code",
        "shipment_returns.number", "invoices.untaxed_amount",
    )  # fmt: skip

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        by_rest = erp_settings(erp, price_list="LIST")
        other, rest = connect(by_rest), reach(by_rest)
        try:
            for told in story:
                assert await connector.look_up(told) == NotThere()
                [number] = await accepted(connector, told)
                for one in (connector, other):
                    assert await one.send([told]) == [AlreadyDone(number)]
                    assert await one.look_up(told) == AlreadyDone(number)
            assert await said(connector) == await said(other)
            sales = [plain(await one.search("sale.sale", [], fields)) for one in (api, rest)]
            assert len(sales[0]) == 2
            assert sales[0] == sales[1]
            party = await api.read("party.party", erp.seed["parties"]["WEB"]["party"], ("name",))
            await rest.write("party.party", party, {"name": "Somebody else's"})
            with pytest.raises(Stopped) as stopped:
                await api.write("party.party", party, {"name": "Ours"})
            assert isinstance(stopped.value.answer, RetryLater)
            assert (await rest.read("party.party", party["id"], ("name",)))["name"][-2:] == "'s"
        finally:
            await other.close()
            await rest.close()

    json_rpc = {"interface": Interface.JSON_RPC, "user": USER, "credential": PASSWORD}
    beside(peers, tmp_path, play, price_list="LIST", **json_rpc)


async def said(connector: TrytonConnector) -> dict[str, Any]:
    """All that its feeds say, by feed, in words."""
    found = {}
    for feed in connector.feeds:
        page = await feed.page("", datetime.now(UTC))
        assert isinstance(page, Page), page
        found[feed.name] = golden.in_words(page.said)
    assert all(found[name] for name in ("items", "prices", "parties", "invoices"))
    return found


def plain(record: Any) -> Any:
    """Records without what either interface adds of its own."""
    if isinstance(record, list):
        return [plain(one) for one in record]
    if not isinstance(record, dict):
        return record
    own = ("__name__", "_timestamp")
    return {name: plain(value) for name, value in record.items() if name not in own}
