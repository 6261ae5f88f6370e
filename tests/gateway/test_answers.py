"""What the door answers over real HTTP: three answers, batches, streams, after the commit."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections import Counter

import pytest

from crossdock.kernel import limits
from crossdock.log import errors
from tests.gateway.house import KEYS, Failing, Gate, a_house, message, order, orders, raw
from tests.helpers.aio import eventually, run


def counts(answer: dict[str, object]) -> tuple[object, object, object]:
    """Accepted, duplicates, refused."""
    return answer["accepted"], answer["duplicates"], answer["refused"]


def test_accepted_then_duplicate_at_the_same_place() -> None:
    """The same message again, now or later, gets the first one's place and is not kept twice."""

    async def scenario() -> None:
        async with a_house() as house:
            status, first = await house.post(message())
            house.clock.seconds += 10 * 86_400
            again, second = await house.post(message())
            assert (status, counts(first)) == (202, (1, 0, 0))
            assert (again, counts(second)) == (202, (0, 1, 0))
            place = first["receipts"][0]["position"]
            assert first["receipts"] == [{"id": "m-1", "answer": "accepted", "position": place}]
            assert second["receipts"] == [{"id": "m-1", "answer": "duplicate", "position": place}]
            assert len(house.store.log) == 1

    run(scenario())


def test_o2_the_same_id_with_other_content_is_a_conflict() -> None:
    """An id that comes back with other content is refused with 409; the first message stands."""

    async def scenario() -> None:
        async with a_house() as house:
            _, first = await house.post(message())
            status, problem = await house.post(message(data=order(customer="C-18")))
            assert (status, problem["code"]) == (409, "id-conflict")
            assert problem["position"] == first["receipts"][0]["position"]
            assert [m.raw for m in house.store.log.values()] == [raw(message())]

    run(scenario())


def test_o3_the_same_business_fact_under_another_id() -> None:
    """Same order, new id: the same content is a duplicate, other content is kept as a rival."""

    async def scenario() -> None:
        async with a_house() as house:
            await house.post(message("m-1"))
            status, same = await house.post(message("m-2"))
            assert (status, same["receipts"][0]["answer"]) == (202, "duplicate")
            status, other = await house.post(message("m-3", data=order(customer="C-18")))
            assert (status, other["receipts"][0]["answer"]) == (202, "rival")
            assert counts(other) == (1, 0, 0)

    run(scenario())


def test_the_same_id_of_two_systems_is_two_messages() -> None:
    """Ids are each system's own: another's id neither collides nor shows what stands there."""

    async def scenario() -> None:
        async with a_house() as house:
            await house.post(message())
            other = message(source="crm", data=order("SO-2", channel="web"))
            status, answer = await house.post(other, key=KEYS["crm"])
            assert (status, counts(answer)) == (202, (1, 0, 0))

    run(scenario())


def test_o1_o10_fifty_at_the_same_instant() -> None:
    """Of fifty parallel posts of one message one is accepted and 49 are its duplicates."""

    async def scenario() -> None:
        async with a_house() as house:
            answers = await asyncio.gather(*(house.post(message()) for _ in range(50)))
            assert {status for status, _ in answers} == {202}
            receipts = [answer["receipts"][0] for _, answer in answers]
            found = Counter(receipt["answer"] for receipt in receipts)
            assert found == {"accepted": 1, "duplicate": 49}
            assert len({receipt["position"] for receipt in receipts}) == 1
            assert len(house.store.log) == 1

    run(scenario())


def test_accepted_is_said_after_the_commit() -> None:
    """As long as the store has not committed, the caller has no answer."""

    async def scenario() -> None:
        async with a_house() as house:
            house.store.after = gate = Gate()
            caller = asyncio.create_task(house.post(message()))
            await gate.reached.wait()
            done, _ = await asyncio.wait({caller}, timeout=0.05)
            assert not done
            gate.opened.set()
            assert (await caller)[0] == 202

    run(scenario())


def test_a_batch_is_answered_message_by_message() -> None:
    """One bad message of a batch is refused by name; the others are taken, in order, with 207."""

    async def scenario() -> None:
        async with a_house() as house:
            batch = [
                *orders(2),
                message("m-9", data=order(lines=[])),
                {"id": "m-10"},
                7,
                message("m-1", data=order("SO-1", customer="C-18")),
            ]
            status, answer = await house.batch(batch)
            assert (status, counts(answer)) == (207, (2, 0, 4))
            told = [
                (r.get("id"), r["answer"], r.get("problem", {}).get("code"))
                for r in answer["receipts"]
            ]
            assert told == [
                ("m-0", "accepted", None),
                ("m-1", "accepted", None),
                ("m-9", "refused", "wrong-shape"),
                ("m-10", "refused", "missing-field"),
                (None, "refused", "wrong-shape"),
                ("m-1", "conflict", "id-conflict"),
            ]
            assert answer["receipts"][2]["problem"]["where"] == "$.data.lines"

    run(scenario())


