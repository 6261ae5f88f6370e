"""Signed webhooks of a REST system: what is believed, what it says, and what cannot be read."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from crossdock.connectors.kit import signatures
from crossdock.connectors.rest.client import KIND
from crossdock.connectors.rest.settings import RestSettings
from crossdock.connectors.rest.webhook import Signed, Signing
from crossdock.contracts import catalogue
from crossdock.contracts.feeds import Heard, NotBelieved, Said, Unread
from crossdock.contracts.products import Item
from crossdock.testing.builders import StillClock, at
from crossdock.testing.fakes.fake import Asked
from crossdock.testing.fakes.rest import FakeRest
from tests.unit.connectors.far import document

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "whsec_c2l4dGVlbiBieXRlcyBvciBtb3JlIG9mIGNoYW5jZQ=="
EVENT = {
    "specversion": "1.0",
    "id": "m-1",
    "source": "erp",
    "type": "crossdock.item.changed.v1",
    "time": "2026-03-02T08:59:00Z",
    "correlationid": "c-1",
    "data": {"item": "MUG", "description": "A mug"},
}
MUG = Said(
    catalogue.ITEM_CHANGED,
    "m-1",
    datetime(2026, 3, 2, 8, 59, tzinfo=UTC),
    Item(item="MUG", description="A mug"),
    "c-1",
)


def settings(webhook_header: str = "") -> RestSettings:
    """A system that signs."""
    return RestSettings(
        url="http://127.0.0.1:1", webhook_secret=SECRET, webhook_header=webhook_header
    )


def standard(body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    stamp = str(int(NOW.timestamp()))
    signed = signatures.signature(signatures.secret_bytes(SECRET), "w-1", stamp, body)
    return {"webhook-id": "w-1", "webhook-timestamp": stamp, "webhook-signature": signed}


def heard(body: Any) -> list[Said | Unread]:
    """What a signed body says."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return list(Signed(settings()).hear(standard(raw), raw, NOW).said)


def test_one_message_or_several_are_heard_in_full() -> None:
    """With id, time and correlation."""
    assert heard(EVENT) == [MUG]
    assert heard([EVENT, EVENT]) == [MUG, MUG]


@pytest.mark.parametrize("spelling", ["hex", "base64", "sha256=hex"])
def test_a_digest_in_a_header_of_theirs_is_believed(spelling: str) -> None:
    """Over the raw bytes, with the secret as it is; another body is not."""
    body = json.dumps(EVENT).encode()
    digest = hmac.digest(SECRET.encode(), body, "sha256")
    spelled = {
        "hex": digest.hex(),
        "base64": base64.b64encode(digest).decode(),
        "sha256=hex": f"sha256={digest.hex()}",
    }
    signed = Signed(settings(webhook_header="X-Erp-Signature"))
    headers = {"x-erp-signature": spelled[spelling]}
    assert signed.hear(headers, body, NOW) == Heard([MUG])
    with pytest.raises(NotBelieved, match="no signature of ours"):
        signed.hear(headers, body + b" ", NOW)


@pytest.mark.parametrize(
    ("changed", "headers"),
    [
        ({"webhook_header": "X-Erp-Signature"}, {}),
        ({"webhook_header": "X-Erp-Signature"}, standard(b"{}")),
        ({"webhook_header": "X-Erp-Signature"}, {"x-erp-signature": "ä"}),
        ({}, {}),
        ({}, {**standard(b"{}"), "webhook-signature": "v1,AAAA"}),
        ({}, {**standard(b"{}"), "webhook-timestamp": "1"}),
    ],
)
def test_what_nobody_signed_is_not_believed(
    changed: dict[str, str], headers: Mapping[str, str]
) -> None:
    """Nothing of it is kept."""
    with pytest.raises(NotBelieved):
        Signed(settings(**changed)).hear(headers, b"{}", NOW)


def test_a_system_without_a_secret_is_not_believed() -> None:
    """Not even an empty signature."""
    with pytest.raises(NotBelieved, match="webhook_secret"):
        Signed(RestSettings(url="http://127.0.0.1:1")).hear({}, b"{}", NOW)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"not json", "$"),
        (b"\xff", "$"),
        (7, "$"),
        ({**EVENT, "type": "crossdock.nothing.known.v1"}, "$.type"),
        ({**EVENT, "type": "crossdock.order.released.v1"}, "$.type"),
        ({**EVENT, "time": "yesterday"}, "$.time"),
        ({**EVENT, "data": {"sku": "MUG"}}, "$.data"),
        ({**EVENT, "data": None}, "$.data"),
    ],
)
def test_what_is_signed_and_cannot_be_read_is_kept_whole(body: Any, where: str) -> None:
    """With its place; what stands beside it is heard."""
    [unread] = heard(body)
    assert isinstance(unread, Unread)
    assert unread.where == where
    assert unread.raw
    if not isinstance(body, bytes):
        both = heard([body, EVENT])
        assert [type(one) for one in both] == [Unread, Said]


