"""The guide to promising stock, played through with a real hub."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import asyncpg
import pytest

from crossdock.runtime.processhub import HubProcess
from crossdock.storage.postgres.server import EmbeddedServer
from tests.docs.pages import DOCS, block, blocks
from tests.docs.test_connect import curled, is_decided, matches
from tests.helpers.aio import eventually_async, run

PAGE = DOCS / "guides" / "promise-stock.md"
KEYS = {
    name: f"a-key-of-the-{name[:4].lower()}-for-this-test-alone"
    for name in ("SHOP_INBOUND_KEY", "WMS_INBOUND_KEY", "ERP_INBOUND_KEY")
}


async def play(folder: Path) -> int:
    """Start a hub and post what the guide posts; gives how many calls that were."""
    config = folder / "crossdock.yaml"
    text = block(PAGE, "file crossdock.yaml").text
    config.write_text(text.replace("127.0.0.1:8100", "127.0.0.1:0"))
    hub = HubProcess(config, folder / "hub.log")
    ready = await hub.start()
    posted = 0
    try:
        async with EmbeddedServer(folder / ".crossdock") as server:
            connection = await asyncpg.connect(server.dsn)
            for one in blocks(PAGE):
                if one.mark.startswith("file ") and one.language == "json":
                    (folder / one.mark.removeprefix("file ")).write_text(one.text)
                elif one.mark == "curl":
                    command, expected = one.text.removeprefix("$ ").strip().split("\n")
                    found = curled(command, folder, ready.port, KEYS)
                    assert matches(expected, found), f"{command}\n{found}"
                    await eventually_async(partial(is_decided, connection))
                    posted += 1
            await connection.close()
    finally:
        assert await hub.stop() == 0
    return posted


@pytest.mark.postgres
def test_a_shop_has_stock_promised_as_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call is answered with the words of the guide."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    assert run(play(tmp_path)) == 6
