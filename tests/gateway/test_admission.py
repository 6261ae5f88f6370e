"""What goes on the log, said by whom, and what of a message stands beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from crossdock.contracts.catalogue import (
    CATALOGUE,
    CONTROL_TOTALS_REPORTED,
    INVOICE_REQUESTED,
    ITEM_CHANGED,
    LABEL_BOUGHT,
    LABEL_DECLINED,
    LABEL_VOIDED,
    PROPOSAL_SETTLED,
    RATE_QUOTED,
    RESERVATION_REQUESTED,
)
from crossdock.contracts.codes import CodeTable
from crossdock.contracts.reservations import ReservationLine, ReservationRequest
from crossdock.contracts.vocabulary import ItemStatus
from crossdock.gateway import errors
from crossdock.gateway.admission import admit, admit_call
from crossdock.gateway.keys import Caller
from crossdock.gateway.problems import status_of
from crossdock.kernel.errors import BadInput
from crossdock.log.keys import business_digest, partition_of, transport_digest
from crossdock.log.records import NewMessage
from crossdock.ownership.grammar import rule_of
from crossdock.ownership.matrix import DEFAULT_RULES
from crossdock.ownership.rule import OnViolation
from crossdock.sagas.understanding import Speech
from tests.gateway.house import (
    HAPPENED,
    MATRIX,
    NOW,
    PICK_CONFIRMED,
    POLICY,
    message,
    order,
    pick,
    raw,
)
from tests.gateway.samples import SAMPLES


def said(by: str, **changed: Any) -> NewMessage:
    """Admit a message that a system brings in its own name."""
    return admit(raw(message(**{"source": by, **changed})), Caller(by), POLICY, NOW)


def test_there_is_a_sample_of_every_inbound_type() -> None:
    """The samples cover the catalogue, so that what holds for them holds for every type."""
    assert set(SAMPLES) == {row.name for row in CATALOGUE.values() if row.inbound}


@pytest.mark.parametrize("kind", SAMPLES)
def test_its_owner_may_say_it(kind: str) -> None:
    """Every sample is admitted from the system that owns it, with its key and its noun's digest."""
    source, data = SAMPLES[kind]
    admitted = said(source, kind=kind, data=data)
    assert (admitted.type, admitted.source) == (kind, source)
    assert admitted.key == data[CATALOGUE[kind].key]


# What the decider judges by whom it was asked of, and what whoever keeps books may say of them.
ANYBODYS = {
    PROPOSAL_SETTLED,
    CONTROL_TOTALS_REPORTED,
    LABEL_BOUGHT,
    LABEL_DECLINED,
    LABEL_VOIDED,
    RATE_QUOTED,
}


@pytest.mark.parametrize("kind", sorted(set(SAMPLES) - ANYBODYS))
def test_no_stranger_may_say_it(kind: str) -> None:
    """No sample is admitted from a system that the matrix does not name."""
    _, data = SAMPLES[kind]
    with pytest.raises(errors.NotYours):
        said("carrier", kind=kind, data=data)


def test_all_that_stands_beside_the_message() -> None:
    """The record holds exact bytes, hash, digests, partition, times in UTC and correlation."""
    body = raw(
        message(
            time="2026-03-02T10:00:00+02:00",
            recordedtime="2026-03-02T08:30:00Z",
            causationid="m-0",
            extension="is kept",
        )
    )
    admitted = admit(body, Caller("shop"), POLICY, NOW)
    assert admitted.raw == body
    assert admitted.sha256 == sha256(body).digest()
    assert admitted.partition == partition_of("SO-1", 16)
    assert admitted.transport_key == transport_digest("shop", "m-1")
    assert admitted.business_key == business_digest("order/SO-1")
    assert admitted.event_time == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    assert admitted.event_time.tzinfo is UTC
    assert admitted.recorded_time == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert admitted.received_time == NOW
    assert (admitted.correlation, admitted.causation) == ("SO-1", "m-0")


def test_a_correlation_id_is_kept() -> None:
    """The sender's correlation id stands before the key."""
    assert said("shop", correlationid="trace-9").correlation == "trace-9"