def test_the_largest_batch_and_one_more() -> None:
    """A batch at the limit is taken whole; one message more refuses it whole."""

    async def scenario() -> None:
        async with a_house() as house:
            status, answer = await house.batch(orders(limits.BATCH_MESSAGES_MAX))
            assert (status, counts(answer)) == (202, (limits.BATCH_MESSAGES_MAX, 0, 0))
            status, problem = await house.batch(orders(limits.BATCH_MESSAGES_MAX + 1, 9_000))
            assert (status, problem["code"]) == (413, "too-many-messages")
            assert len(house.store.log) == limits.BATCH_MESSAGES_MAX

    run(scenario())


def test_an_empty_batch_is_no_mistake() -> None:
    """Nothing to bring is answered with nothing taken."""

    async def scenario() -> None:
        async with a_house() as house:
            assert await house.batch([]) == (
                202,
                {"accepted": 0, "duplicates": 0, "refused": 0, "receipts": []},
            )
            assert (await house.lines(b""))[0] == 202

    run(scenario())


def test_a_stream_of_lines() -> None:
    """A long stream is answered line by line in order, whatever its bad lines and its end."""

    async def scenario() -> None:
        async with a_house() as house:
            bodies = [raw(m) for m in orders(12_000)]
            bodies[5_000] = b'{"id":"bad","specversion":'
            bodies[7_000] = b""
            bodies[9_000] = b" " * (limits.MESSAGE_BYTES_MAX + 1)
            status, answer = await house.lines(b"\r\n".join(bodies) + b'\n{"id":"cut","da')
            assert (status, counts(answer)) == (207, (11_997, 0, 4))
            receipts = answer["receipts"]
            refused = {n: r["problem"] for n, r in enumerate(receipts) if r["answer"] == "refused"}
            assert {n: (p["code"], p.get("where")) for n, p in refused.items()} == {
                5_000: ("not-json", None),
                7_000: ("not-json", "line 7001"),
                9_000: ("too-large", "line 9001"),
                12_000: ("not-json", None),
            }
            assert [r["id"] for r in receipts if "id" in r] == [
                f"m-{n}" for n in range(12_000) if n not in refused
            ]

    run(scenario())


def test_a_stream_may_end_without_a_line_end() -> None:
    """The last line is taken whether or not a line end follows it."""

    async def scenario() -> None:
        async with a_house() as house:
            body = b"\n".join(raw(m) for m in orders(3))
            assert counts((await house.lines(body))[1]) == (3, 0, 0)
            assert counts((await house.lines(body + b"\n"))[1]) == (0, 3, 0)

    run(scenario())


def test_a_stream_of_rubbish_is_not_read_to_its_end() -> None:
    """Past the limit of refused lines the rest is not read, and the last receipt says so."""

    async def scenario() -> None:
        async with a_house() as house:
            status, answer = await house.lines(b"x\n" * 20 * limits.STREAM_REFUSED_MAX)
            assert (status, answer["accepted"]) == (207, 0)
            assert answer["receipts"][-1]["problem"]["code"] == "too-many-refused"
            assert answer["refused"] < 3 * limits.STREAM_REFUSED_MAX

    run(scenario())


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_bodies(encoding: str) -> None:
    """A body packed once is read as if it were plain, alone, in a batch and as lines."""
    pack = gzip.compress if encoding == "gzip" else zlib.compress

    async def scenario() -> None:
        async with a_house() as house:
            headers = {"Content-Encoding": encoding}
            assert (await house.post(pack(raw(message("x"))), headers=headers))[0] == 202
            status, answer = await house.post(
                pack(raw(orders(3_000, 5))),
                kind="application/cloudevents-batch+json",
                headers=headers,
            )
            assert (status, counts(answer)) == (202, (3_000, 0, 0))
            lines = pack(b"\n".join(raw(m) for m in orders(3_000, 5)))
            status, answer = await house.lines(lines, headers=headers)
            assert (status, counts(answer)) == (202, (0, 3_000, 0))

    run(scenario())


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/cloudevents+json", 202),
        ("application/json", 202),
        ("Application/JSON; charset=UTF-8", 202),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/xml", 415),
        ("", 415),
    ],
)
def test_media_types(kind: str, status: int) -> None:
    """What is not declared as one of the media types that are read is refused by name."""

    async def scenario() -> None:
        async with a_house() as house:
            found, answer = await house.post(message(), kind=kind)
            assert found == status
            if status != 202:
                assert answer["code"] == "unsupported-media-type"
                assert house.store.log == {}

    run(scenario())


