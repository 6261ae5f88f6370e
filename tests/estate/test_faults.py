"""Each fault does what its name says, and the truth stays countable under it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import aiohttp
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    NotThere,
    RetryLater,
    Unknown,
)
from crossdock.contracts.products import Item
from crossdock.estate.estate import Estate
from crossdock.estate.faults import Faults, Outage
from tests.estate import told
from tests.estate.fake_hub import FakeHub, config_of, estate_with_hub, fake_hub
from tests.estate.loops import run
from tests.helpers.aio import eventually

pytestmark = pytest.mark.usefixtures("each_loop")


async def under(faults: Faults, *documents: Any) -> tuple[list[Any], Estate]:
    """Tell an ERP something under faults; gives the answers and the stopped estate."""
    async with estate_with_hub(erp={"faults": faults}) as (estate, _):
        return await told.tell(estate.erp, *documents), estate


# --- on the way in -----------------------------------------------------------------------------


def test_a_lost_request_does_nothing() -> None:
    """The connection breaks, nobody knows, and asking shows that nothing happened."""
    (answer,), estate = run(under(Faults(lost_requests=1.0), told.invoice_request()))
    assert isinstance(answer, Unknown)
    assert estate.erp.effects.applied == 0


def test_a_lost_reply_did_it() -> None:
    """The connection breaks after the effect; a further try under the key learns its number."""

    async def check() -> None:
        async with estate_with_hub(erp={"faults": Faults(lost_replies=1.0)}) as (estate, _):
            asked = [told.invoice_request("S1"), told.invoice_request("S2")]
            async with told.hub_to(estate.erp) as connector:
                assert [type(a) for a in await connector.send(asked)] == [Unknown, Unknown]
                assert estate.erp.effects.applied == 2
                assert isinstance(await connector.look_up(asked[0]), AlreadyDone)
                estate.erp.set_faults(Faults())
                answers = await connector.send(asked)
            assert [type(answer) for answer in answers] == [AlreadyDone, AlreadyDone]
            assert estate.erp.invoices == {"S1": 1, "S2": 1}

    run(check())


def test_errors_do_nothing() -> None:
    """Status 500 is unknown to the hub, and here it means that nothing was done."""
    (answer,), estate = run(under(Faults(errors=1.0), told.invoice_request()))
    assert answer == Unknown("500 their failure, perhaps after they acted: out of paper")
    assert estate.erp.effects.applied == 0


def test_items_fail_by_themselves() -> None:
    """In one batch some are done and some are not, as the answers say."""
    answers, estate = run(under(Faults(item_errors=0.5), *told.many_invoices(100)))
    done = sum(isinstance(answer, Accepted) for answer in answers)
    assert 0 < done < 100
    assert {type(answer) for answer in answers} == {Accepted, Unknown}
    assert estate.erp.effects.applied == done


def test_a_busy_system_asks_to_wait() -> None:
    """Status 429 carries the wait, and nothing was done."""
    (answer,), estate = run(under(Faults(busy=1.0, retry_after_seconds=7), told.invoice_request()))
    assert answer == RetryLater(
        "429 too many requests: one after the other, please", 7.0, counts=False
    )
    assert estate.erp.effects.applied == 0


def test_latency_is_waited_for() -> None:
    """An answer takes as long as the range says."""

    async def check() -> float:
        faults = Faults(latency_seconds=(0.1, 0.15))
        async with estate_with_hub(erp={"faults": faults}) as (estate, _):
            begun = asyncio.get_running_loop().time()
            await told.tell(estate.erp, told.invoice_request())
            return asyncio.get_running_loop().time() - begun

    assert run(check()) >= 0.1


def test_during_an_outage_nobody_listens() -> None:
    """Connections are refused for real, standing ones are cut, and it ends by itself."""

    async def check() -> None:
        async with estate_with_hub() as (estate, _), told.hub_to(estate.erp) as connector:
            asked = told.invoice_request()
            assert await connector.look_up(asked) == NotThere()  # leaves a connection standing
            estate.erp.set_faults(Faults(outages=(Outage(for_seconds=0.3),)))
            await eventually(lambda: not estate.erp.is_up)
            port = estate.erp.port
            (answer,) = await connector.send([asked])
            assert answer == RetryLater("not-connected: ClientConnectorError 111", counts=False)
            await eventually(lambda: estate.erp.is_up)
            assert estate.erp.port == port
            assert isinstance((await connector.send([asked]))[0], Accepted)

    run(check())


def test_new_faults_end_an_outage() -> None:
    """Who clears the faults need not wait for the end of a long outage."""

    async def check() -> None:
        faults = Faults(outages=(Outage(for_seconds=3_600),))
        async with estate_with_hub(erp={"faults": faults}) as (estate, _):
            await eventually(lambda: not estate.erp.is_up)
            estate.erp.set_faults(Faults())
            await eventually(lambda: estate.erp.is_up)

    run(check())


def test_faults_are_set_by_http() -> None:
    """POST /faults replaces all faults while the system runs; nonsense changes nothing."""

    async def check() -> None:
        async with estate_with_hub() as (estate, _), aiohttp.ClientSession() as session:
            url = f"{estate.erp.url}/faults"
            async with session.post(url, json={"errors": 1.0}) as response:
                assert (await response.json())["errors"] == 1.0
            assert isinstance((await told.tell(estate.erp, told.invoice_request()))[0], Unknown)
            async with session.post(url, json={"errors": 2.0}) as response:
                assert response.status == 400
            async with session.get(url) as response:
                assert (await response.json())["errors"] == 1.0
            await session.post(url, json={})
            assert isinstance((await told.tell(estate.erp, told.invoice_request()))[0], Accepted)

    run(check())


def test_chance_is_the_seeds() -> None:
    """The same seed fails in the same places, another one elsewhere."""

    async def failed(seed: int) -> list[bool]:
        async with estate_with_hub(seed, erp={"faults": Faults(item_errors=0.3)}) as (estate, _):
            answers = await told.tell(estate.erp, *told.many_invoices(50))
            return [isinstance(answer, Unknown) for answer in answers]

    assert run(failed(1)) == run(failed(1))
    assert run(failed(1)) != run(failed(2))


# --- on the way out ----------------------------------------------------------------------------


async def report_items(estate: Estate, count: int, revisions: int = 1) -> None:
    """Let the ERP report items, each in some revisions."""
    for revision in range(1, revisions + 1):
        for number in range(count):
            await estate.erp.report(
                catalogue.ITEM_CHANGED, Item(item=f"item-{number}", revision=revision)
            )


def assert_all_told_once(hub: FakeHub, estate: Estate, count: int) -> None:
    """Every message is on the hub's log once, where its receipt says."""
    receipts = estate.erp.outbox.receipts
    assert len(hub.log) == len(receipts) == count
    assert {hub.positions[("erp", number)] for number in receipts} == {
        receipt.position for receipt in receipts.values()
    }
    for number, receipt in receipts.items():
        assert hub.positions[("erp", number)] == receipt.position


