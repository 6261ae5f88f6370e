"""The contract of the door: three answers, gapless places, and writers that race."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from crossdock.log.errors import CommitUnknown
from crossdock.log.ports import Store
from crossdock.log.records import Answer, NewMessage, Receipt, Recorded
from crossdock.log.views import ABSORBED, RECEIVED
from crossdock.testing.builders import message
from crossdock.testing.storage.engine import ContractBase, Engine, persistent, scene

RACERS = 6


async def everything(store: Store) -> list[Recorded]:
    """All messages on the log, by partition and position."""
    heads = await store.position()
    return await store.messages(
        [(number, at) for number, (head, _) in heads.items() for at in range(1, head + 1)]
    )


def answers(receipts: list[Receipt]) -> list[tuple[Answer, int]]:
    """Answers and positions, for tests on one partition."""
    return [(receipt.answer, receipt.position) for receipt in receipts]


class IntakeContract(ContractBase):
    """What `append` promises."""

    @scene
    async def test_positions_start_at_one_and_are_gapless_per_partition(self, on: Engine) -> None:
        """Each partition counts its own messages from 1, over all batches."""
        store = await on.handle()
        first = await store.append(
            [message("a"), message("b", partition=1), message("c"), message("d", partition=1)]
        )
        second = await store.append([message("e"), message("f", partition=2)])
        places = [(receipt.partition, receipt.position) for receipt in first + second]
        assert places == [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3), (2, 1)]
        assert {receipt.answer for receipt in first + second} == {Answer.ACCEPTED}
        assert await store.position() == {0: (3, 0), 1: (2, 0), 2: (1, 0)}

    @scene
    async def test_an_empty_batch_is_answered_by_an_empty_list(self, on: Engine) -> None:
        """Nothing in, nothing out."""
        store = await on.handle()
        assert await store.append([]) == []
        assert await store.position() == {}

    @scene
    async def test_what_is_read_is_what_was_appended(self, on: Engine) -> None:
        """Every field, the raw bytes among them, comes back as it was given."""
        store = await on.handle()
        given = message("a", source="shop", key="order-7", seconds=1.25)
        given.raw = bytes(range(256))
        given.correlation = "trace-1"
        given.causation = "cause-1"
        await store.append([given])
        [found] = await store.messages([(0, 1)])
        assert found == Recorded(
            partition=0,
            position=1,
            source="shop",
            id="a",
            type=given.type,
            key="order-7",
            correlation="trace-1",
            event_time=given.event_time,
            received_time=given.received_time,
            raw=given.raw,
            rival=None,
        )
        [accepted] = await store.accepted(0, 0, 10)
        assert (accepted.position, accepted.source, accepted.id) == (1, "shop", "a")
        assert accepted.sha256 == given.sha256

    @scene
    async def test_the_same_message_again_is_a_duplicate(self, on: Engine) -> None:
        """Same source and id, same content: the earlier place again, nothing new on the log."""
        store = await on.handle()
        await store.append([message("a"), message("b")])
        assert answers(await store.append([message("b"), message("a")])) == [
            (Answer.DUPLICATE, 2),
            (Answer.DUPLICATE, 1),
        ]
        assert await store.position() == {0: (2, 0)}
        assert (await store.fates())[ABSORBED] == 2

    @scene
    async def test_the_same_id_with_other_content_is_a_conflict(self, on: Engine) -> None:
        """The earlier message stands, the place is its place, and nothing is written."""
        store = await on.handle()
        await store.append([message("a", says="five")])
        again = await store.append([message("a", says="six", business_key="free")])
        assert answers(again) == [(Answer.CONFLICT, 1)]
        assert [found.raw for found in await everything(store)] == [b"five"]
        assert (await store.fates())[ABSORBED] == 0
        taken = await store.append([message("b", business_key="free")])
        assert answers(taken) == [(Answer.ACCEPTED, 2)], "a conflict takes no business key"

    @scene
    async def test_ids_are_told_apart_by_their_source(self, on: Engine) -> None:
        """Two systems may use one id for different messages."""
        store = await on.handle()
        got = await store.append([message("a", source="erp"), message("a", source="shop")])
        assert answers(got) == [(Answer.ACCEPTED, 1), (Answer.ACCEPTED, 2)]

    @scene
    async def test_the_same_business_fact_again_is_a_duplicate(self, on: Engine) -> None:
        """A new id for a known business key with the same content is absorbed."""
        store = await on.handle()
        await store.append([message("a", business_key="order/1")])
        got = await store.append([message("b", business_key="order/1")])
        assert answers(got) == [(Answer.DUPLICATE, 1)]
        assert await store.position() == {0: (1, 0)}
        assert (await store.fates())[ABSORBED] == 1

    @scene
    async def test_a_business_key_with_other_content_is_a_rival(self, on: Engine) -> None:
        """It is kept at a place of its own and names the message that holds the key."""
        store = await on.handle()
        await store.append([message("a", business_key="order/1", partition=3)])
        got = await store.append([message("b", business_key="order/1", says="else")])
        assert got == [Receipt(Answer.RIVAL, 0, 1)]
        [found] = await store.messages([(0, 1)])
        assert (found.id, found.rival) == ("b", "3:1")
        assert (await store.fates())[ABSORBED] == 0

    @scene
    async def test_a_rival_never_holds_the_business_key(self, on: Engine) -> None:
        """Later messages are measured against the first holder, not against the rival."""
        store = await on.handle()
        await store.append([message("a", business_key="order/1")])
        await store.append([message("b", business_key="order/1", says="else")])
        got = await store.append(
            [
                message("c", business_key="order/1", says="else"),
                message("d", business_key="order/1"),
            ]
        )
        assert answers(got) == [(Answer.RIVAL, 3), (Answer.DUPLICATE, 1)]
        assert [found.rival for found in await everything(store)] == [None, "0:1", "0:1"]

    @scene
    async def test_a_rival_sent_again_is_a_duplicate_of_itself(self, on: Engine) -> None:
        """Its own source and id are known: retrying it puts nothing more on the log."""
        store = await on.handle()
        await store.append([message("a", business_key="order/1")])
        rival = message("b", business_key="order/1", says="else")
        await store.append([rival])
        assert answers(await store.append([rival])) == [(Answer.DUPLICATE, 2)]

    @scene
    async def test_messages_without_business_key_never_meet_by_content(self, on: Engine) -> None:
        """Equal content under different ids is two messages when no business key says otherwise."""
        store = await on.handle()
        got = await store.append([message("a"), message("b")])
        assert answers(got) == [(Answer.ACCEPTED, 1), (Answer.ACCEPTED, 2)]

    @scene
    async def test_a_batch_answers_as_if_its_messages_came_one_by_one(self, on: Engine) -> None:
        """Every answer is given within a batch too, measured against earlier ones of the batch."""
        batch = [
            message("a", business_key="order/1"),
            message("a", business_key="order/1"),
            message("a", business_key="order/1", says="else"),
            message("b", business_key="order/1"),
            message("c", business_key="order/1", says="else"),
            message("c", business_key="order/1", says="else"),
            message("d", business_key="order/1", says="else"),
            message("e", business_key="order/2", says="else"),
            message("e"),
        ]
        expected = [
            (Answer.ACCEPTED, 1),
            (Answer.DUPLICATE, 1),
            (Answer.CONFLICT, 1),
            (Answer.DUPLICATE, 1),
            (Answer.RIVAL, 2),
            (Answer.DUPLICATE, 2),
            (Answer.RIVAL, 3),
            (Answer.ACCEPTED, 4),
            (Answer.CONFLICT, 4),
        ]
        store = await on.handle()
        assert answers(await store.append(batch)) == expected
        assert (await store.fates())[ABSORBED] == 3
        async with self.opened() as other:
            alone = await other.handle()
            one_by_one = [(await alone.append([one]))[0] for one in batch]
            assert answers(one_by_one) == expected
            assert await everything(alone) == await everything(store)

    @scene
    async def test_d6_racing_writers_leave_no_gap_and_no_message_twice(self, on: Engine) -> None:
        """Each message is accepted once, whoever brings it, and positions stay gapless."""
        handles = [await on.handle() for _ in range(RACERS)]

        def batch(turn: int) -> list[NewMessage]:
            names = range(turn * 8, turn * 8 + 16)  # half of it is the next turn's as well
            return [message(f"m{name}", partition=name % 3) for name in names]

        async def write(store: Store) -> list[Receipt]:
            return [receipt for turn in range(5) for receipt in await store.append(batch(turn))]

        got = await asyncio.gather(*(write(store) for store in handles))
        counts = Counter(receipt.answer for receipts in got for receipt in receipts)
        assert counts == {Answer.ACCEPTED: 48, Answer.DUPLICATE: RACERS * 80 - 48}
        found = await everything(handles[0])
        assert sorted(one.id for one in found) == sorted(f"m{name}" for name in range(48))
        assert await handles[0].position() == {0: (16, 0), 1: (16, 0), 2: (16, 0)}
        assert (await handles[0].fates())[RECEIVED] == 48
        stands = {one.id: (one.partition, one.position) for one in found}
        for receipts in got:
            said = [message_ for turn in range(5) for message_ in batch(turn)]
            for one, receipt in zip(said, receipts, strict=True):
                assert stands[one.id] == (receipt.partition, receipt.position)

    @scene
    async def test_racing_writers_agree_who_holds_a_business_key(self, on: Engine) -> None:
        """One of several first claims on a key wins; the others are its rivals, wherever kept."""
        handles = [await on.handle() for _ in range(RACERS)]

        async def write(n: int) -> list[Receipt]:
            batch = [
                message(f"m{n}", business_key="po/1", says=f"{n}", partition=n),
                message(f"n{n}", business_key="po/2", says=f"{n % 2}", partition=n),
            ]
            return await persistent(lambda: handles[n].append(batch))

        got = await asyncio.gather(*(write(n) for n in range(RACERS)))
        assert Counter(first.answer for first, _ in got) == {
            Answer.ACCEPTED: 1,
            Answer.RIVAL: RACERS - 1,
        }
        assert Counter(second.answer for _, second in got) == {
            Answer.ACCEPTED: 1,
            Answer.DUPLICATE: RACERS // 2 - 1,
            Answer.RIVAL: RACERS // 2,
        }
        [holder] = [first for first, _ in got if first.answer is Answer.ACCEPTED]
        rivals = [one for one in await everything(handles[0]) if one.id.startswith("m")]
        place = f"{holder.partition}:{holder.position}"
        assert Counter(one.rival for one in rivals) == {None: 1, place: RACERS - 1}

    @scene
    async def test_d8_writers_that_name_partitions_in_opposite_order_both_finish(
        self, on: Engine
    ) -> None:
        """No order of partitions within a batch makes two writers wait for each other for ever."""
        handles = [await on.handle() for _ in range(2)]

        async def write(store: Store, partitions: list[int], who: str) -> None:
            for turn in range(15):
                await store.append(
                    [message(f"{who}-{turn}-{number}", partition=number) for number in partitions]
                )

        await asyncio.gather(
            write(handles[0], [0, 1, 2, 3], "up"), write(handles[1], [3, 2, 1, 0], "down")
        )
        assert await handles[0].position() == dict.fromkeys(range(4), (30, 0))

    @scene
    async def test_an_append_whose_answer_was_lost_can_be_repeated(self, on: Engine) -> None:
        """The same batch again answers with the same positions, as duplicates (I1, I3)."""
        deaf = await on.deaf_handle()
        batch = [message("a"), message("b", partition=1), message("c")]
        with pytest.raises(CommitUnknown):
            await deaf.append(batch)
        store = await on.handle()
        got = await store.append(batch)
        assert got == [
            Receipt(Answer.DUPLICATE, 0, 1),
            Receipt(Answer.DUPLICATE, 1, 1),
            Receipt(Answer.DUPLICATE, 0, 2),
        ]
        assert await store.position() == {0: (2, 0), 1: (1, 0)}