def test_content_is_what_it_says() -> None:
    """White space, field order and defaults that are spelt out do not change the content."""
    plain = said("shop")
    spaced = admit(raw(message()).replace(b",", b" ,\n"), Caller("shop"), POLICY, NOW)
    turned = said("shop", data=dict(reversed(order(priority=5).items())))
    other = said("shop", data=order(priority=4))
    assert plain.content == spaced.content == turned.content != other.content


@pytest.mark.parametrize(
    ("by", "changed", "error", "where"),
    [
        ("shop", {"source": "erp"}, errors.WrongSource, "$.source"),
        ("shop", {"kind": "crossdock.order.placed.v9"}, errors.UnknownMessageType, "$.type"),
        ("shop", {"kind": INVOICE_REQUESTED, "data": {}}, errors.HubOnly, "$.type"),
        ("erp", {}, errors.NotYours, "$.data.channel"),
        ("shop", {"data": order(channel="fax")}, errors.NotYours, "$.data.channel"),
        ("wms_west", {"kind": PICK_CONFIRMED, "data": pick()}, errors.NotYours, "$.data.site"),
        (
            "wms_east",
            {"kind": PICK_CONFIRMED, "data": pick(site="MOON")},
            errors.NotYours,
            "$.data.site",
        ),
        ("shop", {"time": "2026-03-03T09:00:01Z"}, errors.TimeOutOfRange, "$.time"),
        ("shop", {"time": "1989-12-31T23:59:59Z"}, errors.TimeOutOfRange, "$.time"),
        ("shop", {"time": "0001-01-01T00:00:00+23:59"}, errors.TimeOutOfRange, "$.time"),
        ("shop", {"time": "9999-12-31T23:59:59-23:59"}, errors.TimeOutOfRange, "$.time"),
        (
            "shop",
            {"recordedtime": "9999-12-31T23:59:59-23:59"},
            errors.TimeOutOfRange,
            "$.recordedtime",
        ),
    ],
)
def test_refusals_name_what_and_where(
    by: str, changed: dict[str, Any], error: type[BadInput], where: str
) -> None:
    """Each refusal is of its own kind and points at the field that caused it."""
    with pytest.raises(error) as caught:
        admit(raw(message(**{"source": by, **changed})), Caller(by), POLICY, NOW)
    assert type(caught.value) is error
    assert caught.value.where == where
    assert caught.value.remedy


def test_times_at_the_limits_are_taken() -> None:
    """The first moment of 1990 and one day ahead are still believed."""
    ahead = (NOW + timedelta(days=1)).isoformat()
    assert said("shop", time=ahead).event_time == NOW + timedelta(days=1)
    assert said("shop", time="1990-01-01T00:00:00Z").event_time.year == 1990
    assert said("shop", time=HAPPENED).event_time < NOW


def test_a_movement_needs_the_owner_of_both_ends() -> None:
    """A movement between two sites is nobody's who owns only one of them."""
    kind, (_, data) = "crossdock.stock.moved.v1", SAMPLES["crossdock.stock.moved.v1"]
    away = {**data, "target": {"state": "in_transit", "site": "WEST"}}
    with pytest.raises(errors.NotYours) as caught:
        said("wms_east", kind=kind, data=away)
    assert caught.value.where == "$.data.target.site"


def test_a_stopped_flow_takes_nothing() -> None:
    """Its types are refused by name with what stops them; all others are taken as ever."""
    why = "the flow pick has the hole ownership.pick: found nobody"
    policy = replace(POLICY, stopped={PICK_CONFIRMED: why})
    body = raw(message(source="wms_east", kind=PICK_CONFIRMED, data=pick()))
    with pytest.raises(errors.FlowNotActive) as caught:
        admit(body, Caller("wms_east"), policy, NOW)
    assert (caught.value.where, caught.value.found) == ("$.type", f"{PICK_CONFIRMED}: {why}")
    assert status_of(caught.value) == 409
    assert admit(raw(message()), Caller("shop"), policy, NOW).source == "shop"


