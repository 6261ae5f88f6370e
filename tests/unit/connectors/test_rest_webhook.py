"""Signed webhooks of a REST system: what is believed, what it says, and what cannot be read."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from crossdock.connectors.kit import signatures
from crossdock.connectors.rest.settings import RestSettings
from crossdock.connectors.rest.webhook import Signed
from crossdock.contracts import catalogue
from crossdock.contracts.feeds import Heard, NotBelieved, Said, Unread
from crossdock.contracts.products import Item

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
