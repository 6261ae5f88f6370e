"""Verify sees every broken promise: each is broken by hand behind the store's back, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from crossdock.log.records import Closing, Note, Outcome
from crossdock.storage.postgres.pool import Pool, PoolOptions, open_pool
from crossdock.storage.postgres.refold import difference
from crossdock.storage.postgres.store import PostgresStore
from crossdock.storage.postgres.verify import CHECKS, Check, Finding, Verification, verify
from crossdock.testing.builders import T0
from crossdock.testing.storage.engine import land
from tests.conftest import PostgresServer
from tests.helpers.aio import run
from tests.storage.postgres.busy_day import PARTITIONS, live_through

pytestmark = pytest.mark.postgres

OPTIONS = PoolOptions(connections_min=1, connections_max=2)


def one(table: str, where: str = "true") -> str:
    """The condition that exactly one row of a table meets."""
    return f"ctid = (SELECT ctid FROM {table} WHERE {where} ORDER BY ctid LIMIT 1)"


def in_state(path: str, value: str, order: str = "SO-1") -> str:
    """Write another value into an order's stored state."""
    return (
        "UPDATE sales_order SET state = convert_to(jsonb_set(convert_from(state, 'UTF8')::jsonb,"
        f" '{{{path}}}', '{value}')::text, 'UTF8') WHERE order_id = '{order}'"
    )


POSTING = one("document", "kind = 'stock-posting'")