@pytest.mark.parametrize(
    "trick", ["lose request", "lose reply", "garbage", "half", 500, 502, 503, 429, 401, 403, 404]
)
def test_messages_are_sent_until_there_is_a_receipt(trick: Any) -> None:
    """Whatever the hub or the network does, each message ends on the log once and in order."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            hub.tricks = [trick, trick]
            await report_items(estate, 50)
            await estate.erp.drained()
            assert_all_told_once(hub, estate, 50)
            assert [event["data"]["item"] for event in hub.log] == [
                f"item-{number}" for number in range(50)
            ]
            assert estate.erp.outbox.failed_posts == 2

    run(check())


def test_one_bad_message_does_not_stop_the_others() -> None:
    """A post that the hub refuses whole is halved until the culprit stands alone."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            hub.tricks = [400, 400]
            await report_items(estate, 2)
            await estate.erp.drained()
            outbox = estate.erp.outbox
            assert [receipt.answer for receipt in outbox.receipts.values()] == [
                "refused",
                "accepted",
            ]
            assert [number for number, _ in outbox.refusals] == ["item/item-0/1"]
            assert len(hub.log) == 1

    run(check())


def test_refusals_are_kept_with_their_reason() -> None:
    """A message that the hub refuses for good is not sent again, and why is kept."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            hub.rules = {
                "item/item-1/1": {
                    "id": None,
                    "answer": "refused",
                    "problem": {"status": 422, "code": "wrong-shape", "where": "$.id"},
                },
                "item/item-2/1": {"answer": "rival", "position": "0:9"},
            }
            await report_items(estate, 4)
            await estate.erp.drained()
            outbox = estate.erp.outbox
            assert [receipt.answer for receipt in outbox.receipts.values()] == [
                "accepted",
                "refused",
                "rival",
                "accepted",
            ]
            assert outbox.receipts["item/item-1/1"].problem == "wrong-shape: $.id"
            assert outbox.summary()["answers"] == {"accepted": 2, "refused": 1, "rival": 1}

    run(check())


def test_what_the_hub_cannot_keep_now_is_sent_again() -> None:
    """A refusal for the hub's own trouble is no receipt: only that message is sent again."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            hub.rules = {
                "item/item-1/1": {"once": True, "answer": "refused", "problem": {"status": 503}}
            }
            await report_items(estate, 3)
            await estate.erp.drained()
            assert_all_told_once(hub, estate, 3)
            assert hub.duplicates == 0

    run(check())


