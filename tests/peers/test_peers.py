"""The real systems start from their seeded databases and answer: other tests rely on it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import aiohttp
import pytest

from tests.helpers.aio import run
from tests.peers.conftest import Peers
from tests.peers.vendure import seed
from tests.peers.vendure.api import Api

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]


def test_the_erp_knows_the_items_it_was_seeded_with(peers: Peers, tmp_path: Path) -> None:
    """Tryton answers its REST interface with the seeded item numbers."""

    async def ask() -> set[str]:
        erp = await peers.tryton(tmp_path)
        try:
            context = base64.urlsafe_b64encode(json.dumps({"company": 1}).encode()).decode()
            headers = {"Authorization": f"Bearer {erp.key}", "X-Tryton-Context": context}
            address = f"{erp.url}/{erp.database}/rest/model/product.product?f=code"
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.get(address) as reply,
            ):
                return {one["code"] for one in await reply.json()}
        finally:
            await erp.program.stop()

    assert run(ask()) == set(seed.ITEMS)


def test_the_shop_knows_the_same_items(peers: Peers, tmp_path: Path) -> None:
    """Vendure answers its admin interface with the seeded variants, at both places."""
    query = "{productVariants{items{sku stockLevels{stockOnHand stockLocation{name}}}}}"

    async def ask() -> dict[str, dict[str, int]]:
        shop = await peers.vendure(tmp_path)
        try:
            async with Api(f"{shop.url}/admin-api") as admin:
                await admin.log_in()
                return {
                    one["sku"]: {
                        level["stockLocation"]["name"]: level["stockOnHand"]
                        for level in one["stockLevels"]
                        if level["stockLocation"]["name"] in seed.PLACES
                    }
                    for one in (await admin(query))["productVariants"]["items"]
                }
        finally:
            await shop.program.stop()

    assert run(ask()) == {number: dict.fromkeys(seed.PLACES, seed.ON_HAND) for number in seed.ITEMS}