# Check -> the statements that break it. Often others break with it; this one must.
PLANTED = {
    "raw_bytes": f"UPDATE message SET raw = raw || ' ' WHERE {one('message')}",
    "log_gapless": f"DELETE FROM message WHERE {one('message', 'position = 2')}",
    "one_fate": f"DELETE FROM outcome WHERE {one('outcome')}",
    "fate_as_said": f"UPDATE outcome SET fate = 'dead' WHERE {one('outcome')}",
    "absorbed_somewhere": "UPDATE absorbed SET position = 99999",
    "once_indexes": "DROP INDEX message_business_key",
    "once_accepted": (
        "DROP INDEX message_transport_key;"
        " UPDATE message SET transport_key = '\\x00' WHERE position <= 2"
    ),
    "rivals_held": "UPDATE message SET rival = '0:1' WHERE position = 1",
    "line_law": in_state("lines,1,invoiced", "9"),
    "shipments_add_up": in_state("shipments,SH-1,lines,1", "3"),
    "invoice_once": (
        "INSERT INTO effect (business_key, destination, lane, key, type, correlation,"
        " intended_time, body) SELECT 'once more', destination, lane, key, type, correlation,"
        " intended_time, body FROM effect WHERE type = 'crossdock.invoice.requested.v1' LIMIT 1"
    ),
    "credit_once": (
        "INSERT INTO effect (business_key, destination, lane, key, type, correlation,"
        " intended_time, body) SELECT 'once more', destination, lane, key, type, correlation,"
        " intended_time, body FROM effect WHERE type = 'crossdock.credit_memo.requested.v1' LIMIT 1"
    ),
    "money_adds_up": in_state("asks,SH-1,total", "1"),
    "credited_was_charged": in_state("credit_asks,EAST/RR-1,lines,1,0", "9"),
    "balances_are_sums": f"UPDATE balance SET quantity = quantity + 1 WHERE {one('balance')}",
    "safety_is_said": "UPDATE promise SET safety = safety + 1 WHERE item = 'bolt'",
    "entries_match_movements": f"DELETE FROM financial_entry WHERE {one('financial_entry')}",
    "two_ledgers_agree": (
        f"UPDATE financial_entry SET quantity = quantity + 1 WHERE {one('financial_entry')}"
    ),
    "entries_said": f"UPDATE financial_entry SET period = 'x' WHERE {one('financial_entry')}",
    "entries_claimed_as_said": "UPDATE financial_entry SET asked = NULL WHERE mode = 'summed'",
    "postings_add_up": (
        "UPDATE document SET body = convert_to(jsonb_set(convert_from(body, 'UTF8')::jsonb,"
        " '{posting,lines,0,quantity}', '77')::text, 'UTF8')"
        f" WHERE {POSTING}"
    ),
    "postings_told": (
        "UPDATE effect SET business_key = business_key || '/1'"
        " WHERE type = 'crossdock.stock.posting_requested.v1'"
    ),
    "nothing_from_nothing": f"UPDATE balance SET quantity = quantity + 1 WHERE {one('balance')}",
    "counts_stand": (
        "INSERT INTO document (kind, id, revision, body) VALUES ('count', 'c', 1, convert_to("
        """'{"account": ["bolt", "EAST", "", "available", ""],"""
        """ "counts": [["2031-01-01T00:00:00Z", 12345, "c", "0:1"]]}', 'UTF8'))"""
    ),
    "blocked_lots_said": (
        "INSERT INTO blocked_lot (item, lot, sites, document) VALUES ('bolt', 'L', '{}', 'x')"
    ),
    "sellable_is_on_the_shelf": "UPDATE promise SET sellable = sellable + 1 WHERE item = 'nut'",
    "reserved_is_promised": f"UPDATE promise SET reserved = reserved + 1 WHERE {one('promise')}",
    "ahead_is_expected": (
        "INSERT INTO document (kind, id, revision, body) VALUES ('inbound', 'bolt', 1, convert_to("
        """'{"ahead": [{"reservation_id": "R", "line": 0, "quantity": 9}]}', 'UTF8'))"""
    ),
    "ahead_is_held": "DELETE FROM document WHERE kind = 'inbound'",
    "pooled_is_set_aside": f"UPDATE promise SET pooled = pooled + 1 WHERE {one('promise')}",
    "reserved_not_negative": (
        "ALTER TABLE promise DROP CONSTRAINT promise_reserved_not_negative;"
        " UPDATE promise SET reserved = -1"
    ),
    "shelf_below_zero": "UPDATE balance SET quantity = -5 WHERE state = 'available'",
    "promised_beyond_the_shelf": "UPDATE promise SET reserved = sellable + 1",
    "promises_resolved_once": in_state("lines,1,sites,EAST,reserved", "2", "SO-2"),
    "grants_sent": (
        "UPDATE message SET causation = '9:9' WHERE type = 'crossdock.stock.granted.v1'"
    ),
    "availability_in_order": "UPDATE availability SET version = version + 1 WHERE item = 'bolt'",
    "effects_decided": "DELETE FROM effect WHERE business_key = 'shop/shipment/SH-1'",
    "effects_named": (
        "UPDATE effect SET business_key = 'shop/shipment/other'"
        " WHERE business_key = 'shop/shipment/SH-1'"
    ),
    "ends_told": (
        "INSERT INTO effect_asker SELECT effect_id, 'crossdock', 0, 'saga', 'S'"
        f" FROM attempt WHERE {one('attempt')}"
    ),
    "instances_alive": (
        "INSERT INTO document (kind, id, revision, body) VALUES ('saga', 'parcel/K', 1, '{}')"
    ),
    "instances_listed": (
        "INSERT INTO document (kind, id, revision, body) VALUES ('saga', 'parcel/K', 1,"
        ' convert_to(\'{"key": "SO-1", "standing": "complete"}\', \'UTF8\'))'
    ),
    "requests_known": (
        "INSERT INTO effect_asker SELECT effect_id, 'crossdock', 0, 'saga', 'S'"
        f" FROM effect WHERE {one('effect')}"
    ),
    "effects_end": f"DELETE FROM due WHERE {one('due')}",
    "due_as_intended": f"UPDATE due SET key = 'another' WHERE {one('due')}",
    "heads_first": (
        "INSERT INTO due (effect_id, destination, lane, key, due_time)"
        " SELECT effect_id, destination, lane, key, intended_time FROM effect"
        " WHERE business_key = 'wms_east/release/SO-2-R1'"
    ),
    "leases_fit": "UPDATE lease SET decided = 99999 WHERE partition = 0",
    "attempts_fenced": (
        "INSERT INTO attempt SELECT effect_id, 7, 'retry', '', '', intended_time FROM effect"
        " WHERE effect_id = (SELECT min(effect_id) FROM due)"
    ),
    "superseded_by_newer": (
        "INSERT INTO attempt SELECT effect_id, 1, 'superseded', 'nobody', '', intended_time"
        " FROM effect WHERE effect_id = (SELECT min(effect_id) FROM due)"
    ),
    "attempts_whole": f"UPDATE attempt SET attempt = attempt + 7 WHERE {one('attempt')}",
    "attempts_apart": (
        "INSERT INTO attempt (effect_id, attempt, verdict, reference, problem, settled_time,"
        " begun_time) SELECT effect_id, n, 'retry', '', '', intended_time + interval '1 hour',"
        " intended_time FROM effect, generate_series(7, 8) n"
        " WHERE effect_id = (SELECT min(effect_id) FROM due)"
    ),
    "movements_said": f"UPDATE movement SET document = 'other' WHERE {one('movement')}",
    "conditions_as_said": ("UPDATE exception_mark SET settled = noted WHERE kind = 'over-shipped'"),
    "rulings_done": (
        "UPDATE attempt SET verdict = 'adopted' WHERE effect_id ="
        " (SELECT min(effect_id) FROM attempt WHERE verdict = 'accepted')"
    ),
    "notes_shown": "DELETE FROM exception WHERE kind = 'over-shipped'",
    "orders_have_messages": (
        "INSERT INTO sales_order SELECT 'nobody', status, customer, channel, ordered, shipped,"
        " invoiced, cancelled, returned, state FROM sales_order WHERE order_id = 'SO-1'"
    ),
    "waiting_lines": "UPDATE waiting SET quantity = quantity + 1 WHERE order_id = 'SO-2'",
    "waiting_unserved": "UPDATE promise SET sellable = sellable + 100 WHERE item = 'bolt'",
    "waiting_nowhere": "UPDATE waiting SET sites = '{}' WHERE order_id = 'SO-2'",
    "orders_rebuilt": "UPDATE sales_order SET state = state || ' ' WHERE order_id = 'SO-2'",
    "legal_history": (
        "UPDATE outcome SET body = convert_to((convert_from(body, 'UTF8')::jsonb"
        ' || \'{"memories": [["short_closed", ["1"], 99]]}\')::text, \'UTF8\')'
        " WHERE (partition, position) IN (SELECT partition, position FROM message"
        " WHERE type = 'crossdock.stock.granted.v1')"
    ),
    "figures_derived": "UPDATE sales_order SET shipped = shipped + 1 WHERE order_id = 'SO-2'",
    "weights_are_sums": "UPDATE weight SET grams = grams + 1 WHERE state = 'available'",
    "weight_without_goods": (
        "INSERT INTO weight (item, site, lot, state, owner, grams)"
        " VALUES ('bolt', 'EAST', '', 'quarantine', '', 5)"
    ),
    "goods_without_weight": (
        "UPDATE master SET body = convert_to(replace(convert_from(body, 'UTF8'),"
        " '\"item\"', '\"catch_weight\":true,\"item\"'), 'UTF8') WHERE id = 'cap'"
    ),
    "kits_as_said": "INSERT INTO component VALUES ('set', 'bolt', 1)",
    "documents_rebuilt": (
        "INSERT INTO document (kind, id, revision, body) VALUES ('case', 'A', 1, '{}')"
    ),
    "masters_rebuilt": "UPDATE master SET revision = revision + 1 WHERE id = 'bolt'",
}


