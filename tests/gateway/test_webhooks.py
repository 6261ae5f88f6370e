"""Webhooks: believed only where they are proven, kept before they are answered."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from crossdock.connectors.kit import signatures
from crossdock.contracts.feeds import Heard, NotBelieved
from crossdock.gateway.receiving import Room
from crossdock.gateway.webhooks import webhook_routes
from crossdock.log.errors import StoreUnavailable
from tests.gateway.house import NOW, TestClock, a_house
from tests.helpers.aio import run

SECRET = "whsec_" + base64.b64encode(b"a secret of sixteen bytes or more").decode()
KEY = signatures.secret_bytes(SECRET)
OTHER = b"another secret of enough bytes"
BODY = b'{"type":"order.placed","data":{"order":"7"}}'
STAMP = str(int(NOW.timestamp()))


class ShopHook:
    """A shop that points at orders."""

    def hear(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """What it points at."""
        signatures.check([KEY, OTHER], headers, body, now)
        return Heard(pointed={"orders": ["7"]})


def signed(key: bytes = KEY, body: bytes = BODY, stamp: str = STAMP) -> dict[str, str]:
    """The headers of a message as its sender makes them."""
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": signatures.signature(key, "msg_1", stamp, body),
    }


def told(
    headers: dict[str, str], body: bytes = BODY, path: str = "/v1/webhooks/shop",
    broken: Exception | None = None,
) -> tuple[int, Any, list[tuple[str, Heard]]]:  # fmt: skip
    """Post a webhook; gives status, answer, and what was kept."""
    kept: list[tuple[str, Heard]] = []

    async def keep(system: str, heard: Heard) -> None:
        if broken is not None:
            raise broken
        kept.append((system, heard))

    async def post() -> tuple[int, Any, list[tuple[str, Heard]]]:
        routes = webhook_routes({"shop": ShopHook()}, keep, TestClock(), Room())
        async with a_house(views=routes) as house:
            url = f"http://127.0.0.1:{house.port}{path}"
            async with house.client.post(url, data=body, headers=headers) as reply:
                said = await reply.json() if reply.status != 204 else None
                return reply.status, said, kept

    return run(post())


def test_a_signed_webhook_is_kept_and_then_answered() -> None:
    """204 means that what it points at is remembered; no key is asked for."""
    status, _, kept = told(signed())
    assert (status, kept) == (204, [("shop", Heard(pointed={"orders": ["7"]}))])


def test_either_secret_is_good_while_one_is_changed() -> None:
    """Several signatures may stand side by side, and several secrets be known."""
    headers = signed(OTHER)
    assert told(headers)[0] == 204
    both = signed(b"a third secret, retired already")["webhook-signature"]
    headers["webhook-signature"] = f"{both} {headers['webhook-signature']}"
    assert told(headers)[0] == 204


_OLD = str(int(NOW.timestamp()) - 301)
_AHEAD = str(int(NOW.timestamp()) + 301)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({}, BODY, id="no signature"),
        pytest.param(signed(b"not one of the secrets known"), BODY, id="wrong secret"),
        pytest.param(signed(), BODY.replace(b"7", b"8"), id="changed body"),
        pytest.param(signed(), BODY.replace(b":", b": "), id="the same, serialised anew"),
        pytest.param(signed(stamp=_OLD), BODY, id="played later"),
        pytest.param(signed(stamp=_AHEAD), BODY, id="a clock ahead"),
        pytest.param({**signed(), "webhook-timestamp": _AHEAD}, BODY, id="another time"),
        pytest.param({**signed(), "webhook-id": "msg_2"}, BODY, id="another id"),
        pytest.param({**signed(), "webhook-timestamp": "soon"}, BODY, id="no time"),
        pytest.param({**signed(), "webhook-signature": "v1,"}, BODY, id="empty signature"),
    ],
)
def test_t2_what_is_not_proven_is_refused_and_nothing_of_it_kept(
    headers: dict[str, str], body: bytes
) -> None:
    """401 with a problem that names no secret."""
    status, said, kept = told(headers, body)
    assert (status, said["code"], kept) == (401, "wrong-signature", [])


def test_a_system_without_webhooks_is_not_found() -> None:
    """An unknown name tells no more than any unknown path."""
    assert told(signed(), path="/v1/webhooks/erp")[0] == 404


def test_a_webhook_that_could_not_be_kept_is_not_acknowledged() -> None:
    """Its sender comes again: 503 while the store is away."""
    assert told(signed(), broken=StoreUnavailable())[0] == 503


def test_short_secrets_are_refused() -> None:
    """Sixteen bytes are the least, and it is base64."""
    with pytest.raises(ValueError, match="16 bytes"):
        signatures.secret_bytes("whsec_c2hvcnQ=")
    with pytest.raises(ValueError, match="base64"):
        signatures.secret_bytes("whsec_not base64")


def test_a_vector_of_the_standard_is_signed_alike() -> None:
    """The example that Standard Webhooks publishes with its reference libraries."""
    key = signatures.secret_bytes("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signatures.signature(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_not_believed_says_why() -> None:
    """A clock that is off is named, since only its owner can set it."""
    with pytest.raises(NotBelieved, match="clock"):
        signatures.check([KEY], signed(stamp=_OLD), BODY, NOW)