def test_messages_survive_the_death_of_the_hub() -> None:
    """Killed and back again at the same address, the hub gets everything, once."""

    async def check() -> None:
        async with fake_hub() as (hub, door), Estate(config_of(hub.url)) as estate:
            await report_items(estate, 100)
            await eventually(lambda: len(hub.log) > 0)
            await door.shut()
            await report_items(estate, 100, revisions=2)
            await eventually(lambda: estate.erp.outbox.failed_posts > 0)
            assert len(estate.erp.outbox) > 0
            await door.open()
            await estate.quiet()
            # Revision 1 of each item was said twice under one id.
            assert len(hub.log) == len(estate.erp.outbox.receipts) == 200

    run(check())


def test_a_changed_message_under_an_old_id_is_not_lost() -> None:
    """What the hub says of a second message under a used id is kept among the refusals."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            await estate.erp.report(catalogue.ITEM_CHANGED, Item(item="a"), id="x")
            await estate.erp.drained()
            hub.rules = {"x": {"answer": "conflict", "position": "0:1"}}
            await estate.erp.report(catalogue.ITEM_CHANGED, Item(item="b"), id="x")
            await estate.erp.drained()
            assert estate.erp.outbox.receipts["x"].answer == "accepted"
            assert [said.answer for _, said in estate.erp.outbox.refusals] == ["conflict"]

    run(check())


def test_messages_go_in_batches_under_the_systems_key() -> None:
    """Many messages take few posts of at most 500, and each bears the system's own key."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            await report_items(estate, 1_200)
            await estate.erp.drained()
            assert {kind for kind, _, _ in hub.posts} == {"application/cloudevents-batch+json"}
            assert {bearer for _, bearer, _ in hub.posts} == {"Bearer key-of-erp"}
            assert max(count for _, _, count in hub.posts) == 500
            assert len(hub.posts) <= 6

    run(check())


def test_duplicates_are_sent_and_counted() -> None:
    """Some messages come twice; the log has each once, and the outbox counts them."""

    async def check() -> None:
        async with estate_with_hub(erp={"faults": Faults(duplicates=0.3)}) as (estate, hub):
            await report_items(estate, 200)
            await estate.erp.drained()
            assert_all_told_once(hub, estate, 200)
            assert 20 < hub.duplicates == estate.erp.outbox.again.total()

    run(check())


def test_forgotten_receipts_lead_to_duplicates() -> None:
    """A receipt that is lost on its way makes the same ids come again."""

    async def check() -> None:
        faults = Faults(forgotten_receipts=0.5)
        async with estate_with_hub(3, erp={"faults": faults}) as (estate, hub):
            for revision in range(1, 11):
                await estate.erp.report(
                    catalogue.ITEM_CHANGED, Item(item="bolt", revision=revision)
                )
                await estate.erp.drained()
            assert_all_told_once(hub, estate, 10)
            assert hub.duplicates == estate.erp.outbox.failed_posts > 0

    run(check())


def test_order_is_kept_unless_it_is_shuffled_on_purpose() -> None:
    """Revisions arrive as they were said; under reordering they do not, and none is missing."""

    async def told_order(faults: Faults) -> list[tuple[str, int]]:
        async with estate_with_hub(erp={"faults": faults}) as (estate, hub):
            await report_items(estate, 30, revisions=20)
            await estate.erp.drained()
            return [(event["data"]["item"], event["data"].get("revision", 1)) for event in hub.log]

    def in_order(told: list[tuple[str, int]]) -> bool:
        last: Counter[str] = Counter()
        for item, revision in told:
            if revision < last[item]:
                return False
            last[item] = revision
        return True

    straight = run(told_order(Faults()))
    shuffled = run(told_order(Faults(reordering=1.0)))
    assert in_order(straight)
    assert not in_order(shuffled)
    assert sorted(straight) == sorted(shuffled)


def test_a_reporter_waits_while_too_much_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports stop at the bound while the hub is away, and go on when it is back."""
    monkeypatch.setattr("crossdock.estate.outbox.WAITING_MAX", 10)

    async def check() -> None:
        async with fake_hub() as (hub, door), Estate(config_of(hub.url)) as estate:
            await door.shut()
            reporting = asyncio.create_task(report_items(estate, 1_000))
            await eventually(lambda: estate.erp.outbox.failed_posts > 0)
            assert len(estate.erp.outbox) <= 20
            assert not reporting.done()
            await door.open()
            await reporting
            await estate.erp.drained()
            assert_all_told_once(hub, estate, 1_000)

    run(check())
