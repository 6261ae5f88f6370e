"""Keys and scopes: who gets in where, what a stranger learns, what never leaves the house."""

from __future__ import annotations

import asyncio
import logging
from hashlib import sha256

import pytest

from crossdock.gateway.asgi import Reply, Request
from crossdock.gateway.keys import Caller, Key, Keyring, Scope
from crossdock.gateway.routes import Route, Routes
from crossdock.kernel import limits
from tests.gateway.house import KEYS, Failing, a_house, assert_clean, message, order, raw
from tests.helpers.aio import run


async def look(request: Request, caller: Caller) -> Reply:
    """A view like any other."""
    return Reply(200, b'{"seen":"' + request.parameters.get("number", "").encode() + b'"}')


VIEWS = (
    Route("GET", "/v1/things/{number}", Scope.READ, look, "See a thing."),
    Route("GET", "/v1/things/{place}/of/{number}", Scope.READ, look, "See a thing somewhere."),
)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer " + KEYS["shop"][:-1],
        "Bearer " + KEYS["shop"] + "x",
        "Bearer  " + KEYS["shop"],
        "Bearer " + KEYS["shop"].upper(),
        "Bearer " + sha256(KEYS["shop"].encode()).hexdigest(),
        "Basic " + KEYS["shop"],
        KEYS["shop"],
        "Bearer " + "x" * (limits.HEADER_LENGTH_MAX + 1),
        f"Bearer {KEYS['shop']}, Bearer {KEYS['erp']}",
        "Bearer \u00e9",
    ],
)
def test_no_key_and_every_wrong_key_are_told_the_same(authorization: str | None) -> None:
    """Whatever is wrong with the key, the answer is 401 in the same words, and nothing is kept."""

    async def scenario() -> None:
        async with a_house() as house:
            headers = {} if authorization is None else {"Authorization": authorization}
            status, problem = await house.post(message(), key=None, headers=headers)
            _, plain = await house.post(message(), key=None)
            del problem["correlation_id"], plain["correlation_id"]
            del problem["instance"], plain["instance"]
            assert (status, problem["code"], problem) == (401, "wrong-key", plain)
            assert house.headers["WWW-Authenticate"] == "Bearer"
            assert house.store.log == {}

    run(scenario())


def test_every_route_asks_for_its_scope() -> None:
    """On each route of the table no key and garbage are 401, and the wrong scope is 403."""

    async def scenario() -> None:
        async with a_house(views=VIEWS) as house:
            for route in house.door.routes.all:
                path = route.path.format(number="7", place="EAST")
                url = f"http://127.0.0.1:{house.port}{path}"

                async def status(
                    key: str | None, method: str = route.method, url: str = url
                ) -> int:
                    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
                    async with house.client.request(method, url, headers=headers) as answer:
                        assert_clean(await answer.text())
                        return answer.status

                found = [await status(key) for key in (None, "garbage", KEYS["viewer"])]
                if route.scope is Scope.PUBLIC:
                    assert found == [200, 200, 200], path
                elif route.scope is Scope.READ:
                    assert found == [401, 401, 200], path
                else:
                    assert found == [401, 401, 403], path
                    assert await status(KEYS["shop"]) == 415, path

    run(scenario())


def test_a_route_without_a_scope_does_not_start() -> None:
    """A route that forgot to say what opens it, or that stands twice, is refused at start-up."""
    with pytest.raises(ValueError, match="GET /v1/open declares no scope"):
        Routes([Route("GET", "/v1/open", None, look, "")])
    with pytest.raises(ValueError, match="stands twice"):
        Routes([VIEWS[0], VIEWS[0]])


def test_parameters_of_a_path() -> None:
    """The last parameter takes any rest, for order numbers with a slash; others stop at one."""

    async def scenario() -> None:
        async with a_house(views=VIEWS) as house:
            key = KEYS["viewer"]
            assert await house.get("/v1/things/SO%2F1/2", key) == (200, {"seen": "SO/1/2"})
            assert (await house.get("/v1/things/", key))[0] == 404
            assert (await house.get("/v1/things/%7Bnumber%7D", key))[1] == {"seen": "{number}"}

    run(scenario())


def test_a_keyring_is_checked_when_it_is_made() -> None:
    """A hash that is none, and a key that two systems share, are refused before anybody calls."""
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring([Key("shop", b"plain key")])
    one = sha256(b"k").digest()
    with pytest.raises(ValueError, match="the same"):
        Keyring([Key("shop", one), Key("erp", one)])