@pytest.mark.parametrize("secret", ["canary!", "whsec_c2hvcnQ="])
def test_a_secret_that_is_none_is_refused_when_it_is_read(secret: str) -> None:
    """And not shown."""
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert({"url": "http://127.0.0.1:1", "webhook_secret": secret}, RestSettings)
    assert secret not in str(refused.value)
    given = {"url": "http://127.0.0.1:1", "webhook_secret": secret, "webhook_header": "X-Sig"}
    assert msgspec.convert(given, RestSettings).webhook_secret == secret


# --- another secret, another time ---------------------------------------------------------------

NEWER = "whsec_YW5vdGhlciBzaXh0ZWVuIGJ5dGVzIG9yIG1vcmU="


def timed(body: bytes, seconds_ago: int = 0, secret: str = SECRET) -> dict[str, str]:
    """A body signed together with its time, in headers of theirs."""
    stamp = str(int(NOW.timestamp()) - seconds_ago)
    digest = hmac.digest(secret.encode(), f"{stamp}.".encode() + body, "sha256")
    return {"x-time": stamp, "x-sign": f"v0={digest.hex()}"}


def test_while_they_change_over_either_secret_is_believed() -> None:
    """And none that was never ours; when the old one is taken away, it is believed no more."""
    body = json.dumps(EVENT).encode()
    both = RestSettings(url="http://x", webhook_secret=NEWER, webhook_secret_before=SECRET)
    for secret in (SECRET, NEWER):
        headers = signatures.headers([signatures.secret_bytes(secret)], "w-1", NOW, body)
        assert Signed(both).hear(headers, body, NOW) == Heard([MUG])
    only = RestSettings(url="http://x", webhook_secret=NEWER)
    with pytest.raises(NotBelieved, match="no signature of ours"):
        Signed(only).hear(standard(body), body, NOW)


@pytest.mark.parametrize(("seconds_ago", "believed"), [(0, True), (300, True), (301, False)])
def test_what_was_recorded_cannot_be_played_later(seconds_ago: int, believed: bool) -> None:
    """The time is signed with the body, and five minutes are the window, both ways."""
    body = json.dumps(EVENT).encode()
    signed = Signed(
        RestSettings(
            url="http://x",
            webhook_secret=SECRET,
            webhook_header="X-Sign",
            webhook_time_header="X-Time",
        )
    )
    for ago in (seconds_ago, -seconds_ago):
        if believed:
            assert signed.hear(timed(body, ago), body, NOW) == Heard([MUG])
        else:
            with pytest.raises(NotBelieved, match="not of this time"):
                signed.hear(timed(body, ago), body, NOW)
    forged = {**timed(body, 400), "x-time": str(int(NOW.timestamp()))}
    with pytest.raises(NotBelieved, match="no signature of ours"):
        signed.hear(forged, body, NOW)


# --- by declaration -----------------------------------------------------------------------------

ITEM = {
    "path": "/items",
    "type": "crossdock.item.changed.v1",
    "key": ["sku"],
    "version": "rev",
    "one": "/items/{record}",
    "fields": {
        "item": {"from": "sku"},
        "description": {"from": "name"},
        "status": {"from": "state", "codes": {"A": "active"}},
    },
}
HOOKS = {
    "changed": {"when": {"event": "item.changed"}, "feed": "items", "record": "data.item"},
    "touched": {"when": {"event": "item.touched"}, "feed": "items", "number": "data.id"},
    "pings": {"when": {"event": "ping"}},
}


def declared(body: Any) -> Heard:
    """What a signed body of a declared kind says."""
    given = {"url": "http://x", "webhook_secret": SECRET, "feeds": {"items": ITEM}, "hooks": HOOKS}
    raw = json.dumps(body).encode()
    return Signed(msgspec.convert(given, RestSettings)).hear(standard(raw), raw, NOW)


