"""SC1 through real systems while lines lose replies, repeat and reorder, and the ERP is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.aio import eventually_async, run
from tests.peers import records
from tests.peers.buying import buy
from tests.peers.conftest import Peers
from tests.peers.house import House, a_house, opened
from tests.peers.story import SETTLED_SECONDS_MAX, all_agree, settled, the_story

pytestmark = [pytest.mark.peers, pytest.mark.timeout(900)]

_AWAY_SECONDS = 15.0


def test_the_same_with_lost_replies_duplicates_and_an_erp_that_is_away(
    peers: Peers, tmp_path: Path
) -> None:
    """Every seventh reply lost, messages twice and late, Tryton stopped while orders ship."""

    async def play() -> None:
        async with a_house(peers, tmp_path) as house:
            await opened(house)
            house.lines.break_all()
            orders = [await an_order_while_the_erp_is_away(house), *await the_story(house)]
            did = house.lines.did()
            print(f"lines: {did}")
            assert did["reply lost"] > 10, did
            assert did["sent twice"] > 3, did
            await all_agree(house, orders)

    run(play())


async def an_order_while_the_erp_is_away(house: House) -> str:
    """It ships and is fulfilled in the shop; the ERP hears of all of it when it is back."""
    await house.stop_erp()
    code = await buy(house.shop.url, SKU_006=2, SKU_007=1)

    async def has_left() -> bool:
        shop = await records.of_shop(house, [code])
        return bool(shop["order", code, "all sent"])

    await eventually_async(has_left, SETTLED_SECONDS_MAX, _AWAY_SECONDS)
    await house.start_erp()
    await settled(house, code, {"SKU-006": 2, "SKU-007": 1})
    return code
