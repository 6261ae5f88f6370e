"""What the door does before anything breaks: 503 for what the hub is short of, 429 for a share."""

from __future__ import annotations

import pytest

from crossdock.gateway.errors import BacklogFull, DiskLow, MemoryHigh, NotNow
from crossdock.gateway.throttle import BURST_SECONDS, Shares
from tests.gateway.house import KEYS, a_house, message, raw
from tests.helpers.aio import run


@pytest.mark.parametrize(
    ("shortage", "seconds"), [(BacklogFull(), "5"), (DiskLow(), "10"), (MemoryHigh(), "5")]
)
def test_whoever_writes_is_told_why_and_when_to_come_again(shortage: NotNow, seconds: str) -> None:
    """503 with the code and Retry-After, in each of the three formats; nothing is appended."""

    async def scenario() -> None:
        async with a_house(pressed=lambda: shortage) as house:
            for answer in (
                await house.post(message()),
                await house.batch([message()]),
                await house.lines(raw(message())),
            ):
                assert (answer[0], answer[1]["code"]) == (503, shortage.code)
                assert house.headers["Retry-After"] == seconds
            assert house.store.appends == []

    run(scenario())


def test_a_stranger_learns_nothing_of_a_shortage() -> None:
    """Who shows no key is told that, and not how the hub is."""

    async def scenario() -> None:
        async with a_house(pressed=DiskLow) as house:
            assert (await house.post(message(), key="wrong"))[0] == 401

    run(scenario())


def test_what_writes_nothing_is_answered_all_the_same() -> None:
    """Health and paths that only look are not refused for a shortage."""

    async def scenario() -> None:
        async with a_house(pressed=DiskLow) as house:
            assert (await house.get("/health/live"))[0] == 200
            assert (await house.get("/v1/nothing", KEYS["viewer"]))[0] == 404

    run(scenario())


def test_l2_a_share_is_paid_for_by_the_message() -> None:
    """A batch beyond the share is taken whole; then its sender waits, and no other does."""

    async def scenario() -> None:
        async with a_house(messages_per_second={"shop": 1}) as house:
            batch = [message(f"m-{number}") for number in range(BURST_SECONDS + 5)]
            assert (await house.batch(batch))[0] == 202
            status, problem = await house.post(message("late"))
            assert (status, problem["code"]) == (429, "too-fast")
            assert house.headers["Retry-After"] == "5"
            other = message("e-1", source="erp", kind="crossdock.party.changed.v1", data={})
            assert (await house.post(other, key=KEYS["erp"]))[0] == 422
            house.clock.seconds = 5.0
            assert (await house.post(message("late")))[0] == 202

    run(scenario())


def test_what_was_not_used_is_kept_for_a_while_only() -> None:
    """A share grows to a burst and no further, and the wait is whole seconds of the debt."""
    shares = Shares({"shop": 2, "free": 0})
    assert shares.wait_seconds("shop", 0.0) == 0
    shares.charge("shop", 2 * BURST_SECONDS)
    assert shares.wait_seconds("shop", 0.0) == 0
    shares.charge("shop", 1)
    assert shares.wait_seconds("shop", 0.0) == 1
    assert shares.wait_seconds("shop", 1_000.0) == 0
    shares.charge("shop", 2 * BURST_SECONDS + 5)
    assert shares.wait_seconds("shop", 1_000.0) == 3
    shares.charge("free", 1_000_000)
    assert shares.wait_seconds("free", 0.0) == 0