def test_a_declared_webhook_means_a_record_of_its_feed() -> None:
    """Under the id that the list gives it, so that the poll says the same message."""
    record = {"sku": "MUG", "rev": 7, "name": "A mug", "state": "A"}
    heard = declared({"event": "item.changed", "data": {"item": record}})
    said = Said(catalogue.ITEM_CHANGED, "items/MUG/7", NOW, Item(item="MUG", description="A mug"))
    assert heard == Heard([said])


def test_a_declared_webhook_may_point_or_be_of_no_interest() -> None:
    """Its record is asked for by number; and a ping says nothing."""
    assert declared({"event": "item.touched", "data": {"id": 17}}) == Heard(
        pointed={"items": ["17"]}
    )
    assert declared({"event": "ping"}) == Heard()


@pytest.mark.parametrize(
    ("body", "where", "expected"),
    [
        ({"event": "item.exploded"}, "$", "a webhook that was declared"),
        ([], "$", "a webhook that was declared"),
        ({"event": "item.changed", "data": {}}, "$", "an object"),
        ({"event": "item.changed", "data": {"item": {"sku": "M"}}}, "$.name", "a value"),
        (
            {"event": "item.changed", "data": {"item": {"sku": "M", "name": "m", "state": "Q"}}},
            "$.state",
            "A",
        ),
        ({"event": "item.touched", "data": {}}, "$.data.id", "a value"),
    ],
)
def test_a_webhook_that_nobody_declared_so_is_kept_whole(
    body: Any, where: str, expected: str
) -> None:
    """With its place, what was found and what was expected; nothing of it is lost."""
    [unread] = declared(body).said
    assert isinstance(unread, Unread)
    assert unread.where == where
    assert unread.expected.startswith(expected)
    assert unread.raw


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"hooks": {"a": {"when": {"e": "x"}, "feed": "gone", "record": ""}}}, "of no feed"),
        ({"hooks": {"a": {"when": {"e": "x"}, "feed": "items"}}}, "either `record` or `number`"),
        ({"hooks": {"a": {"when": {}}}}, "length"),
        ({"webhook_time_header": "X-Time"}, "needs webhook_header"),
    ],
)
def test_hooks_that_mean_nothing_are_refused_when_they_are_read(
    changed: dict[str, Any], said: str
) -> None:
    """Not when the first webhook comes."""
    given = {"url": "http://x", "feeds": {"items": ITEM}, **changed}
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(given, RestSettings)


# --- ours ---------------------------------------------------------------------------------------


def told(*secrets: str) -> list[Asked]:
    """What a system sees of an invoice that is told twice, a minute apart, and of a batch."""

    async def scene() -> list[Asked]:
        fake, clock = FakeRest(), StillClock()
        async with fake.listening():
            names = ("signing_secret", "signing_secret_before")
            given = {**fake.settings(), **dict(zip(names, secrets, strict=False))}
            connector = KIND.reach(msgspec.convert(given, RestSettings), clock)
            try:
                for documents in ([document("a")], [document("a")], [document("b"), document("c")]):
                    await connector.send(documents)
                    clock.seconds += 60
            finally:
                await connector.close()
        return fake.asked

    return asyncio.run(scene())


def test_what_we_tell_is_signed_and_dated_anew_on_each_attempt() -> None:
    """Under one id for all attempts, over the raw bytes; who knows the secret can believe it."""
    first, again, batch = told(SECRET)
    key = signatures.secret_bytes(SECRET)
    for number, one in enumerate((first, again, batch)):
        assert signatures.check([key], one.headers, one.body, at(60 * number))
        with pytest.raises(NotBelieved):
            signatures.check([key], one.headers, one.body + b" ", at(60 * number))
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == "a"
    assert first.headers["webhook-signature"] != again.headers["webhook-signature"]
    assert batch.headers["webhook-id"].startswith("batch-")


def test_while_we_change_over_both_secrets_have_signed() -> None:
    """So they may change theirs at any moment in between."""
    for one in told(NEWER, SECRET)[:1]:
        for secret in (NEWER, SECRET):
            assert signatures.check([signatures.secret_bytes(secret)], one.headers, one.body, at(0))
        assert SECRET not in str(one)


def test_without_a_secret_nothing_is_signed() -> None:
    """No header pretends to."""
    assert not any("webhook-signature" in one.headers for one in told())


def test_nothing_goes_out_unsigned_for_want_of_a_clock() -> None:
    """A signature bears the time: secrets without a clock are refused, no secrets need none."""
    assert Signing([], None).signed({"a": "b"}, b"{}") == {"a": "b"}
    with pytest.raises(ValueError, match="needs a clock"):
        Signing([b"0" * 24], None)