def test_l1_overload_is_told_and_passes() -> None:
    """When too much waits, callers get 503 and a pause; those already taken are not harmed."""

    async def scenario() -> None:
        async with a_house(waiting_max=2) as house:
            house.store.before = gate = Gate()
            early = [asyncio.create_task(house.post(m)) for m in orders(2)]
            await eventually(lambda: house.intake.waiting == 2)
            status, problem = await house.post(message("m-9", data=order("SO-9")))
            assert (status, problem["code"]) == (503, "overloaded")
            assert house.headers["Retry-After"] == "1"
            status, problem = await house.batch(orders(3, 20))
            assert (status, problem["code"]) == (503, "overloaded")
            gate.opened.set()
            assert [status for status, _ in await asyncio.gather(*early)] == [202, 202]
            assert (await house.post(message("m-9", data=order("SO-9"))))[0] == 202

    run(scenario())


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.StoreFull, 507, "store-full"),
        (errors.StoreTimeout, 503, "store-timeout"),
        (errors.StoreRefused, 422, "store-refused"),
        (errors.StoreFault, 500, "internal-error"),
    ],
)
def test_what_the_store_says_stays_inside(
    error: type[errors.StoreError], status: int, code: str
) -> None:
    """A store's error is told by kind; its words, which may hold statements, are not."""

    async def scenario() -> None:
        async with a_house() as house:
            broken = error("INSERT INTO message", found="SELECT canary", where="canary.py")
            house.store.before = Failing(broken)
            found, problem = await house.post(message())
            assert (found, problem["code"]) == (status, code)
            assert problem["correlation_id"]
            assert (await house.post(message()))[0] == 202

    run(scenario())


def test_a_store_that_is_away_for_good() -> None:
    """After all tries single messages and batches are told 503 and when to come again."""

    async def scenario() -> None:
        async with a_house() as house:
            away = [errors.StoreUnavailable() for _ in range(2 * limits.INTAKE_TRIES_MAX)]
            house.store.before = Failing(*away)
            status, problem = await house.post(message())
            assert (status, problem["code"]) == (503, "store-unavailable")
            status, problem = await house.batch(orders(3))
            assert (status, problem["code"]) == (503, "store-unavailable")
            assert len(house.pauses) == 2 * (limits.INTAKE_TRIES_MAX - 1)
            assert house.store.log == {}

    run(scenario())


def test_a_problem_says_what_a_person_needs() -> None:
    """A refusal is a problem document with code, place, found, expected, remedy and correlation."""

    async def scenario() -> None:
        async with a_house() as house:
            line = {"line": "1", "item": "85123A", "quantity": -6}
            status, problem = await house.post(message(data=order(lines=[line])))
            assert house.headers["Content-Type"] == "application/problem+json"
            assert status == problem["status"] == 422
            assert problem == {
                "type": "urn:crossdock:problem:wrong-shape",
                "title": "A field does not hold what the contract says",
                "status": 422,
                "code": "wrong-shape",
                "correlation_id": "id-1",
                "detail": "A field does not hold what the contract says.",
                "instance": "urn:crossdock:request:id-1",
                "where": "$.data.lines[0].quantity",
                "found": "-6",
                "expected": "int >= 1",
                "remedy": "correct the message and send it again under the same id",
            }

    run(scenario())


def test_health_says_no_more_than_it_must() -> None:
    """Without a key health says one word; not ready is 503 and the codes of what is short."""

    async def scenario() -> None:
        async with a_house() as house:
            assert await house.get("/health/live") == (200, {"status": "live"})
            assert await house.get("/health/ready") == (200, {"status": "ready"})
        async with a_house(troubles=("disk-low",)) as house:
            assert await house.get("/health/live") == (200, {"status": "live"})
            assert await house.get("/health/ready") == (
                503,
                {"status": "not ready", "because": ["disk-low"]},
            )

    run(scenario())


def test_paths_and_methods_that_are_not_there() -> None:
    """An unknown path is 404, a wrong method 405 with those that are allowed."""

    async def scenario() -> None:
        async with a_house() as house:
            for path in ("/", "/v1", "/v1/messages/", "/debug", "/.env"):
                assert (await house.get(path))[1]["code"] == "not-found", path
            status, problem = await house.get("/v1/messages", KEYS["shop"])
            assert (status, problem["code"], problem["expected"]) == (405, "wrong-method", "POST")

    run(scenario())


def test_the_longest_stream_and_one_more() -> None:
    """A stream is taken up to the limit of lines; one more is refused in the last receipt."""
    line = raw(message()) + b"\n"

    async def scenario() -> None:
        async with a_house() as house:
            status, answer = await house.lines(gzip.compress(line), headers=GZIP)
            assert (status, counts(answer)) == (202, (1, 0, 0))
            status, answer = await house.lines(line * (limits.STREAM_MESSAGES_MAX + 1))
            assert (status, counts(answer)) == (207, (0, limits.STREAM_MESSAGES_MAX, 1))
            assert answer["receipts"][-1]["problem"]["code"] == "too-many-messages"

    run(scenario())


GZIP = {"Content-Encoding": "gzip"}


def test_not_ready_when_nothing_is_taken() -> None:
    """Once the intake is closed the door lives, is not ready, and says 503 to messages."""

    async def scenario() -> None:
        async with a_house() as house:
            await house.intake.close()
            assert (await house.get("/health/live"))[0] == 200
            assert (await house.get("/health/ready"))[0] == 503
            for answer in (await house.post(message()), await house.batch(orders(2))):
                assert (answer[0], answer[1]["code"]) == (503, "shutting-down")

    run(scenario())
