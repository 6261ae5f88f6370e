"""The comparison behind the kill runs sees every way in which a log can betray a receipt."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from crossdock.estate.config import EstateConfig, ShopConfig
from crossdock.estate.estate import Estate
from crossdock.estate.outbox import Receipt
from crossdock.testing.outside.recovered import SentRecord, compare_with_log
from tests.helpers.aio import run


class Log:
    """What the comparison reads of a database."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.absorbed: list[dict[str, str]] = []

    def keep(self, place: str, named: str, raw: bytes, causation: str | None = None) -> None:
        source, _, message_id = named.partition("/")
        digest = sha256(raw).digest()
        self.messages[place] = {
            "place": place, "source": source, "id": message_id, "sha256": digest,
            "really": digest, "causation": causation,
        }  # fmt: skip

    async def fetch(self, query: str) -> list[dict[str, Any]]:
        return self.absorbed if "absorbed" in query else list(self.messages.values())


def shop_and_log() -> tuple[SentRecord, Log, dict[str, Receipt]]:
    """A shop that said a and b, of which b was the same as a to the hub; and an honest log."""
    estate = Estate(
        EstateConfig(hub="http://127.0.0.1:9", systems={"shop": ShopConfig(channel="web")})
    )
    sent = SentRecord(estate)
    outbox = estate["shop"].outbox
    outbox.put("a", b"one")
    outbox.put("b", b"two")
    outbox.receipts["a"] = Receipt("accepted", "0:1")
    outbox.receipts["b"] = Receipt("duplicate", "0:1")
    log = Log()
    log.keep("0:1", "shop/a", b"one")
    log.keep("1:1", "crossdock/0:1/1", b"own", causation="0:1")
    log.keep("1:2", "crossdock/sweep/2031-03-03/O-1", b"look again")
    log.absorbed.append({"place": "0:1", "source": "shop", "id": "b"})
    return sent, log, outbox.receipts


def test_an_honest_log_shows_nothing() -> None:
    """Accepted, absorbed and the hub's own words all have their place."""
    sent, log, _ = shop_and_log()
    assert run(compare_with_log(log, sent)) == []


def lost(log: Log, _: dict[str, Receipt]) -> None:
    log.messages.pop("0:1")
    log.messages.pop("1:1")
    log.absorbed.clear()


def other_bytes(log: Log, _: dict[str, Receipt]) -> None:
    log.keep("0:1", "shop/a", b"another")


def damaged(log: Log, _: dict[str, Receipt]) -> None:
    log.messages["0:1"]["really"] = b"damaged"


def moved(_: Log, receipts: dict[str, Receipt]) -> None:
    receipts["a"] = Receipt("accepted", "1:1")


def forgotten(log: Log, _: dict[str, Receipt]) -> None:
    log.absorbed.clear()


def invented(log: Log, _: dict[str, Receipt]) -> None:
    log.keep("0:2", "shop/c", b"three")


def uncaused(log: Log, _: dict[str, Receipt]) -> None:
    log.keep("1:1", "crossdock/9:9/1", b"own", causation="9:9")


@pytest.mark.parametrize(
    ("betray", "words"),
    [
        (lost, "where nothing stands"),
        (other_bytes, "where other bytes stand"),
        (damaged, "not those of its hash"),
        (moved, "where crossdock/0:1/1 stands"),
        (forgotten, "which does not know of it"),
        (invented, "which nobody sent"),
        (uncaused, "without a cause"),
    ],
)
def test_a_log_that_betrays_a_receipt_is_found_out(betray: Any, words: str) -> None:
    """Each way by itself."""
    sent, log, receipts = shop_and_log()
    betray(log, receipts)
    assert any(words in line for line in run(compare_with_log(log, sent)))