@asynccontextmanager
async def pool_on(dsn: str) -> AsyncIterator[Pool]:
    """Connections to one database."""
    pool = await open_pool(
        dsn, options=OPTIONS, sleep=asyncio.sleep, uniform=lambda low, high: (low + high) / 2
    )
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture(scope="module")
def day(postgres_server: PostgresServer) -> Iterator[str]:
    """The name of a database after a busy day."""
    name = postgres_server.create()

    async def fill() -> None:
        store = await PostgresStore.open(
            postgres_server.dsn_of(name), partitions=PARTITIONS, now=T0, allow_unsafe=True
        )
        try:
            await live_through(store)
        finally:
            await store.close()

    run(fill())
    yield name
    postgres_server.drop(name)


@pytest.fixture
def day_url(postgres_server: PostgresServer, day: str) -> Iterator[str]:
    """The connection string of a copy of that database."""
    name = postgres_server.create(template=day)
    yield postgres_server.dsn_of(name)
    postgres_server.drop(name)


async def verified(dsn: str, statements: str = "") -> Verification:
    """Run statements behind the store's back, then verify."""
    if statements:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()
    async with pool_on(dsn) as pool:
        return await verify(pool)


def test_a_busy_day_breaks_no_promise(day_url: str) -> None:
    """What the deciders and the store wrote passes every check, and warns of nothing."""
    found = run(verified(day_url))
    assert found.findings == []
    assert found.checked == list(CHECKS)