NARROWED = """
# rule                       owner    ends     | source    type                          -> admitted
item.weight_grams            wms_east reject   | wms_east  item.changed                  -> yes
item.weight_grams            wms_east reject   | wms_west  item.changed                  -> no
item                         erp      hold     | wms_west  item.changed                  -> yes
item                         erp      propose  | wms_west  item.changed                  -> yes
order@released               erp      reject   | erp       order.change_requested        -> yes
order@released               erp      reject   | wms_east  order.change_requested        -> no
order/placed                 erp      reject   | erp       order.placed                  -> yes
order/placed                 erp      reject   | shop      order.placed                  -> no
order/placed                 erp      reject   | erp       order.cancellation_requested  -> no
order via web                crm      reject   | shop      order.placed                  -> no
order via web                crm      reject   | crm       order.placed                  -> yes
pick at EAST                 erp      reject   | wms_east  pick.confirmed                -> no
pick at EAST                 erp      reject   | erp       pick.confirmed                -> yes
pick at EAST                 erp      hold     | wms_west  pick.confirmed                -> yes
pick at WEST                 erp      reject   | wms_east  pick.confirmed                -> yes
"""


@pytest.mark.parametrize(
    "row", [row for row in NARROWED.splitlines() if row and not row.startswith("#")]
)
def test_the_door_asks_the_narrowed_matrix(row: str) -> None:
    """It refuses what no state could make right, and what must not be held or proposed."""
    ruled, _, told = row.partition("|")
    *key, owner, ends = ruled.split()
    rule = rule_of(" ".join(key))
    assert rule is not None
    rule = replace(rule, owners=(owner,), on_violation=OnViolation(ends))
    kept = tuple(shipped for shipped in DEFAULT_RULES if shipped.key != rule.key)
    policy = replace(POLICY, matrix=replace(MATRIX, rules=(*kept, rule)))
    source, event, _, expected = told.split()
    kind = f"crossdock.{event}.v1"
    body = raw(message(source=source, kind=kind, data=SAMPLES[kind][1]))
    if expected == "yes":
        assert admit(body, Caller(source), policy, NOW).type == kind
    else:
        with pytest.raises(errors.NotYours):
            admit(body, Caller(source), policy, NOW)


def test_a_desk_may_change_orders_of_any_channel() -> None:
    """What names an order and no channel is taken from whoever owns orders of some channel."""
    for kind in (
        "crossdock.order.change_requested.v1",
        "crossdock.order.cancellation_requested.v1",
        "crossdock.return.requested.v1",
    ):
        for by in ("shop", "crm"):
            assert said(by, kind=kind, data=SAMPLES[kind][1]).source == by
        with pytest.raises(errors.NotYours) as caught:
            said("wms_east", kind=kind, data=SAMPLES[kind][1])
        assert caught.value.expected == "crm or shop"


def test_a_system_with_codes_of_its_own_is_let_in_with_them() -> None:
    """A code that no table knows is held later, not refused; all else is judged at the door."""
    table = CodeTable("item.status", {"A": ItemStatus.ACTIVE})
    policy = replace(POLICY, speech={"erp": Speech(codes={table.vocabulary: table})})

    def body(item: Any, status: Any) -> bytes:
        return raw(message(source="erp", kind=ITEM_CHANGED, data={"item": item, "status": status}))

    def taken(status: Any, item: Any = "bolt") -> NewMessage:
        return admit(body(item, status), Caller("erp"), policy, NOW)

    empty = replace(
        POLICY, speech={"erp": Speech(codes={table.vocabulary: CodeTable(table.vocabulary, {})})}
    )
    assert b'"Z"' in admit(body("bolt", "Z"), Caller("erp"), empty, NOW).raw
    assert taken("A").content != taken("Z").content != taken("Y").content
    assert b'"Z"' in taken("Z").raw
    for status, item in ((["A"], "bolt"), ("Z", "")):
        with pytest.raises(BadInput):
            taken(status, item)
    with pytest.raises(BadInput):
        admit(body("bolt", "Z"), Caller("erp"), POLICY, NOW)


def test_a_call_in_the_words_of_a_channel_is_judged_as_what_it_means() -> None:
    """Its owner is asked of our channel, and the log keeps the word that was said."""
    line = ReservationLine(line="1", item="bolt", quantity=1)
    wish = ReservationRequest(reservation_id="r-1", channel="7", lines=(line,))
    with pytest.raises(errors.NotYours):
        admit_call(RESERVATION_REQUESTED, wish, Caller("shop"), POLICY, NOW)
    table = CodeTable("channel", {"7": "web"})
    policy = replace(POLICY, speech={"shop": Speech(codes={"channel": table})})
    call = admit_call(RESERVATION_REQUESTED, wish, Caller("shop"), policy, NOW)
    assert b'"channel":"7"' in call.raw