def test_a_system_may_change_its_key() -> None:
    """While a key is changed the old and the new one both name the system."""
    ring = Keyring([Key("shop", sha256(key).digest()) for key in (b"old", b"new")])
    assert ring.caller_of(b"old") == ring.caller_of(b"new") == Caller("shop")
    assert ring.caller_of(b"") is None


def test_speaking_for_another_is_refused() -> None:
    """A right key does not make another system's message."""

    async def scenario() -> None:
        async with a_house() as house:
            status, problem = await house.post(message(), key=KEYS["erp"])
            assert (status, problem["code"], problem["where"]) == (403, "wrong-source", "$.source")
            status, problem = await house.post(message(source="erp"), key=KEYS["erp"])
            assert (status, problem["code"]) == (403, "not-yours")
            assert house.store.log == {}

    run(scenario())


def test_too_many_wrong_keys_are_told_to_wait() -> None:
    """Past the limit a wrong key gets 429 for a minute; a right one is served all the same."""

    async def scenario() -> None:
        async with a_house() as house:
            house.clock.seconds = 100
            for _ in range(limits.WRONG_KEYS_PER_MINUTE_MAX):
                assert (await house.post(b"{}", key="guess"))[0] == 401
            status, problem = await house.post(b"{}", key="guess")
            assert (status, problem["code"]) == (429, "too-many-wrong-keys")
            assert house.headers["Retry-After"] == "60"
            assert (await house.post(message()))[0] == 202
            house.clock.seconds += 60
            assert (await house.post(b"{}", key="guess"))[0] == 401

    run(scenario())


def test_secrets_stay_inside(caplog: pytest.LogCaptureFixture) -> None:
    """No key, no value under a secret's name and no store's words reach an answer or a log line."""

    async def scenario() -> None:
        async with a_house() as house:
            # `post` looks into every answer itself.
            await house.post(message())
            await house.post(message(), key="canary-wrong-key")
            await house.post(message(password="canary"), key=KEYS["erp"])
            for name in ("password", "api_key", "Authorization"):
                status, _ = await house.post(message(data=order(**{name: "canary"})))
                assert status == 422
            await house.post(message(data=order(customer="Bearer canary")))
            await house.post(message(data=order(customer="https://u:canary@erp/")))
            await house.post(b"{", headers={"Cookie": "session=canary"})
            await house.get("/v1/orders?key=canary", KEYS["shop"])
            house.store.before = Failing(RuntimeError("canary SELECT"))
            assert (await house.post(message()))[0] == 500

    caplog.set_level(logging.DEBUG)
    run(scenario())
    lines = [record.getMessage() for record in caplog.records]
    assert not [line for line in lines if "canary" in line]
    assert not [record for record in caplog.records if record.exc_info]


def test_a_defect_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """What nobody foresaw is a 500 without details and one log line with its correlation."""

    async def broken(request: Request, caller: Caller) -> Reply:
        raise LookupError("canary\nFORGED LINE")

    route = Route("GET", "/v1/broken/{number}", Scope.READ, broken, "")

    async def scenario() -> str:
        async with a_house(views=(route,)) as house:
            status, problem = await house.get("/v1/broken/a%0Ab", KEYS["viewer"])
            assert (status, problem["code"]) == (500, "internal-error")
            assert set(problem) == {
                "type", "title", "status", "code", "correlation_id", "detail", "instance", "remedy"
            }  # fmt: skip
            return str(problem["correlation_id"])

    caplog.set_level(logging.WARNING)
    correlation = run(scenario())
    [record] = caplog.records
    line = record.getMessage()
    assert line.startswith("request failed: LookupError in tests")
    assert line.endswith(f"GET /v1/broken/a\\nb, correlation {correlation}")
    assert "canary" not in line
    assert record.exc_info is None


def test_concurrent_callers_are_not_mixed_up() -> None:
    """Requests of different systems at the same time are each judged by their own key."""

    async def scenario() -> None:
        async with a_house() as house:
            body = raw(message())
            tried = [KEYS["shop"], KEYS["erp"], "wrong"] * 20
            answers = await asyncio.gather(*(house.post(body, key=key) for key in tried))
            assert [status for status, _ in answers] == [202, 403, 401] * 20

    run(scenario())