def test_what_is_settled_before_it_is_noted_was_never_there(database_url: str) -> None:
    """Found by the simulator on PostgreSQL (seed 170): a cure, and its condition only later."""

    async def cure_and_note() -> Verification:
        store = await PostgresStore.open(database_url, partitions=1, now=T0, allow_unsafe=True)
        try:
            cure = Closing("return-not-authorised", "O1/R1", "it is authorised", {0: 1})
            await land(store, Outcome(closings=[cure]))
            await land(store, Outcome(notes=[Note(cure.kind, cure.key, "it is not")]))
        finally:
            await store.close()
        return await verified(database_url)

    broken = {finding.check.name for finding in run(cure_and_note()).broken}
    assert "conditions_as_said" not in broken


def test_every_check_has_a_planted_violation() -> None:
    """A check that nothing here breaks might as well not be there."""
    assert set(PLANTED) == {check.name for check in CHECKS}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_violation_is_found(day_url: str, name: str) -> None:
    """The check of the broken promise gives rows that name what breaks it."""
    found = run(verified(day_url, PLANTED[name]))
    check = next(check for check in CHECKS if check.name == name)
    [finding] = [one for one in found.findings if one.check == check]
    assert finding.how_many >= 1
    assert finding.rows
    assert finding in (found.warnings if check.warning else found.broken)


def test_d13_stored_bytes_that_cannot_be_read_are_a_broken_promise(day_url: str) -> None:
    """The checks that need them say so; all others are still answered."""
    of_order = (
        "(partition, position) IN (SELECT partition, position FROM message"
        " WHERE type = 'crossdock.order.placed.v1')"
    )
    broken = f"UPDATE outcome SET body = '\\xff' WHERE {one('outcome', of_order)}"
    found = run(verified(day_url, broken))
    unreadable = {finding.check.name for finding in found.broken if finding.problem}
    assert {"fate_as_said", "effects_decided", "movements_said"} <= unreadable
    assert found.checked == list(CHECKS)
    rebuilt = [f for f in found.broken if f.check.name in ("orders_rebuilt", "masters_rebuilt")]
    assert "cannot be folded" in str(rebuilt[0].rows[0]["problem"])


def test_many_rows_are_counted_and_some_shown(day_url: str) -> None:
    """Twenty rows are enough to see what is wrong."""
    found = run(verified(day_url, "UPDATE message SET raw = raw || ' '"))
    [finding] = [one for one in found.broken if one.check.name == "raw_bytes"]
    assert finding.how_many > 20
    assert len(finding.rows) == 20


def test_what_is_kept_back_is_not_there_to_be_had(day_url: str) -> None:
    """A line may wait beside stock that its channel never sells."""

    async def scene() -> tuple[int, int]:
        connection = await asyncpg.connect(day_url)
        await connection.execute(PLANTED["waiting_unserved"])
        await connection.close()
        async with pool_on(day_url) as pool:
            without = await verify(pool)
            kept = await verify(pool, {"web": 1000})
        return len(without.warnings), len(kept.warnings)

    assert run(scene()) == (1, 0)


def test_each_check_is_told_as_it_is_done(day_url: str) -> None:
    """Whoever waits for a long verification sees how far it is."""
    told: list[tuple[Check, Finding | None]] = []

    async def scene() -> None:
        async with pool_on(day_url) as pool:
            await verify(pool, listener=lambda check, finding: told.append((check, finding)))

    run(scene())
    assert told == [(check, None) for check in CHECKS]


@pytest.mark.parametrize(
    ("stored", "rebuilt", "said"),
    [
        (b'{"a": {"b": 1}}', b'{"a": {"b": 2}}', "$.a.b: stored 1, the log says 2"),
        (b'{"a": 1}', b'{"b": 1}', "$.a: stored 1, the log says None"),
        (b'{"a":1,"b":2}', b'{"b":2,"a":1}', "the same values in another order of writing"),
        (b"\xff", b"{}", "what is stored cannot be read"),
    ],
)
def test_a_difference_is_said_in_words(stored: bytes, rebuilt: bytes, said: str) -> None:
    """The first place at which two documents differ, and both values."""
    assert difference(stored, rebuilt) == said
